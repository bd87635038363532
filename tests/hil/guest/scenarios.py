"""The scenarios: each sets a board up, plays, and returns what it found."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from hil.guest.chip import Chip

Scenario = Callable[[], Mapping[str, object]]


def board() -> Mapping[str, object]:
    """The machine has what the other scenarios need."""
    chip = Chip.create()
    chip.pull(17, high=True)
    return {
        "gpio": Path("/dev/gpiochip0").exists(),
        "cards": Path("/proc/asound/cards").read_text(),
        "watchdog": Path("/dev/watchdog").exists(),
        "pulled": chip.value(17),
    }


BY_NAME: Final[Mapping[str, Scenario]] = {"board": board}
