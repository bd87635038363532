"""The card: room, errors, wear, what is writable."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from offhook.cli.doctor.finding import Finding, Phone, bad, ok, warn
from offhook.cli.machine import Machine, Space
from offhook.text import printable

DATA: Final = ("data", "var/lib/offhook", "")
"""Where we write, the first of these that is there."""
LITTLE: Final = 64 << 20  # bytes
FEW: Final = 200  # files
FREE_IT: Final = "See what uses it: sudo du -xh --max-depth=2 /data; journalctl --vacuum-size=16M"
WORN: Final = 8
"""Of the JEDEC's eleven steps of wear: 70 to 80 % used."""


@dataclass(frozen=True, slots=True)
class Disk:
    """What is known of the storage."""

    image: bool = False
    data: str = "/"
    space: Space | None = None
    data_type: str = ""
    """Of the file system on data; "tmpfs": the partition could not be used."""
    root_writable: bool = True
    data_writable: bool = True
    errors: Mapping[str, int] = field(default_factory=dict)
    """Counted by ext4, by device."""
    life: int | None = None
    """Steps of wear, 1 to 11; only eMMC and a few cards tell."""
    end_of_life: int | None = None
    """2: warning, 3: urgent."""
    card: str = ""


def disk(machine: Machine, _phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_disk(see_disk(machine))


def see_disk(machine: Machine) -> Disk:
    """Mounts, statvfs, ext4's counters, the card's own words."""
    data = next(f"/{each}" for each in DATA if machine.there(each) or not each)
    mounts = _mounts(machine.read("proc/mounts"))
    under = max((at for at in mounts if _within(data, at)), key=len, default="/")
    kind, writable = mounts.get(under, ("", True))
    errors = {
        path.split("/")[4]: machine.number(path) or 0
        for path in machine.find("sys/fs/ext4/*/errors_count")
    }
    at = next(iter(machine.find("sys/block/mmcblk[0-9]/device")), "")
    life = [int(word, 16) for word in machine.read(f"{at}/life_time").split() if _hex(word)]
    return Disk(
        image=machine.image,
        data=data,
        space=machine.space(machine.at(data)),
        data_type=kind,
        root_writable=mounts.get("/", ("", True))[1],
        data_writable=writable,
        errors={name: count for name, count in errors.items() if count},
        life=max(life, default=None) if at else None,
        end_of_life=_one(machine.read(f"{at}/pre_eol_info")) if at else None,
        card=" ".join(filter(None, (machine.read(f"{at}/{each}") for each in ("type", "name"))))
        if at
        else "",
    )


def _mounts(text: str) -> dict[str, tuple[str, bool]]:
    lines = (line.split() for line in text.splitlines())
    return {words[1]: (words[2], "rw" in words[3].split(",")) for words in lines if len(words) > 3}


def _within(path: str, mount: str) -> bool:
    return mount == "/" or Path(path).is_relative_to(mount)


def _hex(word: str) -> bool:
    return word.startswith("0x") and all(char in "0123456789abcdefABCDEF" for char in word[2:])


def _one(word: str) -> int | None:
    return int(word, 16) if _hex(word) else None


def judge_disk(facts: Disk) -> Iterator[Finding]:
    """Worst first; one line when all is well."""
    troubles = [*_errors(facts), *_writable(facts), *_room(facts), *_wear(facts)]
    yield from troubles
    if not troubles and facts.space is not None:
        card = f"; {printable(facts.card)}" if facts.card else ""
        root = "; root read-only" if not facts.root_writable else ""
        yield ok("disk", f"{_megabytes(facts.space)} free on {facts.data}{root}{card}")


def _megabytes(room: Space) -> str:
    return f"{room.free >> 20} of {room.total >> 20} MB"


def _errors(facts: Disk) -> Iterator[Finding]:
    for device, count in facts.errors.items():
        yield bad(
            "disk", f"{count} errors in the file system on {device}",
            "Restart, so that it is repaired; if they come again, the card is dying: write the "
            "image to a new one.",
        )  # fmt: skip


def _writable(facts: Disk) -> Iterator[Finding]:
    if facts.image and facts.data_type == "tmpfs":
        yield bad(
            "disk", f"{facts.data} lies in memory: settings and calls are lost at the next start",
            "The data partition could not be mounted: write the image to a new card.",
        )  # fmt: skip
    elif not facts.data_writable:
        yield bad(
            "disk", f"{facts.data} is read-only",
            "The kernel found errors: dmesg | grep -i ext4; restart, so that it is repaired.",
        )  # fmt: skip
    if facts.image and facts.root_writable:
        yield warn(
            "disk", "the system is writable: changes there are lost with the next update",
            "mount -o remount,ro / (it is so after the next start by itself)",
        )  # fmt: skip


def _room(facts: Disk) -> Iterator[Finding]:
    room = facts.space
    if room is None:
        yield bad("disk", f"{facts.data} cannot be looked at", "dmesg | tail")
    elif room.free < LITTLE // 8 or (room.files and not room.files_free):
        yield bad("disk", f"full: {_megabytes(room)} free on {facts.data}", FREE_IT)
    elif room.free < LITTLE or (room.files and room.files_free < FEW):
        yield warn("disk", f"nearly full: {_megabytes(room)} free on {facts.data}", FREE_IT)


def _wear(facts: Disk) -> Iterator[Finding]:
    urgent, worn = (facts.end_of_life or 0) >= 2, (facts.life or 0) >= WORN
    if urgent or worn:
        share = f"{10 * (facts.life or 0)} % of its writes used" if facts.life else "near its end"
        yield warn("card", f"{share}", "Write the image to a new card before this one fails.")
