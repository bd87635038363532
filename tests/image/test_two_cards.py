"""Two cards of one image are two phones; a damaged data partition is repaired or made anew."""

import os

import pytest

from image.cards import key_pair, settings
from image.disk import MIB, Disk
from image.uml import End, Report, boot, flash, needs_image

pytestmark = needs_image


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> tuple[Disk, Report]:
    """A card that nobody edits at first; its phone booted twice."""
    directory = tmp_path_factory.mktemp("card")
    disk = flash(directory)
    disk = flash(directory, disk.size + 256 * MIB)
    _, public = key_pair(directory)
    given = {"settings": settings(public)}
    report = boot(disk, "cards:empty", seconds=120, restarts=1, arguments=given)
    assert "crashed" not in report.findings, report.console
    assert (len(report.boots), report.end) == (2, End.POWERED_OFF), report.console
    return disk, report


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A second card of the same image, edited before; only until it knows who it is."""
    directory = tmp_path_factory.mktemp("other")
    disk = flash(directory)
    disk.put("offhook.toml", settings(key_pair(directory)[1]))
    return boot(disk, "cards:keyed", seconds=120)


def test_a_phone_without_settings_runs_and_listens_to_nobody(card: tuple[Disk, Report]) -> None:
    empty = card[1].found("empty")
    assert (empty["state"], empty["failed"]) == ("running", [])
    assert empty["sockets"] == []


def test_sshd_is_off_until_a_key_is_given(card: tuple[Disk, Report]) -> None:
    empty, given = card[1].found("empty"), card[1].found("with key")
    assert (empty["sshd"], empty["host key"]) == ("inactive", "")
    assert given["sshd"] == "active"
    assert given["host key"].startswith("ssh-ed25519 ")
    assert ["tcp", "0.0.0.0", "22", "sshd"] in given["sockets"]  # noqa: S104  # what is looked for


def test_two_cards_are_two_phones(card: tuple[Disk, Report], other: Report) -> None:
    one = card[1].found("with key")
    for name in ("machine-id", "hostname", "host key"):
        assert one[name], name
        assert one[name] != other.found(name), name


def test_a_lost_superblock_is_repaired_and_the_phone_stays_itself(
    card: tuple[Disk, Report],
) -> None:
    disk, report = card
    disk.scribble(4, bytes(4096))
    repaired = boot(disk, "cards:who", seconds=90)
    for name in ("machine-id", "host key", "password"):
        assert repaired.found(name) == report.found("with key")[name], name
    assert repaired.found("trouble") == ""


def test_a_data_partition_beyond_repair_is_made_anew(
    card: tuple[Disk, Report],
) -> None:
    disk, report = card
    disk.scribble(4, os.urandom(MIB) * (disk.partition(4).size // MIB))
    anew = boot(disk, "cards:who", seconds=90)
    assert anew.found("machine-id") not in ("", report.found("with key")["machine-id"])
    assert anew.found("trouble") == "5"
    assert anew.found("password") == 0
