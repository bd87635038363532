"""What the lab's telephone needs before it starts: accounts, a settings file, directories."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from offhook.service.config import Settings, load
from offhook.service.where import make_private, shared_directory
from offhook.units import Endpoint

USERS: Final = ("1001", "1002", "1003")
"""The first is the drawn telephone's."""
DIAL_PLAN: Final = "(6xxS0|100xS0|xx.|*xx.)"
CARDS: Final = Path("/proc/asound/cards")
_PASSWORD_BYTES: Final = 9


@dataclass(frozen=True, slots=True)
class Household:
    """Where things lie, and who may call."""

    directory: Path
    """For settings, password, call log; created if missing."""
    socket: Path
    """The control socket."""
    passwords: Mapping[str, str]

    @property
    def settings_file(self) -> Path:
        """The settings that are written for the telephone."""
        return self.directory / "offhook.toml"


def new_passwords() -> dict[str, str]:
    """Fresh ones for every run."""
    return {user: secrets.token_urlsafe(_PASSWORD_BYTES) for user in USERS}


def has_sound(cards: Path = CARDS) -> bool:
    """Whether this machine has a sound card."""
    try:
        return "[" in cards.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def settle(household: Household, exchange: Endpoint, *, sound: bool) -> Settings:
    """Write the files and read them as the service does.  Raises OSError, ConfigError."""
    if household.socket.is_relative_to(shared := shared_directory()):
        make_private(shared)
    for directory in (household.directory, household.socket.parent):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = household.directory / "sip-password"
    _write(password, household.passwords[USERS[0]] + "\n")
    _write(household.settings_file, _toml(household, password, exchange, sound))
    return load(household.settings_file, {})


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _toml(household: Household, password: Path, exchange: Endpoint, sound: bool) -> str:
    """JSON strings are TOML strings."""
    device = "default" if sound else "none"
    tables: dict[str, dict[str, object]] = {
        "account": {
            "user": USERS[0],
            "domain": exchange.host,
            "port": exchange.port,
            "display_name": "Drawn telephone",
            "password_file": str(password),
            "expires_s": 120,
        },
        "phone.dialling": {"dial_plan": DIAL_PLAN},
        "board": {"profile": "simulated"},
        "sound": {"capture": device, "playback": device},
        "service": {
            "control_socket": str(household.socket),
            "state_directory": str(household.directory),
        },
    }
    lines = ["# Written anew by `make run`."]
    for name, values in tables.items():
        lines += ["", f"[{name}]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"
