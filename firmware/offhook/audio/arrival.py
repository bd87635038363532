"""How long packets take, and from that how long to wait for them.

Transit is arrival minus timestamp, in samples: it has an unknown constant in it (two clocks), so
only differences mean anything.  The *offset* is what playout works to: the sample with timestamp
t belongs at the ear at time t + offset.
"""

from bisect import bisect_left, insort
from collections import deque
from typing import Final

from offhook.audio.pcm import RATE
from offhook.units import RtpTicks, Samples, Seconds

WINDOW: Final = Seconds(10.0)
"""How much of the past counts."""
MOST_PACKETS: Final = 1000
"""In the window; 10 s of 10 ms packets."""
QUANTILE: Final = 0.99
"""Of the packets in the window that the offset must suit."""
MARGIN: Final = Samples(16)
"""2 ms over the quantile: the period in which a packet is taken is not sharp."""
START: Final = Samples(160)
"""20 ms over the floor at first, while nothing is known of the network."""
MOST: Final = Samples(2400)
"""300 ms: the longest wait over the fastest packet."""
FALL: Final = 160.0
"""Samples a second the offset may shrink: 20 ms/s."""


class Arrivals:
    """Order statistics of transit over a sliding window (Liang, Färber, Girod 2003)."""

    def __init__(self) -> None:
        self._window: deque[tuple[Seconds, float]] = deque()
        self._sorted: list[float] = []
        self._last = Seconds(0.0)
        self.offset = 0.0
        """Grows at once when a packet needs it, shrinks slowly; never over `MOST`."""

    @property
    def fastest(self) -> float:
        """The smallest transit in the window."""
        return self._sorted[0]

    def apart(self, transit: float) -> float:
        """How far from the fastest this one is, either way; 0 while nothing is known."""
        return abs(transit - self._sorted[0]) if self._sorted else 0.0

    def forget(self) -> None:
        """A new source: nothing is known."""
        self._window.clear()
        self._sorted.clear()

    def note(self, transit: float, at: Seconds, floor: float) -> None:
        """A packet arrived; the offset is never less than `floor` over the fastest."""
        if not self._sorted:
            self.offset = transit + floor + START
            self._last = at
        self._remember(transit, at)
        rank = int(QUANTILE * (len(self._sorted) - 1))
        fastest = self._sorted[0]
        needed = max(self._sorted[rank] + MARGIN, fastest + floor, transit)
        lowest = self.offset - FALL * max(0.0, at - self._last)
        self.offset = min(max(needed, lowest), fastest + MOST)
        self._last = at

    def _remember(self, transit: float, at: Seconds) -> None:
        self._window.append((at, transit))
        insort(self._sorted, transit)
        while at - self._window[0][0] > WINDOW or len(self._window) > MOST_PACKETS:
            _, old = self._window.popleft()
            del self._sorted[bisect_left(self._sorted, old)]


def transit(timestamp: RtpTicks, arrival: Seconds) -> float:
    """In samples: late is large."""
    return arrival * RATE - timestamp
