"""Pairs of UDP sockets for RTP (even port) and RTCP (the next), open only for a call."""

import socket
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from offhook.entropy import Entropy

ATTEMPTS: Final = 64  # pairs tried before giving up
MAX_OPEN: Final = 8  # pairs waiting for a stream
RECEIVE_BUFFER: Final = 262_144  # bytes asked for: a flood must not push out the peer's packets
EXPEDITED: Final = 0xB8  # DSCP EF (RFC 3246), as the whole TOS octet


class RtpPair(NamedTuple):
    """Two bound, non-blocking sockets."""

    port: int
    rtp: socket.socket
    rtcp: socket.socket

    def close(self) -> None:
        """Close both."""
        self.rtp.close()
        self.rtcp.close()


@dataclass(slots=True)
class RtpPorts:
    """Pairs for calls.

    `choose` finds a free one (post `events.RtpPort` with its number) and leaves it unbound: a
    phone that lies still listens to nobody.  `open` binds it when it is to be offered
    (`actions.OpenPort`), `take` hands it to `Voice.obey` with `actions.StartVoice`, `close`
    answers `actions.ClosePort`.
    """

    host: str
    """Local address to bind to."""
    first: int
    last: int
    entropy: Entropy
    _waiting: dict[int, RtpPair] = field(default_factory=dict)

    def choose(self, besides: Collection[int] = ()) -> int:
        """A random pair that could be bound now, none of `besides`; its even port.

        Raises OSError when there is none.
        """
        refusal: OSError | None = None
        for port in self._candidates():
            if port in besides or port in self._waiting:
                continue
            try:
                _pair(self.host, port).close()
            except OSError as error:
                refusal = error
            else:
                return port
        raise OSError(
            f"no free pair of UDP ports from {self.first} to {self.last} on {self.host}"
        ) from refusal

    def open(self, port: int) -> None:
        """Bind the pair of this port.  Raises OSError when somebody has it, or too many wait."""
        if len(self._waiting) >= MAX_OPEN:
            raise OSError(f"{MAX_OPEN} RTP ports are waiting for a call")
        if port not in self._waiting:
            self._waiting[port] = _pair(self.host, port)

    def take(self, port: int) -> RtpPair | None:
        """The pair of this port, once; None if it was never opened or is gone."""
        return self._waiting.pop(port, None)

    def close(self, port: int) -> None:
        """The pair is not needed."""
        if (pair := self._waiting.pop(port, None)) is not None:
            pair.close()

    def close_all(self) -> None:
        """At the end, or when the address changed."""
        for port in list(self._waiting):
            self.close(port)

    def _candidates(self) -> Iterator[int]:
        low = self.first + self.first % 2
        count = max((self.last - low + 1) // 2, 0)
        start = self.entropy.below(count) if count else 0
        for step in range(min(count, ATTEMPTS)):
            yield low + 2 * ((start + step) % count)


def _pair(host: str, port: int) -> RtpPair:
    rtp = _bound(host, port)
    try:
        return RtpPair(port, rtp, _bound(host, port + 1))
    except OSError:
        rtp.close()
        raise


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, EXPEDITED)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EXPEDITED)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


SO_TIMESTAMPNS: Final = 35
"""socket(7); Python has no name for it."""
