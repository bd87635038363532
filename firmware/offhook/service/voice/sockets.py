"""One stream's sockets: bounded draining, kernel time stamps, strangers kept out by the kernel."""

import ctypes
import errno
import socket
import struct
import time
from dataclasses import dataclass
from typing import Final

from offhook.service.voice.ports import SO_TIMESTAMPNS
from offhook.units import Endpoint, Seconds

MAX_DATAGRAM: Final = 2048  # bytes; longer ones are cut, and fail to parse
MAX_DRAIN: Final = 256
"""Datagrams taken from one socket in one period of 20 ms: more than 10 000 a second."""
MAX_AGE: Final = Seconds(1)
"""Of a datagram: an older stamp means that the wall clock was set meanwhile."""
_ANCILLARY: Final = socket.CMSG_SPACE(16)
_TIMESPEC: Final = struct.Struct("@qq")
_NO_WAY: Final = {errno.EINVAL, errno.EADDRNOTAVAIL, errno.ENETUNREACH, errno.ENETDOWN}
"""What `send` hears when our address has changed: connect(2) bound the socket to the old one."""
_UNSPECIFIED: Final = bytes(16)  # a sockaddr of family AF_UNSPEC

Arrival = tuple[bytes, Endpoint, Seconds]


@dataclass(slots=True)
class StreamSockets:
    """Owned by the voice loop."""

    rtp: socket.socket
    rtcp: socket.socket
    locked: Endpoint | None = None
    """The only source that the kernel lets through to `rtp`."""
    unsent: int = 0
    """Datagrams that the network did not take."""

    def send(self, data: bytes, to: Endpoint, *, rtcp: bool) -> None:
        """Never waits, never raises: a lost packet is nothing special in RTP."""
        try:
            if to == self.locked and not rtcp:
                self.rtp.send(data)  # connected: the kernel need not look for the way again
            else:
                (self.rtcp if rtcp else self.rtp).sendto(data, to)
        except (OSError, OverflowError) as error:  # no route, ICMP, queue full; a bad port
            self.unsent += 1
            if getattr(error, "errno", None) in _NO_WAY:
                self.lock(None)

    def lock(self, source: Endpoint | None) -> None:
        """From now on only datagrams from `source`; None: from everybody."""
        if source == self.locked:
            return
        try:
            if source is not None:
                self.rtp.connect(source)
            elif self.locked is not None:
                _disconnect(self.rtp)
        except OSError:
            return  # it goes without: the stream's own source lock decides
        self.locked = source

    def close(self) -> None:
        """Close both."""
        self.rtp.close()
        self.rtcp.close()


def drain(sock: socket.socket, now: Seconds, most: int = MAX_DRAIN) -> list[Arrival]:
    """What waits on `sock`, at most so many datagrams, with the time they came."""
    offset = time.clock_gettime(time.CLOCK_REALTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
    found: list[Arrival] = []
    for _ in range(most):
        try:
            data, ancillary, _, source = sock.recvmsg(MAX_DATAGRAM, _ANCILLARY)
        except BlockingIOError:
            break
        except OSError:
            continue  # an ICMP message about what we sent; the next may be a datagram
        found.append((data, Endpoint(source[0], source[1]), _arrived(ancillary, offset, now)))
    return found


def _arrived(ancillary: list[tuple[int, int, bytes]], offset: float, now: Seconds) -> Seconds:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(data) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            at = seconds + nanoseconds / 1e9 - offset
            return Seconds(at) if 0 <= now - at <= MAX_AGE else now
    return now


def _disconnect(sock: socket.socket) -> None:
    """connect(2) to AF_UNSPEC, which Python cannot say.  The local port stays."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.connect(sock.fileno(), _UNSPECIFIED, len(_UNSPECIFIED)) != 0:
        raise OSError(ctypes.get_errno(), "disconnect")
