"""What is wrong with the telephone itself, in beeps: for whoever has nothing but the earpiece.

beeps   heard at each lift, before dial tone; without an account again and again instead of it
  2     the settings file is wrong; the last good one is in use
  3     there is no account yet
  4     the card's boot partition cannot be read
  5     the data partition is broken: nothing is kept
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from offhook.phone.actions import Tone
from offhook.units import Seconds

BEEP: Final = Seconds(0.3)
"""One, with the pause behind it."""
PAUSE: Final = Seconds(1)
"""Behind the last."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One code."""

    beeps: int
    tone: Tone
    words: str
    """For display and status."""

    @property
    def lasts(self) -> Seconds:
        """The code once, and the pause behind it."""
        return Seconds(self.beeps * BEEP + PAUSE)


NOT_SET_UP: Final = Trouble(3, Tone.CODE_3, "not set up: fill in [account] of offhook.toml")

TROUBLES: Final[Mapping[int, Trouble]] = {
    2: Trouble(2, Tone.CODE_2, "settings wrong, the last good ones are used"),
    3: NOT_SET_UP,
    4: Trouble(4, Tone.CODE_4, "the card's boot partition cannot be read"),
    5: Trouble(5, Tone.CODE_5, "the data partition is broken, nothing is kept"),
}
"""By the number of beeps; the image's helpers write that number down for the phone."""
