"""One stream's sockets: bounded draining, kernel time stamps, strangers kept out by the kernel."""

import ctypes
import errno
import fcntl
import socket
import struct
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from offhook.service.voice.ports import SO_TIMESTAMPNS
from offhook.units import Endpoint, Seconds

MAX_DATAGRAM: Final = 2048  # bytes; longer ones are cut, and fail to parse
_NOTHING: Final = bytes(4)  # an int of 0, as FIONREAD tells it
MAX_DRAIN: Final = 256
"""Datagrams taken from one socket in one period of 10 ms: more than 20 000 a second."""
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


def drain(sock: socket.socket, now: Seconds) -> Iterator[Arrival]:
    """What waits on `sock`, at most `MAX_DRAIN` datagrams, with the time they came."""
    offset = time.clock_gettime(time.CLOCK_REALTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
    for _ in range(MAX_DRAIN):
        try:
            data, ancillary, _, source = sock.recvmsg(MAX_DATAGRAM, _ANCILLARY)
        except BlockingIOError:
            return
        except OSError:
            continue  # an ICMP message about what we sent; the next may be a datagram
        yield data, Endpoint(source[0], source[1]), _arrived(ancillary, offset, now)
        if fcntl.ioctl(sock, termios.FIONREAD, _NOTHING) == _NOTHING:
            return  # cheaper to ask than to be refused, once for every packet of a call


def _arrived(ancillary: list[tuple[int, int, bytes]], offset: float, now: Seconds) -> Seconds:
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS) and len(data) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            at = seconds + nanoseconds / 1e9 - offset
            return Seconds(at) if 0 <= now - at <= MAX_AGE else now
    return now


def _disconnect(sock: socket.socket) -> None:
    """connect(2) to AF_UNSPEC, which Python cannot say.  The local port stays."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.connect(sock.fileno(), _UNSPECIFIED, len(_UNSPECIFIED)) != 0:
        raise OSError(ctypes.get_errno(), "disconnect")
