"""The power goes while the phone writes its call log and its settings."""

import os
import random
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from image.camera import Camera, Moment, Shot
from image.disk import DATA, MIB
from image.guest.writing import LOG, SETTINGS, settings
from image.uml import Cut, End, boot, flash, needs_image

pytestmark = [*needs_image, pytest.mark.timeout(900)]

CUTS: Final = int(os.environ.get("OFFHOOK_CUTS", "5"))
SEED: Final = int(os.environ.get("OFFHOOK_SEED", "3"))
LASTS: Final = 15.0  # seconds of writing
WRITING: Final = b"IMG-MARK writing"


@pytest.fixture(scope="module")
def cuts(tmp_path_factory: pytest.TempPathFactory) -> list[Shot]:
    directory = tmp_path_factory.mktemp("writing")
    disk = flash(directory)
    dice = random.Random(SEED)
    moments = [
        Moment(WRITING, seconds=LASTS * 0.9 * (number + dice.random()) / CUTS)
        for number in range(CUTS)
    ]
    camera = Camera(disk, directory, moments, 0)
    lasts = {"seconds": LASTS + 4 * CUTS}  # copying counts in the guest's time too
    report = boot(disk, "writing:busy", seconds=400, arguments=lasts, watch=camera,
                  cut=Cut(0, "IMG-MARK done"))  # fmt: skip
    assert report.end is End.CUT, report.console
    assert len(camera.shots) == CUTS
    return camera.shots


@pytest.mark.parametrize("number", range(CUTS))
def test_no_written_call_and_no_written_setting_is_lost(
    cuts: list[Shot], tmp_path: Path, number: int
) -> None:
    """After preinit's repair: nothing half, and nothing missing that was said to be written."""
    shot = cuts[number]
    told = [int(each) for each in re.findall(rb"IMG-MARK written (\d+)\r?\n", shot.console)]
    written = max(told, default=0)  # at least: the console runs behind the machine
    data = _repaired(shot, tmp_path)
    kept = _taken(data, SETTINGS, tmp_path)
    last = int(kept.read_text().split()[2]) if kept.stat().st_size else 0
    assert last >= written, shot.when
    assert kept.read_bytes() == (settings(last) if last else b""), shot.when
    calls = _calls(data, tmp_path)
    assert calls == list(range(1, len(calls) + 1)), shot.when
    assert last <= len(calls) <= last + 1, shot.when


def _calls(data: Path, directory: Path) -> list[int]:
    """Numbers of the logged calls; none where there is no log yet."""
    log = _taken(data, LOG, directory)
    for suffix in ("-wal", "-shm"):
        _taken(data, LOG.with_name(LOG.name + suffix), directory)
    with closing(sqlite3.connect(log)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'calls'").fetchall():
            return []
        return [int(row[0]) for row in database.execute("SELECT party FROM calls ORDER BY id")]


def _repaired(shot: Shot, directory: Path) -> Path:
    """The data partition, after e2fsck has replayed its journal."""
    part, path = shot.disk.partition(DATA), directory / "data.ext4"
    words = ["dd", f"if={shot.disk.path}", f"of={path}", "bs=1M", "conv=sparse", "status=none"]
    words += [f"skip={part.start // MIB}", f"count={part.size // MIB}"]
    subprocess.run(words, check=True)
    os.truncate(path, part.size)
    assert subprocess.run(["/usr/sbin/e2fsck", "-fp", path], check=False).returncode <= 1, shot.when
    again = subprocess.run(["/usr/sbin/e2fsck", "-fn", path], check=False, capture_output=True)
    assert again.returncode == 0, (shot.when, again.stdout)
    return path


def _inside(path: Path) -> str:
    return f"/{path.relative_to('/data')}"


def _taken(image: Path, path: Path, directory: Path) -> Path:
    """A copy of a file of the data partition; empty where there is none."""
    local = directory / path.name
    local.touch()
    _debugfs(image, f"dump {_inside(path)} {local}")
    return local


def _debugfs(image: Path, request: str) -> str:
    words = ["/usr/sbin/debugfs", "-R", request, str(image)]
    return subprocess.run(words, capture_output=True, check=True, text=True).stdout
