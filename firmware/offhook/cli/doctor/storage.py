"""The card: room, errors, wear, what is writable; and the two slots."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from offhook.cli.doctor.finding import Finding, Phone, bad, none, ok, rows, table, warn
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


ROOT: Final = "only root may look"
ATTEMPTS: Final = 3
"""Starts that U-Boot gives a slot; less left means that it has not been marked good since."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One of two places for the system."""

    name: str
    booted: bool = False
    good: bool | None = None
    version: str = ""
    status: str = ""
    """"ok", "pending", "failed" … of the last installation."""
    installed: str = ""
    tries: int | None = None
    """Starts left before U-Boot takes the other slot."""


@dataclass(frozen=True, slots=True)
class Slots:
    """What RAUC knows; `there` is False where RAUC is not."""

    there: bool = False
    trouble: str = ""
    booted: str = ""
    primary: str = ""
    """Name of the slot that is started next."""
    slots: tuple[Slot, ...] = ()


def slots(machine: Machine, _phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_slots(see_slots(machine), machine.image)


def see_slots(machine: Machine) -> Slots:
    """`rauc status`; on the image only root may ask."""
    if machine.uid and machine.image:
        return Slots(True, ROOT)
    ran = machine.run(("rauc", "status", "--detailed", "--output-format=json"), 15.0)
    if ran is None:
        return Slots()
    told = table(ran.json)
    if ran.code or not told:
        return Slots(True, printable(ran.said, 200))
    counters = machine.properties("fw_printenv")
    found = [
        _slot(name, table(facts), str(told.get("booted")), counters)
        for each in rows(told.get("slots"))
        for name, facts in each.items()
    ]
    made = machine.release("IMAGE_VERSION")
    usable = sorted((each for each in found if each), key=lambda each: each.name)
    return Slots(
        True,
        "",
        str(told.get("booted", "")),
        _primary(told),
        tuple(replace(each, version=made) if each.booted and made else each for each in usable),
    )


def _primary(told: Mapping[str, object]) -> str:
    for each in rows(told.get("slots")):
        for name, facts in each.items():
            if name == told.get("boot_primary"):
                return str(table(facts).get("bootname") or name)
    return ""


def _slot(
    name: str, facts: Mapping[str, object], booted: str, counters: Mapping[str, str]
) -> Slot | None:
    """Only slots that can be started have a boot name."""
    boot = str(facts.get("bootname") or "")
    if not boot:
        return None
    history = table(facts.get("slot_status"))
    return Slot(
        boot,
        facts.get("state") == "booted" or booted in (boot, name),
        {"good": True, "bad": False}.get(str(facts.get("boot_status"))),
        str(table(history.get("bundle")).get("version") or ""),
        str(history.get("status") or ""),
        str(table(history.get("installed")).get("timestamp") or ""),
        int(left) if (left := counters.get(f"BOOT_{boot}_LEFT", "")).isdecimal() else None,
    )


def judge_slots(facts: Slots, image: bool) -> Iterator[Finding]:
    """The one that runs must be good; the other is what an update falls back to."""
    if not facts.there or (facts.trouble and not image):
        yield none("slots", "no RAUC here; the image has two slots")
        return
    if facts.trouble == ROOT:
        yield none("slots", ROOT, "sudo offhook doctor")
        return
    if facts.trouble or not facts.slots:
        yield bad("slots", facts.trouble or "RAUC knows none", "systemctl status rauc; rauc status")
        return
    shown = ", ".join(map(_shown, facts.slots))
    running = next((each for each in facts.slots if each.booted), None)
    if running is None:
        yield bad("slots", f"{shown}; none of them runs", "cat /proc/cmdline: rauc.slot=…")
    elif running.good is False or (running.tries is not None and running.tries < ATTEMPTS):
        yield warn(
            "slots", f"{shown}; the one that runs is on trial",
            "It is marked good when the phone works: systemctl status offhook-good; "
            "journalctl -u offhook-good -b",
        )  # fmt: skip
    elif facts.primary and facts.primary != running.name:
        yield warn(
            "slots", f"{shown}; {facts.primary} is started next",
            "An update waits for a restart: sudo systemctl reboot.  Without an update: the other "
            "slot failed.",
        )  # fmt: skip
    elif bad_ones := [each.name for each in facts.slots if each.good is False]:
        yield warn(
            "slots", f"{shown}; no way back if {running.name} fails ({' '.join(bad_ones)} is bad)",
            "Install an update, which fills that slot: sudo offhook update FILE",
        )  # fmt: skip
    else:
        yield ok("slots", shown)


def _shown(each: Slot) -> str:
    state = {True: "good", False: "bad", None: ""}[each.good]
    words = (each.name, printable(each.version), state, "running" if each.booted else "")
    return " ".join(filter(None, words))
