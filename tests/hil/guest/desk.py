"""The telephone on its desk: chip, wires, handset, keys, bell; and the hands of whoever uses it."""

from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Final, Self

from hil.guest.chip import Chip
from hil.guest.exchange import LabExchange
from hil.guest.phone import Telephone
from hil.guest.wires import Wires

HOOK: Final = 17
BELL: Final = 18
LAMP: Final = 27
ROWS: Final = (5, 6, 13, 19)
COLUMNS: Final = (12, 16, 20)
KEYS: Final = ("123", "456", "789", "*0#")
BOUNCE: Final = ((1, 1.5), (0, 1), (1, 0.8), (0, 2), (1, 3), (0, 0.7))
"""A contact that rises, as (level, milliseconds); the level that stays follows."""

PROFILE: Final = Path("/run/board.toml")
# As handset-v1, but for `settle`: the simulated wires take their time.
_TEXT: Final = """
name = "simulated-wires"
[hook]
pin = 17
pull = "up"
lifted = "high"
[keypad]
rows = [5, 6, 13, 19]
columns = [12, 16, 20]
keys = ["123", "456", "789", "*0#"]
pull = "up"
settle = 5
rescan = 10
[bell]
pin = 18
kind = "{bell}"
[lamp]
pin = 27
"""


@dataclass(slots=True)
class Desk:
    """What the scenarios play with."""

    chip: Chip
    wires: Wires
    exchange: LabExchange
    phone: Telephone

    @classmethod
    def set_up(cls, *, bell: str = "buzzer", start: bool = True) -> Self:
        """A telephone in its cradle, registered."""
        chip = Chip.create()
        wires = Wires.of(chip)
        wires.play(HOOK, (0, 1))
        desk = cls(chip, wires, LabExchange.start(), Telephone("1001", 0, str(PROFILE)))
        desk.use_bell(bell)
        if start:
            desk.phone.start()
        wires.tell("stall")
        return desk

    def use_bell(self, kind: str) -> None:
        """For phones that start after this: "buzzer" or "tonal"."""
        PROFILE.write_text(_TEXT.format(bell=kind))

    def lift(self) -> float:
        """Off the cradle, with bounce; when the first edge was."""
        return self.wires.play(HOOK, *BOUNCE, (1, 0))[0]

    def put_down(self) -> float:
        """Into the cradle, with bounce; when the last edge was."""
        steps = [(1 - level, time) for level, time in BOUNCE]
        return self.wires.play(HOOK, *steps, (0, 0))[1]

    def press(self, keys: str, hold: float = 0.25, pause: float = 0.25) -> None:
        """One key after the other."""
        for key in keys:
            row = next(n for n, line in enumerate(KEYS) if key in line)
            column = KEYS[row].index(key)
            self.wires.tell("keys", f"{ROWS[row]}:{COLUMNS[column]}")
            sleep(hold)
            self.wires.tell("keys")
            sleep(pause)
