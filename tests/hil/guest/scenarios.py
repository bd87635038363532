"""The scenarios: each sets a board up, plays, and returns what it found."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from hil.guest.bell import buzzer, tonal
from hil.guest.chip import Chip
from hil.guest.handset import handset
from hil.guest.matrix import matrix
from hil.guest.service import service
from hil.guest.trouble import sound_card
from hil.guest.two_baresips import two_baresips
from hil.guest.two_phones import two_phones

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


BY_NAME: Final[Mapping[str, Scenario]] = {
    "board": board,
    "matrix": matrix,
    "handset": handset,
    "buzzer": buzzer,
    "tonal": tonal,
    "two_phones": two_phones,
    "two_baresips": two_baresips,
    "sound_card": sound_card,
    "service": service,
}
