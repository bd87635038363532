"""Whether the card holds anything new: asked at every boot, so with as little as can be.

Nothing is imported here but `os` and `hashlib`: on the smallest board each further module costs
dial tone its hundredth of a second.  Whatever is not as on most days is left to `provision`.
"""

import hashlib
import os
from collections.abc import Callable, Sequence

DEVICE = "dev/disk/offhook-boot"
MOUNT_POINT = "run/offhook-provision/card"
TROUBLE = "run/offhook-provision/trouble"
EARLIER_TROUBLE = "run/offhook-preinit/trouble"
SETTINGS = "data/offhook/etc/offhook.toml"
PASSWORD = "data/offhook/etc/sip-password"  # noqa: S105  # a path
STAGED = "data/provision/staged.json"
SEEN = "data/provision/seen"

NAMES = ("offhook.toml", "offhook.toml.txt")
"""What people call the file; Windows hides the end of the second."""
MAX_SIZE = 65536
"""Bytes of a settings file."""
OPTIONS = "nosuid,nodev,noexec,noatime,umask=077"

WRONG = 2
"""The code for a settings file that cannot be used: `phone.trouble`."""

Files = Sequence[tuple[str, bytes]]


def look(root: str, run: Callable[[list[str]], int] | None = None) -> int | None:
    """The exit code when all is as it was; None: look properly.  `run` a command: its status."""
    run = run or _run
    try:
        if not _as_usual(root):
            return None
        known, trouble, unerased = parse(_read(f"{root}/{SEEN}").decode())
        if unerased or _on_card(root, run) != known:
            return None
        if trouble:
            _write(f"{root}/{TROUBLE}", f"{trouble}\n".encode())
    except (OSError, ValueError):
        return None
    return 1 if trouble == WRONG else 0


def files(directory: str) -> Files:
    """The settings files there: one, if all is well.  Raises `OSError`."""
    names = sorted(name for name in os.listdir(directory) if name.lower() in NAMES)
    return tuple((name, _read(f"{directory}/{name}")) for name in names)


def digest(found: Files) -> str:
    """By which they are known again."""
    whole = hashlib.sha256()
    for name, content in found:
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def parse(seen: str) -> tuple[str, int, bool]:
    """A line of `seen`: digest, trouble, unerased secrets (0 or 1).  Raises ValueError."""
    known, trouble, unerased = seen.split()
    return known, int(trouble), bool(int(unerased))


def _as_usual(root: str) -> bool:
    """What should be there is, and nothing else that asks for a closer look."""
    there = [os.path.exists(f"{root}/{path}") for path in (PASSWORD, DEVICE)]
    unusual = [os.path.exists(f"{root}/{path}") for path in (STAGED, EARLIER_TROUBLE)]
    return all(there) and not any(unusual) and os.path.getsize(f"{root}/{SETTINGS}") > 0


def _on_card(root: str, run: Callable[[list[str]], int]) -> str:
    point = f"{root}/{MOUNT_POINT}"
    os.makedirs(point, mode=0o700, exist_ok=True)
    if run(["mount", "-t", "vfat", "-o", f"ro,{OPTIONS}", f"{root}/{DEVICE}", point]):
        raise OSError("not mounted")
    try:
        return digest(files(point))
    finally:
        run(["umount", point])


def _run(command: list[str]) -> int:
    child = os.posix_spawnp(command[0], command, os.environ)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(MAX_SIZE + 1)


def _write(path: str, content: bytes) -> None:
    """In /run, where a power cut leaves nothing anyway."""
    with open(f"{path}.new", "wb") as file:
        file.write(content)
    os.replace(f"{path}.new", path)
