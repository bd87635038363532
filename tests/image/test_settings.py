"""A card with a settings file in a phone: wrong, mended, wrong again; and the plug pulled."""

import os
import random
import subprocess
from pathlib import Path
from typing import Final

import pytest

from image.cards import key_pair
from image.disk import DATA, FAT
from image.uml import Cut, Disk, End, Report, boot, flash, needs_image

pytestmark = needs_image

PASSWORD: Final = "Xq7-hunter2-Zw9"  # noqa: S105
PASSPHRASE: Final = "Yk3-passphrase-Vb5"  # noqa: S105
GOOD: Final = f"""\
[account]
user = "200"
domain = "192.0.2.1"
password = "{PASSWORD}"   # from the exchange

[board]
profile = "none"
[sound]
capture = "none"
playback = "none"
[wifi]
ssid = "Home"
password = "{PASSPHRASE}"
[system]
hostname = "kitchen"
time_zone = "Europe/Berlin"
"""
WRONG: Final = GOOD.replace("[wifi]", "[wfi]").replace(PASSWORD, "").replace(PASSPHRASE, "")
CUTS: Final = int(os.environ.get("OFFHOOK_CUTS", "4"))


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> tuple[Disk, list[Report], list[str], str]:
    """Three boots of one card; where its settings file lay before the second and after."""
    directory = tmp_path_factory.mktemp("settings")
    disk, (_, public) = flash(directory), key_pair(directory)
    disk.put("offhook.toml", WRONG)
    reports = [boot(disk, "settings:look")]
    texts = [_report(disk)]
    disk.put("offhook.toml", f'{GOOD}[ssh]\nkey = "{public}"\n')
    lay = [_clusters(disk)]
    reports.append(boot(disk, "settings:look"))
    texts.append(_report(disk))
    lay.append(_clusters(disk))
    left = disk.get("offhook.toml")
    assert left is not None
    disk.put("offhook.toml", left.decode().replace('"200"', "200"))
    reports.append(boot(disk, "settings:look"))
    texts.append(_report(disk))
    assert all(report.end is End.POWERED_OFF for report in reports), reports[-1].console
    return disk, reports, texts, "" if lay[0] == lay[1] else str(lay)


Life = tuple[Disk, list[Report], list[str], str]


def _report(disk: Disk) -> str:
    return (disk.get("offhook-report.txt") or b"").decode()


def _clusters(disk: Disk) -> str:
    """Where the file lies on the FAT partition."""
    offset = disk.partition(FAT).start
    return subprocess.run(
        ["mshowfat", "-i", f"{disk.path}@@{offset}", "::offhook.toml"],
        check=True, capture_output=True, text=True, env={**os.environ, "MTOOLS_SKIP_CHECK": "1"},
    ).stdout  # fmt: skip


def _raw(disk: Disk, number: int) -> bytes:
    part = disk.partition(number)
    with disk.path.open("rb") as file:
        file.seek(part.start)
        return file.read(part.size)


def test_a_wrong_first_file_is_told_in_the_earpiece_the_report_and_the_journal(life: Life) -> None:
    first, text = life[1][0], life[2][0]
    assert first.found("lifted")["tone"] == first.found("later")["tone"] == "code_2"
    assert first.found("set up") is False
    assert first.found("trouble") == "2"
    assert 'Did you mean "wifi"?' in text
    assert text.count("\r\n") == text.count("\n") > 8
    assert "settings file wrong" in first.found("journal")


def test_wrong_settings_are_no_failure_of_the_system(life: Life) -> None:
    for report in life[1]:
        assert report.found("failed") == []
        assert report.found("state") == "running"
        assert report.found("unit")["ActiveState"] == "active"


def test_mended_it_is_a_phone(life: Life) -> None:
    second = life[1][1]
    assert second.found("lifted") == {
        "state": "dial tone", "tone": "dial", "display": "Dial", "trouble": "",
    }  # fmt: skip
    assert second.found("set up") is True
    assert second.found("trouble") == ""
    assert (second.found("hostname"), second.found("zone")) == ("kitchen", "CEST")
    assert "taken over" in life[2][1]


def test_every_file_is_root_s_and_secrets_are_root_s_alone(life: Life) -> None:
    data = life[1][1].found("data")
    assert data["offhook/etc/sip-password"] == f"600 0 {PASSWORD}\n"
    assert data["network/wpa_supplicant-wlan0.conf"].startswith("600 0 ")
    assert data["offhook/etc/offhook.toml"].startswith("644 0 ")
    assert data["ssh/authorized_keys/admin"].startswith("644 0 ")
    assert data["localtime"] == "-> /usr/share/zoneinfo/Europe/Berlin"


def test_no_block_of_the_card_has_a_secret_that_is_not_needed(life: Life) -> None:
    boot_partition, data = _raw(life[0], FAT), _raw(life[0], DATA)
    assert PASSWORD.encode() not in boot_partition
    assert PASSPHRASE.encode() not in boot_partition
    assert PASSPHRASE.encode() not in data
    assert PASSWORD.encode() in data


def test_the_file_was_blanked_where_it_lay(life: Life) -> None:
    assert life[3] == ""


def test_a_later_mistake_keeps_the_last_good_settings(life: Life) -> None:
    second, third = life[1][1], life[1][2]
    assert third.found("data") == second.found("data")
    assert third.found("lifted")["tone"] == "code_2"
    assert third.found("later") == {"state": "dial tone", "tone": "dial"}
    assert "account.user = 200" in life[2][2]
    assert "The last good settings stay in use" in life[2][2]


def test_the_card_is_mounted_only_for_the_moment(life: Life) -> None:
    assert [report.found("card mounted") for report in life[1]] == [False] * 3


@pytest.mark.parametrize("number", range(CUTS))
def test_the_plug_may_be_pulled_at_any_moment_of_it(tmp_path: Path, number: int) -> None:
    chance = random.Random(number)
    disk = flash(tmp_path)
    disk.put("offhook.toml", GOOD)
    masked = "systemd.mask=offhook-provision.service"
    after = Cut(chance.uniform(0.2, 1.6), marker="IMG-MARK provisioning")
    boot(disk, "settings:take_over", cut=after, extra=masked)
    settled = boot(disk, "settings:settle")
    data = settled.found("data")
    assert data["offhook/etc/sip-password"] == f"600 0 {PASSWORD}\n"
    assert 'user = "200"' in data["offhook/etc/offhook.toml"]
    assert data["hostname"] == "644 0 kitchen\n"
    assert settled.found("trouble") == ""
    assert settled.found("left") == ["seen"]
    assert PASSWORD not in (disk.get("offhook.toml") or b"").decode()
    assert "taken over" in _report(disk)


def test_the_key_sequence_makes_a_new_phone(tmp_path: Path) -> None:
    disk = flash(tmp_path)
    disk.put("offhook.toml", GOOD)
    report = boot(disk, "settings:reset_by_keys", seconds=150, restarts=1)
    assert len(report.boots) == 2, report.console
    after = report.found("after")
    assert after["offhook/etc/sip-password"] == "600 0 "
    assert "200" not in after["offhook/etc/offhook.toml"]
