"""The machine's GPIO chip through lgpio, found by its label.

Numbers of GPIO chips moved between kernels (a Pi 5 had gpiochip4, then gpiochip0); labels do not.

Importing lgpio makes a FIFO `.lgd-nfyN` in the working directory, and opens it by its relative
name; LG_WD only moves where the C half makes it.  So for the import both must be the same writable
directory.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gpiozero import Factory

SYSFS: Final = Path("/sys/bus/gpio/devices")
DEVICES: Final = Path("/dev")


class GpioError(OSError):
    """The GPIO chip cannot be used; the text says why and what to do."""


def open_factory(labels: Sequence[str], directory: Path | None = None) -> "Factory":
    """A pin factory on the chip with one of these labels.  Raises GpioError.

    `directory` takes lgpio's FIFO; default: `runtime_directory()`.
    """
    number = find_chip(labels)
    check_access(DEVICES / f"gpiochip{number}")
    factory = _lgpio_factory(directory or runtime_directory(os.environ))
    try:
        return factory(chip=number)
    except Exception as error:  # lgpio.error, and what gpiozero makes of it
        raise GpioError(f"gpiochip{number} cannot be opened: {error}.") from error


def find_chip(labels: Sequence[str], sysfs: Path = SYSFS) -> int:
    """Number of the chip whose label comes first in `labels`.  Raises GpioError."""
    found = dict(_labels(sysfs))
    for label in labels:
        if label in found:
            return found[label]
    seen = f"there are {', '.join(sorted(found))}" if found else "there is no GPIO chip at all"
    raise GpioError(
        f"no GPIO chip is labelled {' or '.join(labels)}; {seen}. "
        "Run this on a Raspberry Pi, or name the chip's label under `chips` in the board profile."
    )


def check_access(device: Path) -> None:
    """Raises GpioError unless we may open the chip."""
    if not device.exists():
        raise GpioError(f"{device} is missing. Does the service's DeviceAllow= list char-gpiochip?")
    if not os.access(device, os.R_OK | os.W_OK):
        raise GpioError(
            f"{device} may not be opened. Add the user to the group gpio: SupplementaryGroups=gpio."
        )


def runtime_directory(environment: Mapping[str, str]) -> Path:
    """Where lgpio may leave its FIFO: $LG_WD, else systemd's runtime directory, else /tmp."""
    given = environment.get("LG_WD") or environment.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(given) if given else Path("/tmp")  # noqa: S108  # only as a last resort, by hand


def _labels(sysfs: Path) -> list[tuple[str, int]]:
    """(label, number) of every chip.

    Debian's kernels have no `label` file beside the character device, only in the older
    /sys/class/gpio (whose numbers differ), so the chip itself is asked where sysfs is silent.
    """
    found: list[tuple[str, int]] = []
    for chip in sorted(sysfs.glob("gpiochip*")):
        number = chip.name.removeprefix("gpiochip")
        if number.isascii() and number.isdigit():
            label = _label(chip, int(number))
            if label:
                found.append((label, int(number)))
    return found


def _label(chip: Path, number: int) -> str:
    try:
        return (chip / "label").read_text().strip()
    except OSError:
        return _ask(DEVICES / f"gpiochip{number}")


def _ask(device: Path) -> str:
    """The label as the chip tells it (GPIO_GET_CHIPINFO_IOCTL, linux/gpio.h)."""
    import fcntl  # noqa: PLC0415

    info = bytearray(68)  # name[32], label[32], lines
    try:
        with device.open("rb", buffering=0) as chip:
            fcntl.ioctl(chip, _GET_CHIPINFO, info)
    except OSError:
        return ""  # not ours to open: it is not found, and the error says what is
    return bytes(info[32:64]).split(b"\0", 1)[0].decode("ascii", "replace")


_GET_CHIPINFO: Final = 0x8044B401  # _IOR(0xB4, 0x01, struct gpiochip_info)


def _lgpio_factory(directory: Path) -> "type[Factory]":
    """Gpiozero's factory class, imported with `directory` as working directory."""
    before = Path.cwd()
    os.environ["LG_WD"] = str(directory)
    try:
        os.chdir(directory)
        from gpiozero.pins.lgpio import LGPIOFactory  # noqa: PLC0415
    except (OSError, ImportError) as error:
        raise GpioError(
            f"lgpio cannot be used: {error}. It needs a writable directory ({directory}): "
            "set RuntimeDirectory=offhook, or LG_WD."
        ) from error
    finally:
        os.chdir(before)
    return LGPIOFactory  # type: ignore[no-any-return]  # gpiozero has no types
