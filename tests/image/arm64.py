"""The image, flashed; the telephone that it becomes in QEMU; and what a person does with it."""

import base64
import itertools
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from image.disk import ROOT, Disk
from image.qemu import Machine, needs_emulator, start
from image.shell import Key, Shell
from support.lab_exchange import PASSWORD, USER, LabExchange

BANNER: Final = "U-Boot 20"
CARD: Final = 4 << 30
"""Bytes; QEMU's SD card wants a power of two."""
PATIENCE: Final = 600.0
"""Seconds that a boot may take under emulation, on a busy machine; quiet, it is 60 to 100."""
SETTINGS: Final = """\
[account]
user = "{user}"
domain = "{domain}"
port = {port}
password = "{password}"
[phone]
country = "DE"
[board]
profile = "none"
[sound]
capture = "hw:Loopback,0,0"
playback = "hw:Loopback,0,0"
[ssh]
key = "{key}"
[system]
time_zone = "Europe/Berlin"
"""

_PATIENT: Final = "[Service]\nTimeoutStartSec=300\nTimeoutStopSec=60\nWatchdogSec=60\n"
"""The emulator on a busy machine is slower than any board."""
_WAITED_FOR: Final = ("offhookd", "offhook-provision")


def patience() -> str:
    """Kernel arguments that say so, as credentials for systemd; nothing in the image is changed."""
    drop_in = base64.b64encode(_PATIENT.encode()).decode()
    name = "systemd.set_credential_binary=systemd.unit-dropin.{}.service:{}"
    return " ".join(name.format(unit, drop_in) for unit in _WAITED_FOR)


def built() -> Path | None:
    """The image that `make image` left, packed; None: there is none."""
    named = os.environ.get("OFFHOOK_IMAGE_ARM64")
    found = [Path(named)] if named else sorted((ROOT / "build").glob("offhook-*-arm64.img.xz"))
    return found[-1] if found and found[-1].exists() else None


needs_arm64_image: Final = [
    pytest.mark.image_arm64,
    pytest.mark.timeout(7200),
    needs_emulator,
    pytest.mark.skipif(built() is None, reason="no build/offhook-*-arm64.img.xz: make image"),
]


@cache
def _unpacked(packed: Path, directory: Path) -> Path:
    path = directory / "image.img"
    with path.open("wb") as file:
        subprocess.run(["xz", "-dc", "-T0", packed], stdout=file, check=True)
    subprocess.run(["fallocate", "--dig-holes", path], check=True)
    return path


def flash(directory: Path, name: str = "card", more: str = "") -> Disk:
    """A fresh card in `directory`; the image is unpacked beside it once.

    `more` goes to the kernel's arguments.
    """
    packed = built()
    assert packed is not None
    path = directory / f"{name}.img"
    card = Disk(_unpacked(packed, directory)).copy(path)
    os.truncate(path, CARD)
    card.put("boot.txt", f"extra={patience()} {more}\n")
    return card


def settings(exchange: LabExchange, key: Key, password: str = PASSWORD) -> str:
    """What a person writes into offhook.toml."""
    return SETTINGS.format(
        user=USER, domain=exchange.host, port=exchange.port, password=password, key=key.public
    )


def until(holds: Callable[[], bool], patience: float, what: str) -> None:
    """Wait for it; seconds of patience."""
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, f"no {what} within {patience} s"
        time.sleep(0.5)


@dataclass(slots=True)
class Phone:
    """A telephone with a card in it, a line to an exchange, and somebody's key."""

    disk: Disk
    exchange: LabExchange
    key: Key
    directory: Path
    boots: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def on(self, patience: float = PATIENCE) -> Iterator["Running"]:
        """Switched on, and reachable; off without a word at the end."""
        with start(self.disk, network=True) as machine:
            running = self.connect(machine, patience)
            try:
                yield running
            finally:
                running.shell.close()

    def restarted(self, running: "Running", command: str) -> "Running":
        """Let it restart by this command, and log in again."""
        starts = running.machine.console.count(BANNER)
        running.shell.try_run(command)
        running.shell.close()
        running.machine.wait_for(BANNER, PATIENCE, times=starts + 1)
        return self.connect(running.machine, 2 * PATIENCE)

    def connect(self, machine: Machine, patience: float = PATIENCE) -> "Running":
        """Log in, for the first time since it started."""
        shell = Shell(machine, self.key, self.directory / f"ssh{next(self.boots)}")
        began = machine.age
        return Running(machine, shell, shell.wait(patience) - began)


@dataclass(frozen=True, slots=True)
class Running:
    """One that is on."""

    machine: Machine
    shell: Shell
    login_after: float
    """Seconds from power, or from when it was told to restart, to the login."""

    @property
    def slot(self) -> str:
        """The one it runs from."""
        words = self.shell.run("cat /proc/cmdline").split()
        return next(word.removeprefix("rauc.slot=") for word in words if "rauc.slot" in word)

    @property
    def variables(self) -> dict[str, str]:
        """U-Boot's, as Debian's tool reads them."""
        lines = self.shell.run("sudo fw_printenv").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def properties(self, unit: str, *names: str) -> dict[str, str]:
        """Of a unit of systemd."""
        lines = self.shell.run(["systemctl", "show", unit, *(f"--property={n}" for n in names)])
        return dict(line.split("=", 1) for line in lines.splitlines())

    def status(self) -> dict[str, Any]:
        """`offhook status`."""
        found: dict[str, Any] = self.shell.json("offhook --json status")
        return found

    @property
    def registered(self) -> bool:
        """Whether it says so; while it starts it says nothing."""
        done = self.shell.try_run("offhook --json status")
        return done.returncode == 0 and json.loads(done.stdout)["registered"] is True

    def power_off(self) -> str:
        """In order; the console."""
        self.shell.try_run("sudo systemctl poweroff")
        return self.machine.wait_off(PATIENCE)
