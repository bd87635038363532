"""U-Boot's part, played on the disk of a machine that has no U-Boot: deploy/image/boot/boot.cmd."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from image import environment

TRIES: Final = 3
PARTITIONS: Final = {"A": 2, "B": 3}


@dataclass(frozen=True, slots=True)
class Choice:
    """The slot to boot."""

    slot: str

    @property
    def partition(self) -> int:
        """Number of its root partition."""
        return PARTITIONS[self.slot]


def choose(disk: Path) -> Choice:
    """Take the first slot in order that has tries left, and count this one.

    When none is left, all get their tries again and U-Boot resets, that is: chooses anew.
    """
    variables = {**environment.DEFAULTS, **environment.read(disk)}
    for slot in variables["BOOT_ORDER"].split():
        left = f"BOOT_{slot}_LEFT"
        if slot in PARTITIONS and int(variables[left]) > 0:
            variables[left] = str(int(variables[left]) - 1)
            environment.write(disk, variables)
            return Choice(slot)
    environment.write(disk, environment.DEFAULTS)
    return choose(disk)
