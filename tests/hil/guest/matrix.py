"""The keypad's driver on a matrix: rows driven by lgpio, columns joined to them by the wires."""

from collections.abc import Mapping
from time import monotonic, sleep
from typing import Final

from hil.guest.chip import LABEL, Chip
from hil.guest.patience import wait_for
from hil.guest.wires import Wires
from offhook.drivers.gpio_keypad import GpioKeypad
from offhook.drivers.pin_factory import open_factory
from offhook.ports import Crosspoint
from offhook.units import Seconds

ROWS: Final = (5, 6, 13, 19)
COLUMNS: Final = (12, 16, 20)
SETTLE: Final = Seconds(0.005)  # the simulated wires take their time
RESCAN: Final = Seconds(0.01)


def matrix() -> Mapping[str, object]:
    """Press each key alone, then two at once; what the driver saw."""
    wires = Wires.of(Chip.create())
    seen: list[frozenset[Crosspoint]] = []
    keypad = GpioKeypad(
        ROWS, COLUMNS, pull="up", rescan=RESCAN, settle=SETTLE,
        pin_factory=open_factory((LABEL,)), now=lambda: Seconds(monotonic()),
    )  # fmt: skip
    keypad.listen(lambda closed, at: seen.append(closed))
    alone = [_press(wires, seen, (row, column)) for row in range(4) for column in range(3)]
    both = _press(wires, seen, (0, 0), (3, 2))
    keypad.close()
    return {"alone": alone, "both": both}


def _press(
    wires: Wires, seen: list[frozenset[Crosspoint]], *keys: tuple[int, int]
) -> list[tuple[int, int]]:
    """Hold these keys until the driver sees as many; what it saw; let go."""
    seen.clear()
    wires.tell("keys", *(f"{ROWS[row]}:{COLUMNS[column]}" for row, column in keys))
    wait_for(f"keys {keys}", lambda: any(len(closed) == len(keys) for closed in seen))
    found = next(closed for closed in seen if len(closed) == len(keys))
    wires.tell("keys")
    wait_for("no key", lambda: seen[-1] == frozenset())
    sleep(0.02)
    return sorted(found)
