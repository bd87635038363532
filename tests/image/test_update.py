"""Updates of the booted image: taken, refused, on trial, rolled back, cut off at any moment."""

import hashlib
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from image import environment, uboot
from image.board import BOARD
from image.bundles import Works, damaged
from image.camera import Camera, Moment, Shot, held
from image.disk import MIB, Disk
from image.uml import End, Report, Watch, boot, flash, needs_image

pytestmark = [*needs_image, pytest.mark.long, pytest.mark.timeout(1800)]

CUTS: Final = int(os.environ.get("OFFHOOK_CUTS", "5"))
SEED: Final = int(os.environ.get("OFFHOOK_SEED", "3"))
CARD: Final = 4 << 30
INSTALLING: Final = b"IMG-MARK installing"
OFFERED: Final = b"IMG-MARK offered"
STARTING: Final = b"IMG-MARK on trial"
PATIENT: Final = 400.0  # seconds: a laden machine
OLD, NEW = "0.1.0", "0.2.0"
SLOTS: Final = {"A": 2, "B": 3}


@dataclass(frozen=True, slots=True)
class Stall:
    """What there is to install."""

    works: Works
    old: Path
    """Root file systems."""
    new: Path
    bundle: Path
    stick: Path


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stall]:
    works = Works.at(tmp_path_factory.mktemp("bundles"))
    old = works.root_of(flash(works.directory, CARD))
    assert f"IMAGE_VERSION={OLD}".encode() in works.read(old, "/usr/lib/os-release")
    new = works.variant(old, "new-root", works.release(old, NEW))
    bundle = works.bundle(new, "new", NEW)
    yield Stall(works, old, new, bundle, works.stick("new", bundle))
    for path in works.directory.glob("*.*"):
        path.unlink()


def play(
    disk: Disk,
    stick: Path,
    scenario: str,
    restarts: int = 0,
    watch: Watch | None = None,
    **more: object,
) -> Report:
    """Boot with a stick plugged in."""
    return boot(
        disk, scenario, seconds=PATIENT, restarts=restarts, extra=f"{BOARD} ubd1={stick}",
        arguments=more, watch=watch,
    )  # fmt: skip


def digest(path: Path, start: int, size: int) -> str:
    total = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(start)
        while size > 0:
            block = file.read(min(size, MIB))
            total.update(block.ljust(min(size, MIB), b"\0"))
            size -= MIB
    return total.hexdigest()


def slot_digest(disk: Disk, slot: str) -> str:
    part = disk.partition(SLOTS[slot])
    return digest(disk.path, part.start, part.size)


def root_digest(path: Path) -> str:
    return digest(path, 0, path.stat().st_size)


# --- a good one, watched --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Journey:
    """One update, from the stick that was found to a system that is good, and its power cuts."""

    report: Report
    disk: Disk
    shots: list[Shot]


def moments(count: int) -> list[Moment]:
    """Seeded, over all of it: while the bundle is read, while it is written, while it is tried."""
    dice = random.Random(SEED)
    found = []
    for number in range(count):
        share = (number + dice.random()) / count
        if share < 0.15:
            found.append(Moment(INSTALLING, seconds=60 * share))
        elif share < 0.8:
            found.append(Moment(INSTALLING, seconds=0.5, written=0.97 * (share - 0.15) / 0.65))
        else:
            found.append(Moment(STARTING, seconds=30 * (share - 0.8)))
    return found


