"""U-Boot's part, played on the disk of a machine that has none: the same steps as boot.cmd.

deploy/image/boot/boot.cmd, line by line; a test of tests/image runs the script itself in QEMU.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from image import environment

TRIES: Final = "3"
PARTITIONS: Final = {"A": 2, "B": 3}
ORDERS: Final = ("A B", "B A", "A", "B")


@dataclass(frozen=True, slots=True)
class Choice:
    """The slot to boot."""

    slot: str

    @property
    def partition(self) -> int:
        """Number of its root partition."""
        return PARTITIONS[self.slot]


def choose(disk: Path) -> Choice:
    """Take the first slot in order that has attempts left, and count this one.

    When none is left, all in the order get theirs again.
    """
    variables = _sound(environment.read(disk))
    order = variables["BOOT_ORDER"].split()
    while True:
        for slot in order:
            left = int(variables[f"BOOT_{slot}_LEFT"])
            if left > 0:
                variables[f"BOOT_{slot}_LEFT"] = str(left - 1)
                environment.write(disk, variables)
                return Choice(slot)
        variables |= {f"BOOT_{slot}_LEFT": TRIES for slot in order}


def _sound(read: dict[str, str]) -> dict[str, str]:
    """What makes sense of it; the defaults for the rest.  Other variables are not kept."""
    order = read.get("BOOT_ORDER", "")
    variables = {"BOOT_ORDER": order if order in ORDERS else ORDERS[0]}
    for name in ("BOOT_A_LEFT", "BOOT_B_LEFT"):
        left = read.get(name, "")
        variables[name] = left if left in ("0", "1", "2", "3") else TRIES
    return variables
