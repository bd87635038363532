"""Settings: one TOML file, closed and range-checked, into small frozen records.

    offhook.toml --tomllib--> tables --schema.Reader, config_tables--> Settings
    password file or credential -------------------------------------> Account.password

The last file that was good is kept in the state directory, and used, loudly, when the present one
is not.  Milliseconds exist only in the file.  The password is never in it: `password.py`.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from offhook.phone.settings import PhoneSettings
from offhook.service import config_tables
from offhook.service.files import write_atomically
from offhook.service.password import DEFAULT_PASSWORD, read_password
from offhook.service.records import NetworkSettings, ServiceSettings, SoundSettings
from offhook.service.schema import ConfigError, Problem, Reader
from offhook.sip.account import Account

__all__ = [
    "DEFAULT_PATH", "ConfigError", "NetworkSettings", "ServiceSettings",
    "Settings", "SoundSettings", "keep", "load", "load_board", "load_or_last_good",
]  # fmt: skip

DEFAULT_PATH: Final = Path("/etc/offhook/offhook.toml")
LAST_GOOD: Final = "last-good.toml"
MAX_SIZE: Final = 65536  # bytes of a settings file


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it."""

    account: Account | None
    """None: the phone is not set up."""
    phone: PhoneSettings
    board: str = "none"
    """Name of a profile in `board/profiles`, the path of a TOML file, or "none"."""
    sound: SoundSettings = field(default_factory=SoundSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    service: ServiceSettings = field(default_factory=ServiceSettings)
    source: Path = DEFAULT_PATH
    written: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)
    """The same as it would be written in the file, every default included."""


def load(path: Path = DEFAULT_PATH, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read and check the file.  Raises `ConfigError` with every problem, not just the first."""
    problems: list[Problem] = []
    document = Reader(str(path), "", _parsed(path), problems)
    settings = _settings(document, path, environment)
    document.finish()
    if problems:
        raise ConfigError(problems)
    return settings


def load_or_last_good(
    path: Path, environment: Mapping[str, str] = os.environ
) -> tuple[Settings, tuple[Problem, ...]]:
    """Like `load`; if that fails: the good file that was kept, and what is wrong with the new."""
    try:
        return load(path, environment), ()
    except ConfigError as error:
        kept = default_state_directory(environment) / LAST_GOOD
        if not kept.exists():
            raise
        try:
            return load(kept, environment), error.problems
        except ConfigError:
            raise error from None


def load_board(path: Path, environment: Mapping[str, str] = os.environ) -> str:
    """Which board alone, from the file or the last good one; needs no password.

    For whoever silences the outputs after the phone has gone: systemd hides the credential then.
    Raises `ConfigError`.
    """
    try:
        return _board(path)
    except ConfigError as error:
        try:
            return _board(default_state_directory(environment) / LAST_GOOD)
        except ConfigError:
            raise error from None


def _board(path: Path) -> str:
    problems: list[Problem] = []
    table = Reader(str(path), "", _parsed(path), problems).table("board")
    name = config_tables.board(table)
    if problems:
        raise ConfigError(problems)
    return name


def keep(settings: Settings) -> None:
    """Keep a copy of the file the phone has started with.  Raises `OSError`."""
    kept = settings.service.state_directory / LAST_GOOD
    content = settings.source.read_bytes()
    if settings.source != kept and not (kept.exists() and kept.read_bytes() == content):
        write_atomically(kept, content)


def default_state_directory(environment: Mapping[str, str]) -> Path:
    """The directory that systemd made for us, or where it would."""
    given = environment.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else ServiceSettings().state_directory


def _parsed(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SIZE + 1)
    except OSError as error:
        remedy = "Copy deploy/offhook.toml there and fill in [account]."
        raise ConfigError(
            [Problem(str(path), "", "", f"cannot be read: {error.strerror}", remedy)]
        ) from error
    if len(content) > MAX_SIZE:
        raise ConfigError(
            [
                Problem(
                    str(path), "", "", f"is larger than {MAX_SIZE} bytes", "Is it the right file?"
                )
            ]
        )
    try:
        return tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        what = f"is not TOML: {error}"
        raise ConfigError([Problem(str(path), "", "", what, "Mend the line it names.")]) from error


def _settings(document: Reader, path: Path, environment: Mapping[str, str]) -> Settings:
    return Settings(
        account=_account(document.table("account"), environment),
        phone=config_tables.phone(document.table("phone")),
        board=config_tables.board(document.table("board")),
        sound=config_tables.sound(document.table("sound")),
        network=config_tables.network(document.table("network")),
        service=config_tables.service(
            document.table("service"), default_state_directory(environment)
        ),
        source=path,
        written=document.taken,
    )


def _account(table: Reader, environment: Mapping[str, str]) -> Account | None:
    """None: there is no such table, or it still has the empty strings it is delivered with."""
    if not table.entries or table.entries.get("user") == table.entries.get("domain") == "":
        return None
    return config_tables.account(table, _password(table, environment))


def _password(account: Reader, environment: Mapping[str, str]) -> str:
    path = config_tables.password_file(account, DEFAULT_PASSWORD)
    try:
        return read_password(path, environment)
    except ConfigError as error:
        account.problems.extend(error.problems)
        return ""