@pytest.fixture(scope="module")
def journey(stall: Stall, tmp_path_factory: pytest.TempPathFactory) -> Journey:
    directory = tmp_path_factory.mktemp("journey")
    disk = flash(directory, CARD)
    changes = min(CUTS // 4 + 1, 4)  # so many there are: two slots' words, U-Boot's, good
    camera = Camera(disk, directory, moments(CUTS - changes), stall.new.stat().st_size,
                    changes, INSTALLING)  # fmt: skip
    report = play(disk, stall.stick, "update:journey", 1, watch=camera)
    print("\n".join(shot.when for shot in camera.shots))  # noqa: T201  # which, when one fails
    return Journey(report, disk, camera.shots)


def test_an_update_boots_into_the_other_slot_and_is_found_good(journey: Journey) -> None:
    report = journey.report
    assert report.found("code") == 0, report.found("said")
    assert report.slots == "AB"
    assert report.found("left")["version"] == OLD
    arrived = report.found("arrived")
    assert (arrived["slot"], arrived["version"]) == ("B", NEW)
    assert arrived["read_only"]
    counters = {"BOOT_ORDER": "B A", "BOOT_A_LEFT": "3", "BOOT_B_LEFT": "3"}
    assert journey.disk.variables() == counters


def test_the_phone_finds_the_bundle_on_a_usb_stick_by_itself(journey: Journey) -> None:
    assert f"/run/offhook-usb/new.raucb: version {NEW}" in journey.report.found("said")


def test_until_it_is_good_it_has_three_tries_and_the_old_one_stays_behind_it(
    journey: Journey,
) -> None:
    variables = journey.report.found("installed")["variables"]
    assert variables["BOOT_ORDER"] == "B A"
    assert variables["BOOT_B_LEFT"] == "3"


def test_an_update_leaves_the_running_system_as_it_is_and_writes_the_new_one_whole(
    journey: Journey, stall: Stall
) -> None:
    assert slot_digest(journey.disk, "A") == root_digest(stall.old)
    assert slot_digest(journey.disk, "B") == root_digest(stall.new)


# --- refused ------------------------------------------------------------------------------------

REFUSALS: Final = {
    "stranger": "The signature is not of whoever makes this phone's images",
    "other-board": "The bundle is for offhook-arm64, this phone is offhook-amd64",
    "older": "goes back to nothing older than 0.1.0",
    "flipped": "The bundle is damaged",
    "flipped-signature": "The signature is not of whoever",
    "truncated": "",
    "half": "",
    "empty": "",
}


@dataclass(frozen=True, slots=True)
class Offered:
    """One boot with all the bad ones, and at last a good one from a server."""

    report: Report
    before: Disk
    disk: Disk


@pytest.fixture(scope="module")
def offered(stall: Stall, tmp_path_factory: pytest.TempPathFactory) -> Offered:
    works = stall.works
    small = works.small()
    size = stall.bundle.stat().st_size
    files = [
        works.with_other_keys().bundle(small, "stranger", NEW),
        works.bundle(small, "other-board", NEW, arch="arm64"),
        works.bundle(small, "older", "0.0.9"),
        damaged(stall.bundle, "flipped", flip=0.6),
        damaged(stall.bundle, "flipped-signature", flip=1 - 30 / size),
        damaged(stall.bundle, "truncated", keep=1 - 4096 / size),
        damaged(stall.bundle, "half", keep=0.5),
        damaged(stall.bundle, "empty", keep=0.0),
    ]
    disk = flash(tmp_path_factory.mktemp("offered"), CARD)
    before = disk.copy(disk.path.with_name("before.img"))
    after: list[Disk] = []

    def look(process: int, console: bytes) -> None:
        if not after and OFFERED in console:
            with held(process):
                after.append(disk.copy(disk.path.with_name("after.img")))

    stick = works.stick("bad", *files, stall.bundle)
    report = play(disk, stick, "update:offered", watch=look, good="new.raucb")
    assert after, report.console
    return Offered(report, before, after[0])


@pytest.mark.parametrize("name", REFUSALS)
def test_refused(offered: Offered, name: str) -> None:
    told = offered.report.found(name)
    assert told["code"] != 0
    assert REFUSALS[name] in told["said"], told["said"]


def test_a_refused_bundle_changes_nothing(offered: Offered) -> None:
    assert set(REFUSALS) <= set(offered.report.findings)
    for slot in SLOTS:
        assert slot_digest(offered.disk, slot) == slot_digest(offered.before, slot)
    first, then = offered.report.found("before"), offered.report.found("after")
    assert first["slots"] == then["slots"]
    for name in ("BOOT_ORDER", "BOOT_B_LEFT"):
        assert offered.disk.variables()[name] == offered.before.variables()[name]


def test_a_bundle_is_installed_straight_from_a_server(offered: Offered) -> None:
    """By RAUC's own reader, which is nobody's; nothing is stored in between."""
    streamed = offered.report.found("streamed")
    assert streamed["code"] == 0, streamed["said"]
    assert streamed["installed"]["variables"]["BOOT_ORDER"] == "B A"
    assert streamed["missing"] != 0
    assert "The server has no such file" in streamed["words"]


# --- rolled back --------------------------------------------------------------------------------


def test_a_system_that_does_not_start_is_tried_three_times_and_left_unattended(
    stall: Stall, tmp_path: Path
) -> None:
    works = stall.works
    files = {**works.release(stall.old, NEW), "/usr/lib/offhook/preinit": b"#!/bin/sh\nexit 1\n"}
    bundle = works.bundle(works.variant(stall.old, "broken-root", files), "broken", NEW)
    disk = flash(tmp_path, CARD)
    left = play(disk, works.stick("broken", bundle), "update:journey", bundle="broken.raucb",
                good=False)  # fmt: skip
    assert left.found("code") == 0, left.found("said")
    report = play(disk, works.stick("none"), "update:trial", 5, home="A")
    assert report.slots == "BBBA"
    assert [each.end for each in report.boots[:3]] == [End.PANICKED] * 3
    assert report.found("look")["version"] == OLD
    assert disk.variables()["BOOT_B_LEFT"] == "0"


@pytest.mark.skipif(CUTS < 20, reason="long: make test-image does it")
def test_a_system_in_which_the_phone_gets_never_ready_is_given_up_unattended(
    stall: Stall, tmp_path: Path
) -> None:
    """Its own patience is cut from five minutes to some seconds, so that this ends today."""
    works = stall.works
    there = "/usr/lib/offhook/offhook/appliance"
    text = works.read(stall.old, f"{there}/good.py")
    assert b"PATIENCE: Final = Seconds(300)" in text
    files = {
        **works.release(stall.old, NEW),
        f"{there}/good.py": text.replace(b"= Seconds(300)", b"= Seconds(5)"),
        f"{there}/__pycache__/good.cpython-313.pyc": None,
        "/usr/bin/offhookd": b"#!/bin/sh\nexec sleep 1000\n",
    }
    bundle = works.bundle(works.variant(stall.old, "silent-root", files), "silent", NEW)
    disk = flash(tmp_path, CARD)
    left = play(disk, works.stick("silent", bundle), "update:journey", bundle="silent.raucb",
                good=False)  # fmt: skip
    assert left.found("code") == 0, left.found("said")
    report = play(disk, works.stick("none"), "update:trial", 5, home="A")
    assert report.slots == "BBBA"
    assert [each.end for each in report.boots[:3]] == [End.RESTARTED] * 3


# --- cut off ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(CUTS))
def test_power_cut_during_an_update(journey: Journey, stall: Stall, number: int) -> None:
    """Old or new, it boots and is good; the next update works; nothing is half."""
    assert len(journey.shots) > number, f"only {len(journey.shots)} cuts were made"
    shot = journey.shots[number]
    roots = {OLD: root_digest(stall.old), NEW: root_digest(stall.new)}
    first = uboot.choose(shot.disk.copy(shot.disk.path.with_suffix(".look")).path)
    report = play(shot.disk, stall.stick, "update:journey", bundle="new.raucb")
    left = report.found("left")
    assert left["slot"] == first.slot, shot.when
    assert slot_digest(shot.disk, left["slot"]) == roots[left["version"]], shot.when
    assert "rw" in left["data"].split()[1].split(","), shot.when
    assert report.found("code") == 0, (shot.when, report.found("said"))
    other = {"A": "B", "B": "A"}[left["slot"]]
    assert slot_digest(shot.disk, other) == roots[NEW], shot.when
    variables = environment.read(shot.disk.path)
    assert variables["BOOT_ORDER"].split()[0] == other, shot.when
    assert variables[f"BOOT_{other}_LEFT"] == "3", shot.when
    assert variables[f"BOOT_{left['slot']}_LEFT"] == "3", shot.when
