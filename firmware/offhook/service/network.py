"""Which of our addresses the server is reached from, and when that changes (rtnetlink(7))."""

import contextlib
import socket
from dataclasses import dataclass, field
from typing import Final

from offhook.service.links import GET_ADDRESS, GET_LINK, Links, Settling, dump_request, is_done
from offhook.units import Endpoint, Seconds

SOMEWHERE: Final = (Endpoint("192.0.2.1", 9), Endpoint("2001:db8::1", 9))
"""Documentation addresses (RFC 5737, RFC 3849): the way out while no server is known."""
MAX_DATAGRAM: Final = 65536  # bytes
BATCH: Final = 32  # datagrams taken in one wake-up
START_TIME: Final = 1.0  # seconds that the first dump may take

_GROUPS: Final = (
    0x1 | 0x10 | 0x40 | 0x100 | 0x400
)  # link, IPv4 address and route, IPv6 address and route


def address_towards(server: Endpoint) -> str | None:
    """Our address for datagrams to `server` (no name), None without a route.  Sends nothing."""
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as probe:
            probe.connect((server.host, server.port or 9))
            return str(probe.getsockname()[0])
    except OSError:
        return None


@dataclass(slots=True)
class Network:
    """The watcher.  `candidates` are the places that must be reached, best first."""

    fixed: str = ""
    """An address from the settings instead of the one that the routes choose."""
    links: Links = field(default_factory=Links)
    _settling: Settling = field(default_factory=Settling)
    _socket: socket.socket | None = None

    def open(self) -> None:
        """Listen to the kernel and learn what there is.  Raises `OSError`."""
        opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        try:
            opened.bind((0, _GROUPS))
            opened.settimeout(START_TIME)
            for kind in (GET_LINK, GET_ADDRESS):
                opened.send(dump_request(kind))
                self._take_dump(opened)
            opened.setblocking(False)
        except OSError:
            opened.close()
            raise
        self._socket = opened

    def fileno(self) -> int:
        """For the loop's selector; -1 when not open."""
        return -1 if self._socket is None else self._socket.fileno()

    def readable(self, now: Seconds) -> None:
        """Take what the kernel tells."""
        for _ in range(BATCH):
            try:
                changed = self._socket is not None and self.links.feed(
                    self._socket.recv(MAX_DATAGRAM)
                )
            except BlockingIOError:
                return
            except OSError:
                changed = True  # ENOBUFS: we missed something
            if changed:
                self._settling.changed(now)

    def deadline(self) -> Seconds | None:
        """When `due` is to be asked."""
        return self._settling.deadline()

    def due(self, now: Seconds) -> bool:
        """Whether the network has just settled after a change."""
        return self._settling.due(now)

    def address(self, candidates: tuple[Endpoint, ...]) -> str | None:
        """Our address now, or None while there is no network."""
        if self.fixed:
            return self.fixed if self.links.usable(self.fixed) else None
        return next(filter(None, map(self._usable_towards, candidates or SOMEWHERE)), None)

    def close(self) -> None:
        """Stop listening."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _usable_towards(self, server: Endpoint) -> str | None:
        address = address_towards(server)
        return address if address and self.links.usable(address) else None

    def _take_dump(self, opened: socket.socket) -> None:
        with contextlib.suppress(TimeoutError):
            while not is_done(data := opened.recv(MAX_DATAGRAM)):
                self.links.feed(data)
