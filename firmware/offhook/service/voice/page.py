"""One page of memory that the processes share: signs of life, without a system call."""

import mmap
import struct
from typing import Final

from offhook.units import Seconds

_BEAT: Final = struct.Struct("=d")


class SharedPage:
    """Make it before the fork.  One process writes it at a time."""

    def __init__(self, now: Seconds) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)
        self.beat(now)

    def beat(self, now: Seconds) -> None:
        """The runner went round its loop at `now`."""
        _BEAT.pack_into(self._memory, 0, now)

    def last_beat(self) -> Seconds:
        """When it last did."""
        (at,) = _BEAT.unpack_from(self._memory, 0)
        return Seconds(at)

    def close(self) -> None:
        """Unmap it."""
        self._memory.close()
