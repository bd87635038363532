"""The lab exchange for a telephone in QEMU, as a program: `python -m image.exchange`.

The telephone's network is QEMU's own: it reaches this machine's loopback as 10.0.2.2, and what it
sends comes from a port of QEMU's.  So the exchange calls itself 10.0.2.2, and voice goes back where
it came from, as an exchange on the other side of a router does it (RFC 4961).
"""

import asyncio
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from image.qemu import GATEWAY
from offhook.lab.server import Receive, Server, Sockets
from offhook.lab.signals import Action, SendRtp
from offhook.service.entropy import SystemEntropy
from offhook.units import Endpoint
from support.lab_exchange import PASSWORD, USER, LabExchange
from support.process import Program

_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Behind(Sockets):
    """Sockets that are known by another address."""

    @property
    def address(self) -> Endpoint:
        """As the telephone sees it."""
        return Endpoint(GATEWAY, self.sip.getsockname()[1])


@dataclass(slots=True)
class SymmetricServer(Server):
    """Sends voice where voice came from."""

    _sources: dict[int, Endpoint] = field(default_factory=dict)

    def _rtp(self, port: int) -> Receive:
        receive = Server._rtp(self, port)

        def remember(data: bytes, source: Endpoint) -> None:
            self._sources[port] = source
            receive(data, source)

        return remember

    def _perform(self, actions: list[Action]) -> None:
        Server._perform(self, [self._redirected(action) for action in actions])

    def _redirected(self, action: Action) -> Action:
        if isinstance(action, SendRtp):
            return replace(action, to=self._sources.get(action.port, action.to))
        return action


@contextmanager
def exchange_behind() -> Iterator[LabExchange]:
    """One on a free port; killed without a word at the end."""
    paths = os.pathsep.join(str(_ROOT / name) for name in ("firmware", "tests", "deploy/image"))
    command = [sys.executable, "-u", "-m", "image.exchange"]
    with Program(command, env={**os.environ, "PYTHONPATH": paths}) as program:
        found = program.wait_for(r"exchange at \S+:(\d+)$")
        yield LabExchange(program, GATEWAY, int(found[1]))


def main() -> None:
    """Serve until killed."""
    log = logging.getLogger("offhook.lab")
    log.addHandler(logging.StreamHandler(sys.stdout))
    log.setLevel(logging.INFO)
    opened = Sockets.open("127.0.0.1", 0)
    sockets = Behind(opened.sip, opened.rtp, opened.rtcp)
    sys.stdout.write(f"exchange at {sockets.address}\n")
    asyncio.run(SymmetricServer(sockets, {USER: PASSWORD}, SystemEntropy()).run())


if __name__ == "__main__":
    main()
