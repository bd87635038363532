"""Which sound card, and how it is to be run."""

from dataclasses import dataclass
from typing import Final

from offhook.units import Hertz, Samples

RATE: Final = Hertz(8000)
PERIOD: Final = Samples(80)


@dataclass(frozen=True, slots=True)
class SoundCard:
    """ALSA names and sizes; numbers of cards move between models, so cards are named."""

    capture: str
    """For example "plughw:CARD=Device,DEV=0"."""
    playback: str
    rate: Hertz = RATE
    period: Samples = PERIOD
    """Samples read and written at a time: 80 is 10 ms."""
    periods: int = 4
    """Of the card's buffer."""
    prefill: int = 2
    """Periods of silence that the earpiece starts with: its delay, and its reserve."""
    priority: int = 20
    """SCHED_FIFO priority of the voice runner; 0: an ordinary process."""
