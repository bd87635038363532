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
ROW: Final = 5
COLUMNS: Final = (12, 16, 20, 21, 22, 23, 24, 25, 26, 4, 7, 8)
KEYS: Final = "123456789*0#"
BOUNCE: Final = ((1, 1.5), (0, 1), (1, 0.8), (0, 2), (1, 3), (0, 0.7))
"""A contact that rises, as (level, milliseconds); the level that stays follows."""

PROFILE: Final = Path("/run/board.toml")
# As handset-v1, but each key has a pin of its own: simulated lines cannot be joined to a matrix
# without looking at the rows all the time, which would starve the phone (`matrix` does that alone).
_TEXT: Final = """
name = "simulated-wires"
[hook]
pin = 17
pull = "up"
lifted = "high"
[keypad]
rows = [5]
columns = [12, 16, 20, 21, 22, 23, 24, 25, 26, 4, 7, 8]
keys = ["123456789*0#"]
pull = "up"
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
        for line in COLUMNS:
            chip.pull(line, high=True)
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

    def press(self, keys: str, hold: float = 0.2, pause: float = 0.2) -> None:
        """One key after the other: each ties its line to ground."""
        for key in keys:
            line = COLUMNS[KEYS.index(key)]
            self.chip.pull(line, high=False)
            sleep(hold)
            self.chip.pull(line, high=True)
            sleep(pause)
