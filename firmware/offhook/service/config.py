"""Settings: one TOML file, closed and range-checked, into the small frozen records that each part gets.

Schema, defaults and ranges: `schema.py` and `config_tables.py`.  Milliseconds exist only in the file.  The
password is never in it: `secrets_file.py`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from offhook.notes import Severity
from offhook.phone.settings import PhoneSettings
from offhook.sip.account import Account

DEFAULT_PATH: Final = Path("/etc/offhook/offhook.toml")


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """`[sound]`: what replaces the board profile's choice of card."""

    capture: str = ""
    """ALSA name; empty: the board profile's, "none": a silent clock."""
    playback: str = ""


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """`[network]`."""

    sip_port: int = 0
    """Local UDP port; 0: a random one, chosen at each start."""
    rtp_first: int = 16384
    rtp_last: int = 16583
    address: str = ""
    """Local address; empty: the one that leads to the server."""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """`[service]`."""

    control_socket: Path = Path("/run/offhook/control")
    state_directory: Path = Path("/var/lib/offhook")
    log_level: Severity = Severity.INFO
    calls_kept: int = 500


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it."""

    account: Account
    phone: PhoneSettings
    board: str
    """Name of a profile in `board/profiles`, or the path of a TOML file."""
    sound: SoundSettings = SoundSettings()
    network: NetworkSettings = NetworkSettings()
    service: ServiceSettings = ServiceSettings()
    source: Path = DEFAULT_PATH


def load(path: Path = DEFAULT_PATH) -> Settings:
    """Read and check the file.  Raises `schema.ConfigError` with every problem found, not just the first."""
    raise NotImplementedError
