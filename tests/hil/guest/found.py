"""What goes out of the simulated board beside its console: a directory of the host."""

from pathlib import Path
from typing import Final

FOUND: Final = Path("/run/found")
PROMPTS: Final = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
SPEECH: Final = ("tt-weasels", "vm-intro", "vm-review")
"""Recorded prompts, by length: 3.0, 5.7 and 7.7 s."""


def speech(number: int) -> Path:
    """One of them."""
    return PROMPTS / f"{SPEECH[number]}.wav"
