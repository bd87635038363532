"""The lab exchange on real sockets: one SIP port, a pool of RTP pairs, one timer."""

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, cast

from offhook.entropy import Entropy
from offhook.lab.exchange import Exchange
from offhook.lab.signals import Action, Line, SendRtp
from offhook.sip.actions import Send
from offhook.units import Endpoint, Seconds

PORT: Final = 5070
PAIRS: Final = 8  # of RTP and RTCP sockets: as many services at once
_TRIES: Final = 200  # to find an even port whose neighbour is free
_GOODBYE: Final = 0.3  # seconds for the answers to our last BYEs
_LOG: Final = logging.getLogger("offhook.lab.exchange")

Receive = Callable[[bytes, Endpoint], None]


@dataclass(frozen=True, slots=True)
class Sockets:
    """Bound before any event loop runs, so that nothing sent to the exchange is lost."""

    sip: socket.socket
    rtp: dict[int, socket.socket]
    rtcp: tuple[socket.socket, ...]
    """Listened to by nobody: they only keep ICMP errors away from telephones."""

    @classmethod
    def open(cls, host: str = "127.0.0.1", port: int = PORT) -> "Sockets":
        """Bind them all; `port` 0 is any.  Raises OSError."""
        with ExitStack() as opened:
            sip = opened.enter_context(_bound(host, port))
            pairs = [_pair(host, opened) for _ in range(PAIRS)]
            opened.pop_all()
        rtp = {one.getsockname()[1]: one for one, _ in pairs}
        return cls(sip, rtp, tuple(other for _, other in pairs))

    @property
    def address(self) -> Endpoint:
        """Of the SIP socket."""
        host, port = self.sip.getsockname()[:2]
        return Endpoint(host, port)

    def close(self) -> None:
        """Let go of all."""
        for one in (self.sip, *self.rtp.values(), *self.rtcp):
            one.close()


class _Port(asyncio.DatagramProtocol):
    """One UDP socket."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Pass it on."""
        self._receive(data, Endpoint(addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        """A telephone is not there any more: its transactions will time out."""
        _LOG.debug("network: %s", exc)


@dataclass(slots=True)
class Server:
    """Runs an `Exchange` on an event loop until it is cancelled."""

    sockets: Sockets
    passwords: Mapping[str, str]
    entropy: Entropy
    exchange: Exchange = field(init=False)
    _transports: dict[int, asyncio.DatagramTransport] = field(default_factory=dict)
    _sip: asyncio.DatagramTransport | None = None
    _timer: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        ports = tuple(self.sockets.rtp)
        address = self.sockets.address
        self.exchange = Exchange(address, self.passwords, ports, self.entropy)

    async def run(self) -> None:
        """Serve; on cancellation hang up every call first."""
        loop = asyncio.get_running_loop()
        await self._listen(loop)
        try:
            await asyncio.Event().wait()
        finally:
            self._perform(self.exchange.hang_up_all(self._now()))
            with suppress(TimeoutError):  # who does not answer our BYE is left alone
                await asyncio.wait_for(self._quiet(), _GOODBYE)
            self._close()

    async def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        for port, one in self.sockets.rtp.items():
            make = partial(_Port, self._rtp(port))
            self._transports[port], _ = await loop.create_datagram_endpoint(make, sock=one)
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Port(self._datagram), sock=self.sockets.sip
        )
        self._sip = transport
        self._arm()

    async def _quiet(self) -> None:
        while self.exchange.calls:  # noqa: ASYNC110  # a few looks, at the very end
            await asyncio.sleep(0.02)

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for transport in (self._sip, *self._transports.values()):
            if transport is not None:
                transport.close()
        self.sockets.close()

    def _now(self) -> Seconds:
        return Seconds(asyncio.get_running_loop().time())

    def _datagram(self, data: bytes, source: Endpoint) -> None:
        self._perform(self.exchange.receive(data, source, self._now()))

    def _rtp(self, port: int) -> Receive:
        def receive(data: bytes, source: Endpoint) -> None:
            del source  # answers go where the description says
            self._perform(self.exchange.receive_rtp(port, data, self._now()))

        return receive

    def _tick(self) -> None:
        self._timer = None
        self._perform(self.exchange.tick(self._now()))

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Send(data, to):
                    self._transport(None).sendto(data, to)
                case SendRtp(port, data, to):
                    self._transport(port).sendto(data, to)
                case Line(text, complaint):
                    _LOG.log(logging.WARNING if complaint else logging.INFO, "%s", text)
        self._arm()

    def _transport(self, port: int | None) -> asyncio.DatagramTransport:
        found = self._sip if port is None else self._transports[port]
        return cast("asyncio.DatagramTransport", found)  # `_listen` comes before everything

    def _arm(self) -> None:
        """Set the one timer."""
        due = self.exchange.deadline()
        if self._timer is not None:
            if due is not None and self._timer.when() == due:
                return
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer = asyncio.get_running_loop().call_at(due, self._tick)


def _bound(host: str, port: int) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    one.setblocking(False)
    try:
        one.bind((host, port))
    except OSError as error:
        one.close()
        raise OSError(f"UDP port {port} of {host}: {error.strerror}") from error
    return one


def _pair(host: str, opened: ExitStack) -> tuple[socket.socket, socket.socket]:
    """RTP on an even port, RTCP on the next (RFC 3550 §11)."""
    for _ in range(_TRIES):
        rtp = _bound(host, 0)
        port = rtp.getsockname()[1]
        if port % 2 == 0:
            with suppress(OSError):
                rtcp = _bound(host, port + 1)
                return opened.enter_context(rtp), opened.enter_context(rtcp)
        rtp.close()
    raise OSError(f"no pair of UDP ports is free on {host}")
