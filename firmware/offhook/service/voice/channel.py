"""Messages between the main process and the voice runner: one pickle a packet, with descriptors.

Both ends are ours and were one process before the fork, so unpickling is safe.
"""

import array
import pickle
import socket
from collections.abc import Sequence
from typing import Final

MAX_MESSAGE: Final = 65536  # bytes
MAX_DESCRIPTORS: Final = 4
_ROOM: Final = socket.CMSG_SPACE(MAX_DESCRIPTORS * array.array("i").itemsize)


class ChannelClosed(ConnectionError):  # noqa: N818  # an end, not a mistake
    """The other end is gone."""


class Channel:
    """One end; it never waits."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock

    @classmethod
    def pair(cls) -> tuple["Channel", "Channel"]:
        """Two ends."""
        kind = socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC
        one, other = socket.socketpair(socket.AF_UNIX, kind)
        return cls(one), cls(other)

    def fileno(self) -> int:
        """Readable when `receive` has something."""
        return self._sock.fileno()

    def send(self, message: object, descriptors: Sequence[int] = ()) -> bool:
        """False when the other end has no room: nothing was sent.  Raises ChannelClosed."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        try:
            self._sock.sendmsg([data], rights if descriptors else [])
        except BlockingIOError:
            return False
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ChannelClosed from error
        return True

    def receive(self) -> tuple[object, list[int]] | None:
        """The next message with its descriptors, or None.  Raises ChannelClosed."""
        try:
            data, ancillary, _, _ = self._sock.recvmsg(MAX_MESSAGE, _ROOM, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return None
        except ConnectionResetError as error:
            raise ChannelClosed from error
        if not data:
            raise ChannelClosed
        return pickle.loads(data), _descriptors(ancillary)  # noqa: S301  # our own

    def close(self) -> None:
        """Close this end."""
        self._sock.close()


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    found = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return found.tolist()
