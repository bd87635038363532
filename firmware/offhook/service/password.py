"""The account's password: from a systemd credential, else from a file that only we can read.

Never from the settings file (which people mail to each other), the environment or the command line
(which `ps` and `systemctl show` tell everybody).
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from offhook.service.schema import ConfigError, Problem

CREDENTIAL: Final = "sip-password"
DEFAULT_PASSWORD: Final = Path("/etc/offhook/sip-password")
"""What the unit hands to us as that credential."""
MAX_LENGTH: Final = 1024  # bytes of a password file


def read_password(path: Path, environment: Mapping[str, str], owner: int | None = None) -> str:
    """The password, without the line end.  Raises `ConfigError`.

    `environment` may hold CREDENTIALS_DIRECTORY, which wins if the credential is there; else
    `path`, which must be a regular file of `owner` (us) that group and others cannot read.
    """
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    if credentials and os.path.lexists(Path(credentials) / CREDENTIAL):
        return _content(Path(credentials) / CREDENTIAL, None)
    return _content(path, os.geteuid() if owner is None else owner)


def _content(path: Path, owner: int | None) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        remedy = _ROOT if isinstance(error, PermissionError) else _CREATE.format(path)
        raise _fault(path, f"cannot be read: {error.strerror}", remedy) from error
    try:
        _refuse_others(path, os.fstat(descriptor), owner)
        content = os.read(descriptor, MAX_LENGTH + 1)
    finally:
        os.close(descriptor)
    return _checked(path, content)


def _refuse_others(path: Path, status: os.stat_result, owner: int | None) -> None:
    """Not for a credential (`owner` None): its owner and mode are systemd's affair."""
    if not stat.S_ISREG(status.st_mode):
        raise _fault(path, "is not a regular file", _CREATE.format(path))
    if owner is None:
        return
    if status.st_uid != owner:
        remedy = f"Run: chown {owner} {path}"
        raise _fault(path, f"belongs to user {status.st_uid}, the phone runs as {owner}", remedy)
    if (mode := stat.S_IMODE(status.st_mode)) & 0o077:
        raise _fault(path, f"has mode {mode:04o}: others can read it", f"Run: chmod 0600 {path}")


def _checked(path: Path, content: bytes) -> str:
    try:
        text = content.removesuffix(b"\n").removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        raise _fault(path, "is not text in UTF-8", _WRITE) from error
    if not text or len(content) > MAX_LENGTH or not text.isprintable():
        what = f"must hold the password alone, on one line of at most {MAX_LENGTH} bytes"
        raise _fault(path, what, _WRITE)
    return text


_WRITE: Final = f"Write the password (of the service: into {DEFAULT_PASSWORD}) on one line."
_ROOT: Final = "Only root may read it; look as root: sudo offhook config check"
_CREATE: Final = "Put the password into {0} and run: chmod 0600 {0}"


def _fault(path: Path, what: str, remedy: str) -> ConfigError:
    return ConfigError([Problem(str(path), "", "", what, remedy)])
