"""A GPIO chip labelled like the Pi's, made of gpio-sim: pull its inputs, look at its outputs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

LINES: Final = 54  # of the BCM2837
LABEL: Final = "pinctrl-bcm2835"
CONFIGFS: Final = Path("/sys/kernel/config/gpio-sim/pi")


@dataclass(frozen=True, slots=True)
class Chip:
    """The far end of every wire: the switches and the lamps."""

    lines: Path
    """The directory with one `sim_gpioN` for each line."""

    @classmethod
    def create(cls) -> Self:
        """Make the chip appear, as ``/dev/gpiochip0``."""
        bank = CONFIGFS / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(LINES))
        (bank / "label").write_text(LABEL)
        (CONFIGFS / "live").write_text("1")
        device = (CONFIGFS / "dev_name").read_text().strip()
        chip = (bank / "chip_name").read_text().strip()
        return cls(Path("/sys/devices/platform") / device / chip)

    def pull(self, line: int, high: bool) -> None:
        """Drive an input from outside."""
        (self.lines / f"sim_gpio{line}" / "pull").write_text("pull-up" if high else "pull-down")

    def value(self, line: int) -> bool:
        """The level on the wire now."""
        return (self.lines / f"sim_gpio{line}" / "value").read_text().strip() == "1"
