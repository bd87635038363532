"""A relay between one phone and its proxy, on loopback, that loses the first copies of messages.

    phone ⇄ relay.port … upstream socket ⇄ proxy

The phone takes the relay for its proxy: Via, Route and Record-Route name the relay where they named
the proxy, and the other way round, so that answers and requests inside a dialog come this way too.
"""

import re
import select
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

LOOPBACK: Final = "127.0.0.1"
TICK: Final = 0.2  # seconds until the thread looks whether it should end
_WAY: Final = rb"(?im)^(Via:\s*SIP/2.0/UDP |(?:Record-)?Route:\s*<sip:)127\.0\.0\.1:%d(?!\d)"
_CSEQ: Final = re.compile(rb"(?im)^CSeq:\s*\d+\s+(\w+)")

Name = tuple[str, bool]
"""A message, such as "INVITE" or "200 INVITE", and whether it goes up, from the phone."""


def name(data: bytes) -> str:
    """The method, or status and method; "" for a keep-alive."""
    first, _, _ = data.partition(b" ")
    if not data.startswith(b"SIP/2.0 "):
        return first.decode("latin-1").strip()
    method = _CSEQ.search(data)
    return f"{data[8:11].decode('latin-1')} {method[1].decode('latin-1') if method else ''}"


@dataclass(slots=True)
class Relay:
    """Runs in a thread until it is closed."""

    proxy: int
    losses: Mapping[Name, int]
    """How many copies of each to lose."""
    lost: Counter[Name] = field(default_factory=Counter)
    passed: Counter[Name] = field(default_factory=Counter)
    _down: socket.socket = field(init=False)
    _up: socket.socket = field(init=False)
    _phone: tuple[str, int] | None = None
    _ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._down = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._up = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for one in (self._down, self._up):
            one.bind((LOOPBACK, 0))

    @property
    def port(self) -> int:
        """What the phone takes for its proxy."""
        port: int = self._down.getsockname()[1]
        return port

    def run(self) -> None:
        """Relay until `close`."""
        with self._down, self._up:
            while not self._ended.is_set():
                ready, _, _ = select.select([self._down, self._up], [], [], TICK)
                for one in ready:
                    self._relay(one)

    def close(self) -> None:
        """End soon."""
        self._ended.set()

    def _relay(self, source: socket.socket) -> None:
        try:
            data, sender = source.recvfrom(65535)
        except ConnectionError:
            return  # ICMP: the other end is not there, or not any more
        up = source is self._down
        if up:
            self._phone = sender
        if self._loses((name(data), up)):
            return
        if up:
            self._up.sendto(_renamed(data, self.port, self.proxy), (LOOPBACK, self.proxy))
        elif self._phone is not None:
            self._down.sendto(_renamed(data, self.proxy, self.port), self._phone)

    def _loses(self, what: Name) -> bool:
        loses = self.lost[what] < self.losses.get(what, 0)
        (self.lost if loses else self.passed)[what] += 1
        return loses


def _renamed(data: bytes, old: int, new: int) -> bytes:
    return re.sub(_WAY % old, rb"\g<1>127.0.0.1:%d" % new, data)


@contextmanager
def relay(proxy: int, losses: Mapping[Name, int]) -> Iterator[Relay]:
    """A relay that runs."""
    one = Relay(proxy, losses)
    thread = threading.Thread(target=one.run, name="relay")
    thread.start()
    try:
        yield one
    finally:
        one.close()
        thread.join()
