"""A card: a copy of the image, and what a person with a card reader can do with it."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from image import environment

ROOT: Final = Path(__file__).parents[2]
MIB: Final = 1 << 20
SECTOR: Final = 512
FAT: Final = 1
DATA: Final = 4


@dataclass(frozen=True, slots=True)
class Partition:
    """In bytes, from the table."""

    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size


@dataclass(frozen=True, slots=True)
class Disk:
    """The file is changed in place; nothing of it may be mounted anywhere meanwhile."""

    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def partition(self, number: int) -> Partition:
        """1 to 4.  Raises `ValueError` when the table has none there."""
        with self.path.open("rb") as file:
            record = file.read(SECTOR)[446 + 16 * (number - 1) : 446 + 16 * number]
        start, sectors = (int.from_bytes(record[at : at + 4], "little") for at in (8, 12))
        if not sectors:
            raise ValueError(f"no partition {number} on {self.path}")
        return Partition(start * SECTOR, sectors * SECTOR)

    # --- U-Boot's variables

    def variables(self) -> dict[str, str]:
        return environment.read(self.path)

    def set_variables(self, **changes: str) -> None:
        environment.write(self.path, {**self.variables(), **changes})

    # --- the FAT partition

    def put(self, name: str, content: bytes | str) -> None:
        """Write a file on the FAT partition."""
        data = content.encode() if isinstance(content, str) else content
        self._mtool("mcopy", "-o", "-", f"::{name}", data=data)

    def get(self, name: str) -> bytes | None:
        """Read one; None when there is none."""
        done = self._mtool("mtype", f"::{name}", check=False)
        return done.stdout if done.returncode == 0 else None

    def names(self) -> set[str]:
        """Of the files at the top of the FAT partition."""
        done = self._mtool("mdir", "-b", "::")
        return {line.removeprefix("::/") for line in done.stdout.decode().split("\n") if line}

    # --- the data partition, by debugfs; after an orderly end, else its journal is not replayed yet

    def data_file(self, path: str) -> bytes | None:
        """A file of the data partition, "/machine-id"; None when there is none."""
        done = self._debugfs(f"cat {path}")
        return None if b"File not found" in done.stderr else done.stdout

    def put_data_file(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Write one, root's; its directory must be there."""
        local = self.path.with_suffix(".put")
        local.write_bytes(content)
        self._debugfs(f"rm {path}", write=True)
        self._debugfs(f"write {local} {path}", write=True)
        self._debugfs(f"sif {path} mode 0100{mode:o}", write=True)
        for field in ("uid", "gid"):
            self._debugfs(f"sif {path} {field} 0", write=True)
        local.unlink()

    def make_data_directory(self, path: str) -> None:
        self._debugfs(f"mkdir {path}", write=True)

    # --- damage

    def scribble(self, number: int, content: bytes, offset: int = 0) -> None:
        """Write over a partition."""
        with self.path.open("r+b") as file:
            file.seek(self.partition(number).start + offset)
            file.write(content)

    def copy(self, path: Path) -> "Disk":
        """As it is now."""
        _copy(self.path, path)
        return Disk(path)

    def _mtool(
        self, tool: str, *arguments: str, data: bytes = b"", check: bool = True
    ) -> "subprocess.CompletedProcess[bytes]":
        offset = self.partition(FAT).start
        return subprocess.run(
            [tool, "-i", f"{self.path}@@{offset}", *arguments],
            input=data, capture_output=True, check=check,
            env={**os.environ, "MTOOLS_SKIP_CHECK": "1"},
        )  # fmt: skip

    def _debugfs(self, request: str, write: bool = False) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [
                *("/usr/sbin/debugfs", "-R", request, *(("-w",) if write else ())),
                f"{self.path}?offset={self.partition(DATA).start}",
            ],
            capture_output=True, check=True,
        )  # fmt: skip


def image() -> Path | None:
    """The amd64 image that the builder left; None when it was not built."""
    named = os.environ.get("OFFHOOK_IMAGE_AMD64")
    found = [Path(named)] if named else sorted((ROOT / "build").glob("offhook-*-amd64.img"))
    return found[-1] if found and found[-1].exists() else None


def flash(directory: Path, size: int = 0, name: str = "card") -> Disk:
    """A fresh card of `size` bytes, or just as big as the image."""
    source = image()
    assert source is not None, "no amd64 image"
    path = directory / f"{name}.img"
    _copy(source, path)
    if size > path.stat().st_size:
        os.truncate(path, size)
    return Disk(path)


def _copy(source: Path, target: Path) -> None:
    """Holes stay holes."""
    program = shutil.which("cp")
    assert program is not None
    subprocess.run([program, "--sparse=always", "--reflink=auto", source, target], check=True)
