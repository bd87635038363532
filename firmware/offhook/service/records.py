"""The parts of the settings that belong to the service itself."""

from dataclasses import dataclass
from pathlib import Path

from offhook.notes import Severity


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
