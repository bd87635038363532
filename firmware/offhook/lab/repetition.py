"""A 2xx of ours to an INVITE, repeated until its ACK comes (RFC 3261 §13.3.1.4).

0     0.5    1.5     3.5        7.5         11.5   …   31.5  32
200   200    200     200        200         200         200  give up
"""

from dataclasses import dataclass
from typing import Final

from offhook.units import Seconds

T1: Final = Seconds(0.5)
T2: Final = Seconds(4.0)
PATIENCE: Final = Seconds(64 * T1)


@dataclass(slots=True)
class Repetition:
    """Lives from the 2xx to its ACK."""

    data: bytes
    number: int
    """CSeq that the ACK must have."""
    began: Seconds
    _due: Seconds | None = None
    _interval: Seconds = T1

    @property
    def given_up(self) -> Seconds:
        """When waiting makes no sense any more."""
        return Seconds(self.began + PATIENCE)

    def deadline(self) -> Seconds:
        """When something must be done."""
        due = Seconds(self.began + T1) if self._due is None else self._due
        return min(due, self.given_up)

    def again(self, now: Seconds) -> bool:
        """Whether it is time to send it again; if so the next time is later."""
        if now < self.deadline():
            return False
        self._interval = min(Seconds(2 * self._interval), T2)
        self._due = Seconds(now + self._interval)
        return True
