"""Updates of the arm64 image: to a second bundle, away from a broken one, cut off in between."""

import os
import random
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from image.arm64 import Phone, Running, flash, needs_arm64_image, settings, until
from image.bundles import Works
from image.exchange import exchange_behind
from image.shell import Key

pytestmark = needs_arm64_image

CUTS = int(os.environ.get("OFFHOOK_CUTS", "3"))
SEED = int(os.environ.get("OFFHOOK_SEED", "20261122"))
INSTALL = 900.0  # seconds
GOOD = 240.0  # seconds from the login until a slot is good
ON_PHONE = "/data/home/admin/update.raucb"
INIT = "/usr/lib/offhook/preinit"
SOUND = "modules_load=snd-aloop"
"""A system on trial must give dial tone to be good, for which it needs a card."""


@dataclass(slots=True)
class Life:
    """A phone and what was made for it."""

    phone: Phone
    newer: Path
    broken: Path
    install_takes: float = 60.0
    """Seconds, as measured by the first update."""


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    directory = tmp_path_factory.mktemp("life")
    disk = flash(directory, more=SOUND)
    works = Works.at(directory)
    root = works.root_of(disk)
    newer = works.variant(root, "newer", works.release(root, "0.2.0"))
    broken = works.variant(
        root, "broken", {**works.release(root, "0.3.0"), INIT: b"#!/bin/sh\nexit 1\n"}
    )
    key = Key.make(directory)
    with exchange_behind() as exchange:
        disk.put("offhook.toml", settings(exchange, key))
        yield Life(
            Phone(disk, exchange, key, directory),
            works.bundle(newer, "newer", "0.2.0", "arm64"),
            works.bundle(broken, "broken", "0.3.0", "arm64"),
        )


def _install(running: Running, bundle: Path) -> float:
    """Seconds that it took."""
    running.shell.put(ON_PHONE, bundle.read_bytes())
    began = running.machine.age
    running.shell.run(f"sudo offhook update --yes --now {ON_PHONE}", patience=INSTALL)
    return running.machine.age - began


def _works(running: Running, slot: str) -> None:
    """It gives dial tone, is registered, and is good for good."""
    until(lambda: running.registered, GOOD, "registration")
    assert running.slot == slot
    until(lambda: running.variables[f"BOOT_{slot}_LEFT"] == "3", GOOD, "good slot")


def test_a_newer_bundle_goes_into_the_other_slot_and_starts(life: Life) -> None:
    with life.phone.on() as running:
        _works(running, "A")
        life.install_takes = _install(running, life.newer)
        assert running.slot == "A"
        assert running.variables["BOOT_ORDER"] == "B A"
        again = life.phone.restarted(running, "sudo systemctl reboot")
        _works(again, "B")
        assert "IMAGE_VERSION=0.2.0" in again.shell.run("cat /etc/os-release")
        again.power_off()


def test_a_bundle_whose_system_panics_is_left_for_the_one_before(life: Life) -> None:
    with life.phone.on() as running:
        _works(running, "B")
        _install(running, life.broken)
        assert running.variables["BOOT_ORDER"] == "A B"
        again = life.phone.restarted(running, "sudo systemctl reboot")
        console = again.machine.console
        assert console.count("offhook: slot A of A B") == 3
        _works(again, "B")
        again.power_off()


def test_whatever_moment_of_an_update_the_power_goes_the_phone_starts(life: Life) -> None:
    """Each time it is switched on again it must be a telephone, in one slot or the other."""
    moments = random.Random(SEED)
    with life.phone.on() as running:
        running.shell.put(ON_PHONE, life.newer.read_bytes())
        running.power_off()
    for number in range(CUTS):
        with life.phone.on() as running:
            until(lambda: running.registered, GOOD, "registration")
            until(lambda: running.variables[f"BOOT_{running.slot}_LEFT"] == "3", GOOD, "good")
            after = moments.uniform(0.0, life.install_takes)
            _cut_during_update(running, after)
        print(f"cut {number + 1} after {after:.1f} s of {life.install_takes:.0f}")  # noqa: T201
    with life.phone.on() as running:
        until(lambda: running.registered, GOOD, "registration")
        assert running.shell.run("systemctl --failed --plain --no-legend") == ""
        running.power_off()


def _cut_during_update(running: Running, after: float) -> None:
    def install() -> None:
        running.shell.try_run(f"sudo offhook update --yes --now {ON_PHONE}", patience=INSTALL)

    installing = threading.Thread(target=install)
    installing.start()
    installing.join(after)
    running.machine.cut()
    subprocess.run(running.shell.words("-O", "exit"), capture_output=True, check=False, timeout=60)
    installing.join()
