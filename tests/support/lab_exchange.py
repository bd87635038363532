"""The lab exchange alone, as a program: an exchange that can be killed, moved and started anew.

with lab_exchange(port) as exchange:
    exchange.program.wait_for("1001 at .* registers: 200")
"""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from offhook.lab.server import Server, Sockets
from offhook.service.entropy import SystemEntropy
from support.handset import Registrar
from support.process import Program

USER: Final = "1001"
PASSWORD: Final = "f1rst-5ecret-of-all"  # noqa: S105  # of no account
_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class LabExchange:
    """One that runs."""

    program: Program
    host: str
    port: int

    def registrar(self, domain: str = "", settings: str = "") -> Registrar:
        """For a handset of ours."""
        return Registrar(self.port, USER, PASSWORD, domain or self.host, settings)


@contextmanager
def lab_exchange(
    port: int = 0, host: str = "127.0.0.1", wrapper: Sequence[str] = ()
) -> Iterator[LabExchange]:
    """A registrar and the numbers 600 to 608; killed without a word at the end.

    `wrapper` are the words in front of the command, such as ``ip netns exec NAME``.
    """
    command = [sys.executable, "-u", "-m", "support.lab_exchange", host, str(port)]
    paths = os.pathsep.join(str(_ROOT / name) for name in ("firmware", "tests"))
    environment = {**os.environ, "PYTHONPATH": paths}
    with Program([*wrapper, *command], env=environment) as program:
        found = program.wait_for(r"exchange at \S+:(\d+)$")
        yield LabExchange(program, host, int(found[1]))


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    chosen = parser.parse_args()
    log = logging.getLogger("offhook.lab")
    log.addHandler(logging.StreamHandler(sys.stdout))
    log.setLevel(logging.INFO)
    sockets = Sockets.open(chosen.host, chosen.port)
    sys.stdout.write(f"exchange at {sockets.address}\n")
    asyncio.run(Server(sockets, {USER: PASSWORD}, SystemEntropy()).run())


if __name__ == "__main__":
    main()
