"""Where a bundle comes from: a file, a server, a USB stick."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from offhook.cli.client import ClientError
from offhook.cli.doctor.finding import rows, strings
from offhook.cli.machine import Machine
from offhook.text import printable

STICK: Final = "/run/offhook-usb"
SEEN: Final = "/run/offhook-update"
"""RAUC's service does not see homes; a file there is shown to it here."""
HOMES: Final = ("/home/", "/root/", "/run/user/")
SUFFIX: Final = ".raucb"
MAX_FOUND: Final = 500  # files looked at on a stick
PATIENCE: Final = 30.0  # seconds for a mount
_URL: Final = re.compile(r"https?://[^\s/]+/\S+")


def is_url(place: str) -> bool:
    """Whether RAUC will fetch it."""
    return "://" in place


@contextmanager
def bundle(machine: Machine, place: str) -> Iterator[str]:
    """A path or URL that RAUC can open, for as long as it is needed.  Raises `ClientError`."""
    if is_url(place):
        if not _URL.fullmatch(place):
            raise ClientError(
                f"offhook: {printable(place, 200)}: not an address of a file; write "
                "https://host/path/name.raucb"
            )
        yield place
        return
    path = os.path.realpath(place)
    if not os.path.isfile(path):
        raise ClientError(f"offhook: {place}: there is no such file")
    if not path.startswith(HOMES):
        yield path
        return
    with _shown(machine, path) as shown:
        yield shown


@contextmanager
def _shown(machine: Machine, path: str) -> Iterator[str]:
    target = Path(SEEN) / "bundle.raucb"
    target.parent.mkdir(mode=0o700, exist_ok=True)
    target.touch(mode=0o600)
    _must(machine, "mount", "--bind", path, str(target))
    try:
        yield str(target)
    finally:
        machine.run(("umount", str(target)), PATIENCE)
        target.unlink(missing_ok=True)


@contextmanager
def stick(machine: Machine) -> Iterator[str]:
    """The newest bundle on a USB stick, which is mounted meanwhile.  Raises `ClientError`."""
    parts = partitions(machine)
    if not parts:
        raise ClientError("offhook: no USB stick is plugged in (or none with a file system)")
    for part in parts:
        with _mounted(machine, part) as there:
            if found := newest(there):
                yield str(found)
                return
    raise ClientError(f"offhook: no file *{SUFFIX} on {', '.join(parts)}")


def partitions(machine: Machine) -> list[str]:
    """File systems on USB disks, but never on the disk we run from."""
    told = machine.asked("lsblk", "-J", "-p", "-o", "NAME,TYPE,TRAN,FSTYPE,MOUNTPOINTS")
    disks = rows(told.get("blockdevices")) if isinstance(told, dict) else []
    return [
        str(part["name"])
        for disk in disks
        if disk.get("tran") == "usb" and not _ours(disk)
        for part in _tree(disk)
        if part.get("fstype")
    ]


def _tree(disk: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    yield disk
    for child in rows(disk.get("children")):
        yield from _tree(child)


def _ours(disk: Mapping[str, object]) -> bool:
    return any(
        mount in ("/", "/data")
        for part in _tree(disk)
        for mount in strings(part.get("mountpoints"))
    )


@contextmanager
def _mounted(machine: Machine, part: str) -> Iterator[Path]:
    """Read-only, and nothing on it may be run."""
    Path(STICK).mkdir(mode=0o700, exist_ok=True)
    _must(machine, "mount", "-o", "ro,nosuid,nodev,noexec", part, STICK)
    try:
        yield Path(STICK)
    finally:
        machine.run(("umount", STICK), PATIENCE)


def newest(there: Path) -> Path | None:
    """By its date; at the top or one folder down."""
    found = [
        path
        for pattern in (f"*{SUFFIX}", f"*/*{SUFFIX}")
        for path in there.glob(pattern)
        if path.is_file() and not path.is_symlink() and not path.name.startswith(".")
    ]
    return max(found[:MAX_FOUND], key=lambda path: (path.stat().st_mtime, path.name), default=None)


def _must(machine: Machine, *words: str) -> None:
    ran = machine.run(words, PATIENCE)
    if ran is None or ran.code:
        why = "no such program" if ran is None else ran.said
        raise ClientError(f"offhook: {' '.join(words)}: {why}")
