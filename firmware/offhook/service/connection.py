"""The way to the exchange: our address, the SIP socket on it, the names we ask for.

kernel: link, address, route  --1 s of quiet-->  which address leads to the server?
another one, or none  -->  close the socket, open one there  -->  NetworkChanged
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from offhook.notes import Note, Severity
from offhook.phone.events import Datagram, Event, NetworkChanged, Resolved, Unreachable
from offhook.service.network import Network
from offhook.service.resolve import Resolver, is_address
from offhook.service.udp import SipSocket, open_socket
from offhook.units import Endpoint, Seconds

LOOK_AGAIN: Final = Seconds(30)
"""The address is asked for again this often: what the kernel did not tell must heal too."""
RETRY: Final = Seconds(3)
"""… and this often while there is none."""

Trace = Callable[[bool, bytes, Endpoint, Endpoint], None]
"""Sent by us (else received), the bytes, our end, the other end."""


@dataclass(slots=True)
class Connection:
    """Owned by the loop.  A chore: `deadline` and `tick` serve watcher, resolver and re-reading."""

    loop: asyncio.AbstractEventLoop
    server: tuple[str, int]
    """Where SIP goes: host (name or address) and port."""
    port: int
    """Local port; 0: random, but the same for all addresses we move to."""
    network: Network
    resolver: Resolver
    feed: Callable[[Event], None]
    """Hand an event to the station; only called from the loop, never while it performs actions."""
    take: Callable[[Event], None]
    """The same for one of many datagrams: `rearm` follows the last."""
    note: Callable[[Note, Seconds], None]
    trace: Trace | None = None
    _socket: SipSocket | None = None
    _candidates: tuple[Endpoint, ...] = ()
    _again: Seconds = Seconds(0)

    @property
    def local(self) -> Endpoint | None:
        """Where the SIP socket is bound, if there is a network."""
        return None if self._socket is None else self._socket.local

    def open(self, now: Seconds) -> None:
        """Find our address and bind the socket there, before the station starts."""
        try:
            self.network.open()
            self.loop.add_reader(self.network.fileno(), self._network_speaks)
        except OSError as error:
            fields = {"error": str(error), "instead": f"looking every {LOOK_AGAIN:.0f} s"}
            self.note(Note("network not watched", fields, Severity.WARNING), now)
        self._candidates = self._known(self.server[0])
        self._rebind(self._address(), now)

    def send(self, data: bytes, to: Endpoint) -> None:
        """Put a datagram on the wire."""
        if self._socket is None:
            self._unreachable(to)
            return
        if self.trace is not None:
            self.trace(True, data, self._socket.local, to)
        self._socket.send(data, to)

    def answered(self, host: str, addresses: tuple[str, ...]) -> None:
        """The resolver's answer, posted to the loop so that no action feeds an event."""
        self.loop.call_soon(self._resolved, host, addresses)

    def deadline(self) -> Seconds | None:
        """The earliest of watcher, resolver and the regular look."""
        own = (self._again, self.network.deadline(), self.resolver.deadline())
        return min(at for at in own if at is not None)

    def tick(self, now: Seconds) -> None:
        """Do what is due."""
        self.resolver.tick(now)
        if self.network.due(now) or now >= self._again:
            self._reconsider(now)

    def close(self) -> None:
        """Close the sockets."""
        if self.network.fileno() >= 0:
            self.loop.remove_reader(self.network.fileno())
        self.network.close()
        self._close_socket()

    def _address(self) -> str | None:
        return self.network.address(self._candidates)

    def _known(self, host: str) -> tuple[Endpoint, ...]:
        addresses = (host,) if is_address(host) else self.resolver.cache.answers.get(host, ())
        if host == "localhost":
            addresses = ("127.0.0.1",)
        return tuple(Endpoint(address, self.server[1]) for address in addresses)

    def _resolved(self, host: str, addresses: tuple[str, ...]) -> None:
        if host == self.server[0] and addresses:
            self._candidates = tuple(Endpoint(address, self.server[1]) for address in addresses)
            self._reconsider(Seconds(self.loop.time()))  # first: the way there may start elsewhere
        self.feed(Resolved(host, addresses))

    def _reconsider(self, now: Seconds) -> None:
        address = self._address()
        if address is None and not is_address(self.server[0]):
            self.resolver.resolve(self.server[0], now)
        local = self.local
        if address == (None if local is None else local.host):
            self._again = Seconds(now + (RETRY if local is None else LOOK_AGAIN))
            return
        self._rebind(address, now)
        if self.local != local:
            self.feed(NetworkChanged(self.local))

    def _rebind(self, address: str | None, now: Seconds) -> None:
        self._close_socket()
        self._again = Seconds(now + (RETRY if address is None else LOOK_AGAIN))
        if address is None:
            return
        try:
            opened = open_socket(Endpoint(address, self.port))
        except OSError as error:
            self._again = Seconds(now + RETRY)
            fields = {"address": f"{address}:{self.port}", "error": str(error)}
            self.note(Note("SIP socket not bound", fields, Severity.ERROR), now)
            return
        self._socket = SipSocket(opened, self._received, self._unreachable)
        self.port = self._socket.local.port
        self.loop.add_reader(opened.fileno(), self._socket_speaks)

    def _received(self, data: bytes, source: Endpoint) -> None:
        if self.trace is not None and self._socket is not None:
            self.trace(False, data, self._socket.local, source)
        self.take(Datagram(data, source))

    def _unreachable(self, peer: Endpoint) -> None:
        self.loop.call_soon(self.feed, Unreachable(peer))

    def _socket_speaks(self) -> None:
        if self._socket is not None:
            self._socket.readable()
        self.rearm()

    def _network_speaks(self) -> None:
        self.network.readable(Seconds(self.loop.time()))
        self.rearm()

    rearm: Callable[[], None] = field(default=lambda: None)
    """Have the loop's timer set again."""

    def _close_socket(self) -> None:
        if self._socket is not None:
            self.loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
