"""Where the control socket lies: that of the service, or of `make run` on this machine."""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from offhook.service.records import ServiceSettings

PRIVATE: Final = 0o700
_WRITABLE: Final = 0o022  # by others than its owner


class NotOursError(PermissionError):
    """A directory that everybody may make was made by somebody else."""


def control_socket(environment: Mapping[str, str] = os.environ) -> Path:
    """The one that `OFFHOOK_CONTROL` names, else the service's, else the lab's if that is there."""
    if told := environment.get("OFFHOOK_CONTROL"):
        return Path(told).absolute()
    service, lab = ServiceSettings().control_socket, lab_socket(environment)
    return lab if _trusted(lab) and lab.exists() and not service.exists() else service


def lab_socket(environment: Mapping[str, str] = os.environ) -> Path:
    """Where `make run` puts it: in the user's own directory for such things."""
    if told := environment.get("OFFHOOK_CONTROL"):
        return Path(told).absolute()
    runtime = environment.get("XDG_RUNTIME_DIR") or shared_directory()
    return Path(runtime) / "offhook" / "control"


def shared_directory() -> Path:
    """In place of a missing XDG_RUNTIME_DIR: a name that anybody on this machine could take."""
    return Path(f"/tmp/offhook-{os.getuid()}")  # noqa: S108  # `make_private` sees to it


def make_private(directory: Path) -> None:
    """Create it for us alone, or see that it is.  Raises `NotOursError`, `OSError`."""
    with suppress(FileExistsError):
        directory.mkdir(mode=PRIVATE)
    if not is_ours(directory):
        raise NotOursError(
            f"{directory} is not a directory that only we can write to (somebody else may have "
            "made it). Remove it, or set XDG_RUNTIME_DIR to a directory of your own"
        )
    directory.chmod(PRIVATE)


def is_ours(directory: Path) -> bool:
    """A directory, no link to one, that we own and nobody else can write to."""
    found = directory.lstat()
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == os.getuid()
        and not found.st_mode & _WRITABLE
    )


def _trusted(lab: Path) -> bool:
    shared = shared_directory()
    return not lab.is_relative_to(shared) or (shared.exists() and is_ours(shared))
