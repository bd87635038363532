"""Small files between the phone and the image's helpers, which have the rights that it has not.

    read     the trouble they found at boot, a number: beeped in the earpiece
    written  peers.json: whom the firewall may let through
             factory-reset: the key sequence was dialled

The helpers are `offhook.appliance`.  Without them, on an ordinary system, nothing reads these.
"""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from offhook.service.files import write_atomically
from offhook.units import Seconds

TROUBLE: Final = "/run/offhook-provision/trouble"
PEERS: Final = "peers.json"
RESET_TIME: Final = Seconds(60)
"""After power-on."""


@dataclass(frozen=True, slots=True)
class Handover:
    """Where they lie, by the environment that systemd gives us."""

    environment: Mapping[str, str]

    def trouble(self) -> int:
        """What the helpers found; 0: nothing, or there are none."""
        path = Path(self.environment.get("OFFHOOK_TROUBLE", TROUBLE))
        try:
            with path.open("rb") as file:
                content = file.read(16).strip()
        except OSError:
            return 0
        return int(content) if content.isdigit() and content.isascii() else 0

    def reset_window(self, now: Seconds) -> Seconds | None:
        """Until when the key sequence is heard; None: not on this system, or no more."""
        left = RESET_TIME - time.clock_gettime(time.CLOCK_BOOTTIME)
        return Seconds(now + left) if self._reset and left > 0 else None

    def reset(self) -> None:
        """Ask for the factory reset.  Raises `OSError`."""
        if self._reset:
            write_atomically(Path(self._reset), b"")

    def peers(self, addresses: Iterable[str], port: int | None) -> None:
        """Tell whom the phone trusts, and where it listens.  Raises `OSError`."""
        directory = self.environment.get("RUNTIME_DIRECTORY", "").split(":")[0]
        if directory and Path(directory).is_dir():
            document = {"ports": [port] if port else [], "peers": sorted(addresses)}
            write_atomically(Path(directory) / PEERS, json.dumps(document).encode())

    @property
    def _reset(self) -> str:
        return self.environment.get("OFFHOOK_FACTORY_RESET", "")
