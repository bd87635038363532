"""The boot partition of the card, as a person left it: mounted for a moment, where nobody looks.

Read-only; writable only when there is something to write, and synced before it is let go.
"""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from offhook.appliance.tools import run as run_tool

DEVICE: Final = Path("dev/disk/offhook-boot")
MOUNT_POINT: Final = Path("run/offhook-provision/card")
NAMES: Final = ("offhook.toml", "offhook.toml.txt")
"""What people call the file; Windows hides the end of the second."""
MAX_SIZE: Final = 65536  # bytes of a settings file
REPORT: Final = "offhook-report.txt"

_OPTIONS: Final = "nosuid,nodev,noexec,noatime,umask=077"

Run = Callable[[Sequence[str]], object]


@dataclass(frozen=True, slots=True)
class Found:
    """A settings file."""

    name: str
    """As it is written on the card."""
    content: bytes


def digest_of(found: Sequence[Found]) -> str:
    """By which the files are known again."""
    whole = hashlib.sha256()
    for each in found:
        whole.update(f"{each.name}\0{len(each.content)}\0".encode() + each.content)
    return whole.hexdigest()


@dataclass(frozen=True, slots=True)
class Folder:
    """The files.  Methods raise `OSError`."""

    path: Path
    make_writable: Callable[[], object] = field(default=lambda: None)

    def settings(self) -> tuple[Found, ...]:
        """The settings files: one, if all is well."""
        names = sorted(name for name in os.listdir(self.path) if name.lower() in NAMES)
        return tuple(Found(name, self._read(name)) for name in names)

    def overwrite(self, name: str, pieces: Iterable[tuple[int, bytes]]) -> None:
        """Write over the bytes at these offsets where they lie: same file, same blocks."""
        self.make_writable()
        descriptor = os.open(self.path / name, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            for offset, piece in pieces:
                os.pwrite(descriptor, piece, offset)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def report(self, text: str) -> None:
        """Leave a word for whoever looks at the card next."""
        self.make_writable()
        content = text.replace("\n", "\r\n").encode()
        with (self.path / REPORT).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def _read(self, name: str) -> bytes:
        with (self.path / name).open("rb") as file:
            return file.read(MAX_SIZE + 1)


@contextlib.contextmanager
def mounted(root: Path, run: Run = run_tool) -> Iterator[Folder]:
    """The partition, for as long as it is needed.  Raises `OSError`."""
    device, point = str(root / DEVICE), root / MOUNT_POINT
    point.mkdir(mode=0o700, parents=True, exist_ok=True)
    run(["mount", "-t", "vfat", "-o", f"ro,{_OPTIONS}", device, str(point)])
    try:
        yield Folder(point, lambda: run(["mount", "-o", f"remount,rw,{_OPTIONS}", str(point)]))
    finally:
        run(["umount", str(point)])
