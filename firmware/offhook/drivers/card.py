"""Which sound card, and how it is to be run."""

from dataclasses import dataclass
from typing import Final

from offhook.units import Hertz, Samples

RATE: Final = Hertz(8000)
PERIOD: Final = Samples(160)
"""One packet of 20 ms: half of it would double the cost of a call (tests/bench/RESULTS.md)."""


@dataclass(frozen=True, slots=True)
class SoundCard:
    """ALSA names and sizes; numbers of cards move between models, so cards are named."""

    capture: str
    """For example "plughw:CARD=Device,DEV=0"."""
    playback: str
    rate: Hertz = RATE
    period: Samples = PERIOD
    """Samples read and written at a time: 160 are 20 ms."""
    periods: int = 4
    """Of the card's buffer."""
    reserve: Samples = Samples(80)
    """What the earpiece still has to play when it is given its next period: 10 ms."""
    priority: int = 20
    """SCHED_FIFO priority of the voice runner; 0: an ordinary process."""
