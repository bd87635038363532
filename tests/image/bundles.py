"""Bundles to try: the image under test again, as another version, broken, or not meant for it."""

import os
import random
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder import bundle, keys, mirror, spec
from builder.toolbox import Tree, toolbox
from image.disk import MIB, Disk

ROOT_A: Final = 2
QUICK: Final = 1  # zstd level
_DEBUGFS: Final = "/usr/sbin/debugfs"


@dataclass(frozen=True, slots=True)
class Works:
    """Where bundles are made."""

    directory: Path
    tools: Tree
    keys: keys.Keys

    @classmethod
    def at(cls, directory: Path) -> "Works":
        """With the keys that the image under test was built with: $KEYS, or development keys."""
        tools = toolbox(spec.load("amd64"), mirror.find(), directory / "log")
        return cls(directory, tools, keys.find(tools))

    def with_other_keys(self) -> "Works":
        """A stranger's."""
        directory = self.directory / "stranger"
        keys.make_development(self.tools, directory)
        return Works(self.directory, self.tools, keys.Keys(directory, development=True))

    def root_of(self, disk: Disk) -> Path:
        """The root file system of the image, as a file."""
        part, path = disk.partition(ROOT_A), self.directory / "root.ext4"
        words = ["dd", f"if={disk.path}", f"of={path}", "bs=1M", "conv=sparse", "status=none"]
        words += [f"skip={part.start // MIB}", f"count={part.size // MIB}"]
        subprocess.run(words, check=True)
        os.truncate(path, part.size)
        return path

    def variant(self, root: Path, name: str, files: Mapping[str, bytes | None]) -> Path:
        """The same file system with other contents in some files, None: without it; modes stay."""
        path = self.directory / f"{name}.ext4"
        subprocess.run(["cp", "--sparse=always", root, path], check=True)
        for target, content in files.items():
            if content is None:
                _debugfs(path, f"rm {target}", write=True)
                continue
            local = self.directory / "content"
            local.write_bytes(content)
            mode = _debugfs(path, f"stat {target}").split("Mode:")[1].split()[0]
            _debugfs(path, f"rm {target}", write=True)
            _debugfs(path, f"write {local} {target}", write=True)
            _debugfs(path, f"sif {target} mode 010{mode}", write=True)
        return path

    def read(self, root: Path, name: str) -> bytes:
        """A file of a root file system."""
        return _debugfs(root, f"cat {name}").encode("latin-1")

    def release(self, root: Path, version: str) -> Mapping[str, bytes | None]:
        """What makes it another version."""
        name = "/usr/lib/os-release"
        lines = self.read(root, name).splitlines()
        kept = [line for line in lines if not line.startswith(b"IMAGE_VERSION=")]
        return {name: b"\n".join([*kept, f"IMAGE_VERSION={version}".encode(), b""])}

    def bundle(self, root: Path, name: str, version: str, arch: str = "amd64") -> Path:
        """Sign it."""
        out = self.directory / f"{name}.raucb"
        bundle.bundle(self.tools, self.keys, root, arch=arch, version=version, out=out,
                      compression=QUICK)  # fmt: skip
        return out

    def small(self) -> Path:
        """A file system of no use, to be refused before it is looked at."""
        path = self.directory / "small.ext4"
        path.write_bytes(random.Random(1).randbytes(MIB))  # zeros would fit into no block at all
        return path

    def stick(self, name: str, *files: Path) -> Path:
        """A stick with a FAT file system right on it and these files."""
        path = self.directory / f"{name}.stick"
        size = sum(file.stat().st_size for file in files) + 64 * MIB
        with path.open("wb") as file:
            file.truncate(-(-size // MIB) * MIB)
        subprocess.run(["mkfs.vfat", "-F", "32", path], check=True, stdout=subprocess.DEVNULL)
        for each in files:
            subprocess.run(["mcopy", "-i", path, each, "::"], check=True)
        return path


def damaged(good: Path, name: str, *, flip: float | None = None, keep: float = 1.0) -> Path:
    """A copy with one bit turned at `flip` of its length, or only the first `keep` of it."""
    path = good.with_name(f"{name}.raucb")
    shutil.copyfile(good, path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        if flip is not None:
            file.seek(int(size * flip))
            byte = file.read(1)[0]
            file.seek(int(size * flip))
            file.write(bytes([byte ^ 1]))
        file.truncate(int(size * keep))
    return path


def _debugfs(image: Path, request: str, *, write: bool = False) -> str:
    words = [_DEBUGFS, *(("-w",) if write else ()), "-R", request, str(image)]
    done = subprocess.run(words, capture_output=True, check=True)
    return done.stdout.decode("latin-1")
