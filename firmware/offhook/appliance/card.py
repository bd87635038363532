"""The boot partition of the card, as a person left it: mounted for a moment, where nobody looks.

Read-only; writable only when there is something to write, and synced before it is let go.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from offhook.appliance import quick
from offhook.appliance.tools import run as run_tool

DEVICE: Final = Path(quick.DEVICE)
MOUNT_POINT: Final = Path(quick.MOUNT_POINT)
REPORT: Final = "offhook-report.txt"

Run = Callable[[Sequence[str]], object]


@dataclass(frozen=True, slots=True)
class Found:
    """A settings file."""

    name: str
    """As it is written on the card."""
    content: bytes


def digest_of(found: Sequence[Found]) -> str:
    """By which the files are known again."""
    return quick.digest([(each.name, each.content) for each in found])


@dataclass(frozen=True, slots=True)
class Folder:
    """The files.  Methods raise `OSError`."""

    path: Path
    make_writable: Callable[[], object] = field(default=lambda: None)

    def settings(self) -> tuple[Found, ...]:
        """The settings files: one, if all is well."""
        return tuple(Found(*each) for each in quick.files(str(self.path)))

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


@contextlib.contextmanager
def mounted(root: Path, run: Run = run_tool) -> Iterator[Folder]:
    """The partition, for as long as it is needed.  Raises `OSError`."""
    device, point = str(root / DEVICE), root / MOUNT_POINT
    point.mkdir(mode=0o700, parents=True, exist_ok=True)
    run(["mount", "-t", "vfat", "-o", f"ro,{quick.OPTIONS}", device, str(point)])
    try:
        yield Folder(point, lambda: run(["mount", "-o", f"remount,rw,{quick.OPTIONS}", str(point)]))
    finally:
        run(["umount", str(point)])
