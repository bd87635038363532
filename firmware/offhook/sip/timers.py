"""The times of RFC 3261 table 4."""

from dataclasses import dataclass
from typing import Final

from offhook.units import Seconds

TIMER_D: Final = Seconds(32.0)


@dataclass(frozen=True, slots=True)
class Timers:
    """Base times; every timer follows from them (UDP: nothing is zero)."""

    t1: Seconds = Seconds(0.5)
    """Round-trip estimate."""
    t2: Seconds = Seconds(4.0)
    """Longest gap between retransmissions of anything but an INVITE request."""
    t4: Seconds = Seconds(5.0)
    """Longest time a message stays in the network."""

    @property
    def timeout(self) -> Seconds:
        """64·T1: timers B, F, H, J, L and M."""
        return Seconds(64 * self.t1)

    @property
    def absorb(self) -> Seconds:
        """Timer D: how long copies of a failure are acknowledged, at least 32 s."""
        return max(TIMER_D, self.timeout)
