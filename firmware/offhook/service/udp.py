"""The SIP socket: bounded batches in, datagrams out, ICMP errors as events.

A wake-up takes at most BATCH datagrams, then everything else on the loop has its turn.  Marked CS3
(RFC 4594 names CS5; exchanges and switches in offices expect CS3).
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from offhook.units import Endpoint

BATCH: Final = 32  # datagrams taken in one wake-up
MAX_DATAGRAM: Final = 65535  # bytes
RECEIVE_BUFFER: Final = 262_144  # bytes the kernel may keep for us
DSCP: Final = 24 << 2  # CS3 in the TOS byte

_IP_RECVERR: Final = 11  # linux/in.h
_IPV6_RECVERR: Final = 25  # linux/in6.h
_IP_MTU_DISCOVER, _IP_PMTUDISC_DONT = 10, 0


@dataclass(slots=True)
class SipSocket:
    """One bound UDP socket.  `received` gets datagrams, `failed` unreachable addresses."""

    socket: socket.socket
    received: Callable[[bytes, Endpoint], None]
    failed: Callable[[Endpoint], None]
    dropped: int = 0
    """Datagrams that the kernel did not take."""
    _buffer: bytearray = field(default_factory=lambda: bytearray(MAX_DATAGRAM))

    @property
    def local(self) -> Endpoint:
        """What it is bound to."""
        host, port = self.socket.getsockname()[:2]
        return Endpoint(host, port)

    def fileno(self) -> int:
        """For the loop's selector."""
        return self.socket.fileno()

    def readable(self) -> None:
        """Take what has come: errors, then a batch of datagrams."""
        for _ in range(BATCH):
            try:
                size, source = self.socket.recvfrom_into(self._buffer)
            except BlockingIOError:
                break
            except OSError:
                continue  # the error of an earlier datagram; whose, stands in the error queue
            self.received(bytes(memoryview(self._buffer)[:size]), Endpoint(*source[:2]))
            if self.socket.fileno() < 0:
                return  # closed by what the datagram led to
        self._errors()

    def send(self, data: bytes, to: Endpoint) -> None:
        """Send or drop; an address without a route is told to `failed`."""
        try:
            self.socket.sendto(data, tuple(to))
        except BlockingIOError:
            self.dropped += 1  # as on any bad network: SIP sends again
        except (OSError, OverflowError):
            self.dropped += 1
            self.failed(to)

    def close(self) -> None:
        """Give the port back."""
        self.socket.close()

    def _errors(self) -> None:
        for _ in range(BATCH):
            try:
                *_, peer = self.socket.recvmsg(0, 0, socket.MSG_ERRQUEUE)
            except OSError:
                return  # empty
            if peer:
                self.failed(Endpoint(*peer[:2]))


def open_socket(local: Endpoint) -> socket.socket:
    """A non-blocking UDP socket, bound to `local` (port 0: a random one).  Raises `OSError`."""
    family = socket.AF_INET6 if ":" in local.host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, DSCP)
            opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        else:
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, DSCP)
            opened.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            opened.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DONT)
        opened.bind(tuple(local))
    except OSError:
        opened.close()
        raise
    return opened
