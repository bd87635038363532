"""The look at the card that every boot begins with: it agrees with the proper one, or leaves it."""

import shutil
from pathlib import Path

import pytest

from offhook.appliance import quick
from offhook.appliance.quick import look
from support.phone_card import GOOD, Disk, new_disk


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """A good phone, its card in place."""
    disk = new_disk(tmp_path)
    disk.write(GOOD)
    disk.boot()
    device = tmp_path / quick.DEVICE
    device.parent.mkdir(parents=True)
    device.touch()
    return disk


def quickly(disk: Disk, status: int = 0) -> int | None:
    """`look`, with a mount that copies."""
    point = disk.root / quick.MOUNT_POINT

    def run(command: list[str]) -> int:
        said.append(command[0])
        if command[0] == "mount":
            assert command[4].startswith("ro,")
            shutil.copytree(disk.card, point, dirs_exist_ok=True)
        else:
            shutil.rmtree(point)
        return status

    said: list[str] = []
    code = look(str(disk.root), run)
    assert said in ([], ["mount"], ["mount", "umount"])
    return code


def test_nothing_new_is_done_at_once(disk: Disk) -> None:
    assert quickly(disk) == 0
    assert disk.trouble == ""


def test_what_was_wrong_is_told_again(disk: Disk) -> None:
    disk.write("[")
    disk.boot()
    (disk.root / quick.TROUBLE).unlink()
    assert quickly(disk) == 1
    assert disk.trouble == "2\n"


def test_so_is_that_there_is_no_account(disk: Disk) -> None:
    disk.write('[board]\nprofile = "none"\n')
    disk.boot()
    (disk.root / quick.TROUBLE).unlink()
    assert quickly(disk) == 0
    assert disk.trouble == "3\n"


@pytest.mark.parametrize("path", [quick.DEVICE, quick.SETTINGS, quick.PASSWORD, quick.SEEN])
def test_what_is_missing_is_looked_at_properly(disk: Disk, path: str) -> None:
    (disk.root / path).unlink()
    assert quickly(disk) is None


@pytest.mark.parametrize("path", [quick.STAGED, quick.EARLIER_TROUBLE])
def test_so_is_what_is_there_but_seldom(disk: Disk, path: str) -> None:
    (disk.root / path).parent.mkdir(exist_ok=True)
    (disk.root / path).touch()
    assert quickly(disk) is None


def test_so_are_an_edit_another_name_and_a_second_file(disk: Disk) -> None:
    disk.settings.rename(disk.card / "offhook.toml.txt")
    assert quickly(disk) is None
    shutil.copy(disk.card / "offhook.toml.txt", disk.settings)
    assert quickly(disk) is None
    (disk.card / "offhook.toml.txt").unlink()
    assert quickly(disk) == 0
    disk.write(GOOD)
    assert quickly(disk) is None


def test_so_are_secrets_that_could_not_be_erased(disk: Disk) -> None:
    seen = disk.root / quick.SEEN
    seen.write_text(seen.read_text().replace(" 0\n", " 1\n"))
    assert quickly(disk) is None


@pytest.mark.parametrize("content", ["", "x", "a b c d"])
def test_so_is_a_memory_that_is_damaged(disk: Disk, content: str) -> None:
    (disk.root / quick.SEEN).write_text(content)
    assert quickly(disk) is None


def test_so_is_a_card_that_cannot_be_mounted(disk: Disk) -> None:
    assert quickly(disk, status=32) is None


def test_a_mount_that_fails_is_seen_by_its_status(disk: Disk) -> None:
    assert look(str(disk.root)) is None  # mount(8) itself refuses an empty file
