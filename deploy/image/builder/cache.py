"""Where finished stages are kept, named by the digest of all that made them."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from builder.say import stage

KEPT: Final = 2  # of each stage: the one in use and the one before


def root() -> Path:
    """The cache's directory: $OFFHOOK_CACHE, or offhook/image in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(os.environ.get("OFFHOOK_CACHE") or Path(base) / "offhook" / "image")
    path.mkdir(parents=True, exist_ok=True)
    return path


def digest(inputs: Iterable[str | bytes | Path]) -> str:
    """Twelve hex digits for words and the contents of files and directories."""
    total = hashlib.sha256()
    for each in inputs:
        match each:
            case Path():
                for name, data in _contents(each):
                    total.update(f"{name}\0{len(data)}\0".encode() + data)
            case bytes():
                total.update(each + b"\0")
            case str():
                total.update(each.encode() + b"\0")
    return total.hexdigest()[:12]


def _contents(path: Path) -> Iterable[tuple[str, bytes]]:
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if _counts(p))
    for file in files:
        mode = file.lstat().st_mode & 0o777
        data = os.readlink(file).encode() if file.is_symlink() else file.read_bytes()
        yield f"{file.relative_to(path)} {mode:o}", data


def _counts(path: Path) -> bool:
    return (path.is_symlink() or path.is_file()) and "__pycache__" not in path.parts


def kept(name: str, key: str, what: str, make: Callable[[Path], None]) -> Path:
    """The result of a stage, made by `make(path)` unless it is there.

    `make` gets a path that does not exist yet, and fills it (a file or a directory); it appears
    under its real name only when whole.
    """
    path = root() / f"{name}-{key}"
    with _alone(name):
        if not path.exists():
            new = path.with_name(path.name + ".new")
            _remove(new)
            with stage(name, what):
                make(new)
            new.rename(path)
            _forget_old(name)
        path.touch()
    return path


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """One builder at a time makes a stage; others wait, and find it made."""
    with (root() / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _forget_old(name: str) -> None:
    alike = sorted(
        (p for p in root().glob(f"{name}-????????????")), key=lambda p: p.stat().st_mtime
    )
    for path in alike[:-KEPT]:
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
