"""Boots with a card: what is taken over, what is told, and what a power cut cannot spoil."""

import contextlib
import json
import os
import socket
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from offhook.appliance import changes, provision
from offhook.appliance.card import DEVICE, MOUNT_POINT, Folder, mounted
from offhook.appliance.changes import Staged
from offhook.appliance.exits import DISK, DONE, FAILED, REFUSED
from offhook.appliance.takeover import Takeover
from support.phone_card import GOOD, Disk, PowerCut, new_disk, power_until

WIFI = '[wifi]\nssid = "Home"\npassword = "a passphrase"\n'
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO1mmSHAP9/mRqDq9cEMDfNTyzNpBhGKtsuKjpCOu9Lo me"
OTHER = GOOD.replace('"200"', '"201"').replace("hunter2", "swordfish") + f'[ssh]\nkey = "{KEY}"\n'


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return new_disk(tmp_path)


@pytest.fixture
def used(disk: Disk) -> Disk:
    """It has been a good phone for a while."""
    disk.write(GOOD + WIFI)
    assert disk.boot() == DONE
    return disk


class TestGood:
    def test_files_and_modes(self, used: Disk) -> None:
        picture = used.picture()
        assert picture["data/offhook/etc/sip-password"].startswith("600 ")
        assert picture["data/network/wpa_supplicant-wlan0.conf"].startswith("600 ")
        assert picture["data/offhook/etc/offhook.toml"].startswith("644 ")
        assert picture["data/localtime"] == "-> /usr/share/zoneinfo/Etc/UTC"
        assert used.trouble == ""

    def test_the_secrets_are_gone_from_the_card_and_the_file_kept_its_place(
        self, disk: Disk
    ) -> None:
        disk.write(GOOD + WIFI)
        before = disk.settings.stat()
        disk.boot()
        after = disk.settings.stat()
        assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)
        text = disk.settings.read_text()
        assert "hunter2" not in text
        assert "a passphrase" not in text
        assert "# from the exchange" in text
        assert tomllib.loads(text)["wifi"] == {"ssid": "Home", "password": ""}

    def test_no_secret_is_kept_where_it_is_not_needed(self, used: Disk) -> None:
        holders = {
            name for name, content in used.picture().items()
            if "hunter2" in content or "a passphrase" in content
        }  # fmt: skip
        assert holders == {"data/offhook/etc/sip-password"}
        assert "hunter2" not in used.report

    def test_the_report_is_for_windows_and_says_what_was_taken(self, used: Disk) -> None:
        lines = used.report.split("\r\n")
        assert lines[0] == "offhook.toml: taken over."
        assert "\n" not in "".join(lines)
        assert any("200 at pbx.example.org, new password" in line for line in lines)
        assert any("erased here" in line for line in lines)

    def test_the_next_boot_writes_nothing(self, used: Disk) -> None:
        with pytest.MonkeyPatch.context() as patch, power_until(patch, 0) as steps:
            assert used.boot() == DONE
        assert steps == []

    def test_an_edit_keeps_the_passwords_that_are_blank(self, used: Disk) -> None:
        key = used.data("network/wpa_supplicant-wlan0.conf")
        used.write(used.settings.read_text().replace('"200"', '"201"'))
        assert used.boot() == DONE
        assert "201" in used.data("offhook/etc/offhook.toml")
        assert used.data("offhook/etc/sip-password").startswith("hunter2")
        assert used.data("network/wpa_supplicant-wlan0.conf") == key
        assert "password kept" in used.report

    def test_what_the_next_file_leaves_out_goes(self, used: Disk) -> None:
        used.write(GOOD)
        used.boot()
        assert not (used.root / "data/network/wpa_supplicant-wlan0.conf").exists()

    def test_windows_hides_txt(self, disk: Disk) -> None:
        (disk.card / "Offhook.toml.txt").write_text(GOOD)
        assert disk.boot() == DONE
        assert "Windows hides the .txt" in disk.report
        assert "hunter2" not in (disk.card / "Offhook.toml.txt").read_text()

    def test_a_name_takes_effect_at_once_but_only_on_the_real_system(
        self, disk: Disk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names: list[str] = []
        monkeypatch.setattr(socket, "sethostname", names.append)
        disk.write(GOOD + '[system]\nhostname = "Kitchen"\n')
        disk.boot()
        assert disk.data("hostname") == "kitchen\n"
        assert names == []


class TestNotSetUp:
    def test_without_a_file_the_phone_can_start_and_says_so(self, disk: Disk) -> None:
        assert disk.boot() == DONE
        assert disk.trouble == "3\n"
        assert tomllib.loads(disk.data("offhook/etc/offhook.toml"))["board"]
        assert disk.picture()["data/offhook/etc/sip-password"] == "600 b''"

    def test_an_empty_file_made_by_preinit_is_replaced(self, disk: Disk) -> None:
        path = disk.root / "data/offhook/etc/offhook.toml"
        path.parent.mkdir(parents=True)
        path.touch()
        disk.boot()
        assert "handset-v1" in path.read_text()

    def test_a_key_alone_lets_somebody_in(self, disk: Disk) -> None:
        disk.write(f'[board]\nprofile = "none"\n[ssh]\nkey = "{KEY}"\n')
        assert disk.boot() == DONE
        assert disk.trouble == "3\n"
        assert disk.data("ssh/authorized_keys/admin").endswith(f"{KEY}\n")
        assert "there is no account" in disk.report

    def test_it_is_told_again_at_the_next_boot(self, disk: Disk) -> None:
        disk.boot()
        disk.boot()
        assert disk.trouble == "3\n"

    def test_a_file_taken_away_later_changes_nothing(self, used: Disk) -> None:
        used.settings.unlink()
        settings = used.data("offhook/etc/offhook.toml")
        assert used.boot() == DONE
        assert (used.data("offhook/etc/offhook.toml"), used.trouble) == (settings, "")


class TestWrong:
    WRONG = GOOD.replace('user = "200"', 'user = "2 0"') + '[phone]\ncontry = "DE"\n'

    def test_nothing_changes_and_every_problem_is_told(self, used: Disk) -> None:
        before = used.data("offhook/etc/offhook.toml")
        used.write(self.WRONG)
        assert used.boot() == REFUSED
        assert used.data("offhook/etc/offhook.toml") == before
        assert used.settings.read_text() == self.WRONG
        assert used.trouble == "2\n"
        assert "offhook.toml: 2 problems.  Nothing was changed.  The last good" in used.report
        assert '1. account.user = "2 0"\r\n   does not have the right form.\r\n' in used.report
        assert 'Did you mean "country"?' in used.report
        assert "serial number" in used.report

    def test_it_is_told_at_every_boot_until_it_is_mended(self, used: Disk) -> None:
        used.write(self.WRONG)
        used.boot()
        with pytest.MonkeyPatch.context() as patch, power_until(patch, 0) as steps:
            assert used.boot() == REFUSED
        assert steps[1:] == ["fchmod", "fsync", "replace", "fsync"]  # the code, in memory
        assert used.trouble == "2\n"
        used.write(GOOD)
        assert used.boot() == DONE
        assert used.trouble == ""

    def test_the_very_first_file(self, disk: Disk) -> None:
        disk.write(self.WRONG.replace("handset-v1", "none"))
        assert disk.boot() == REFUSED
        assert tomllib.loads(disk.data("offhook/etc/offhook.toml")) == {
            "board": {"profile": "none"}
        }
        assert "not set up yet" in disk.report
        disk.write(GOOD)
        assert disk.boot() == DONE
        assert "handset-v1" in disk.data("offhook/etc/offhook.toml")

    def test_two_files(self, used: Disk) -> None:
        (used.card / "offhook.toml.txt").write_text(GOOD)
        assert used.boot() == REFUSED
        assert "there are offhook.toml and offhook.toml.txt" in used.report

    def test_the_journal_has_every_problem(
        self, used: Disk, capfd: pytest.CaptureFixture[str]
    ) -> None:
        used.write(self.WRONG)
        used.boot()
        said = capfd.readouterr().err
        assert said.count("settings file wrong") == 2
        assert "hunter2" not in said


class TestCard:
    def test_a_card_that_cannot_be_written_is_told_and_tried_again(
        self, disk: Disk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        disk.write(GOOD)
        with monkeypatch.context() as patch:
            patch.setattr(Folder, "overwrite", _read_only)
            patch.setattr(Folder, "report", _read_only)
            assert disk.boot() == DONE
            assert "secrets not erased" in capfd.readouterr().err
        assert disk.data("offhook/etc/sip-password").startswith("hunter2")
        assert "hunter2" in disk.settings.read_text()
        assert disk.boot() == DONE
        assert "hunter2" not in disk.settings.read_text()

    def test_a_report_that_cannot_be_written_does_no_harm(
        self, used: Disk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        used.write("[")
        monkeypatch.setattr(Folder, "report", _read_only)
        assert used.boot() == REFUSED
        assert used.trouble == "2\n"

    def test_no_partition(self, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(provision, "CARD_TIME", 0.0)
        assert provision.run(disk.root) == FAILED
        assert disk.trouble == "4\n"
        assert disk.data("offhook/etc/offhook.toml")  # it can start all the same

    def test_a_partition_that_cannot_be_mounted(self, disk: Disk) -> None:
        device = disk.root / DEVICE
        device.parent.mkdir(parents=True)
        device.write_bytes(b"no file system")
        assert provision.run(disk.root) == DISK
        assert disk.trouble == "4\n"

    def test_what_preinit_found_goes_first(self, disk: Disk) -> None:
        earlier = disk.root / "run/offhook-preinit/trouble"
        earlier.parent.mkdir(parents=True)
        earlier.write_text("5\n")
        disk.boot()
        assert disk.trouble == "5\n"

    @pytest.mark.parametrize("content", ["", "x", "a b c", "a 1", "ü 0 0"])
    def test_a_memory_that_is_damaged_is_none(self, used: Disk, content: str) -> None:
        (used.root / "data/provision/seen").write_text(content)
        settings = used.data("offhook/etc/offhook.toml")
        assert used.boot() == DONE
        assert used.data("offhook/etc/offhook.toml") == settings


class TestTheRealSystem:
    """What only `/` has, put in its place."""

    def test_the_partition_is_mounted_when_it_is_there(
        self, disk: Disk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def tool(command: Sequence[str]) -> None:
            said.append(command[0])

        said: list[str] = []
        monkeypatch.setattr(provision, "mounted", lambda root: mounted(root, tool))
        device = disk.root / DEVICE
        device.parent.mkdir(parents=True)
        device.touch()
        point = disk.root / MOUNT_POINT
        point.mkdir(parents=True)
        (point / "offhook.toml").write_text(GOOD)
        assert provision.run(disk.root) == DONE
        assert said == ["mount", "mount", "mount", "umount"]  # for the secrets, for the report
        assert provision.run(disk.root) == DONE
        assert said[4:] == ["mount", "umount"]

    def test_a_partition_that_comes_late_is_waited_for(
        self, disk: Disk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        device = disk.root / DEVICE
        device.parent.mkdir(parents=True)
        monkeypatch.setattr(time, "sleep", lambda _: device.touch())
        monkeypatch.setattr(
            provision, "mounted", lambda _: contextlib.nullcontext(Folder(disk.card))
        )
        assert provision.run(disk.root) == DONE

    def test_the_name_is_set_now(self, monkeypatch: pytest.MonkeyPatch) -> None:
        names: list[str] = []
        monkeypatch.setattr(socket, "sethostname", names.append)
        monkeypatch.setattr(changes, "apply", lambda *_: None)
        Takeover(Path("/"))._apply(Staged((), hostname="kitchen"))
        assert names == ["kitchen"]

    def test_a_board_that_is_none_is_told(self, disk: Disk) -> None:
        disk.write(GOOD.replace("handset-v1", "handset-v9"))
        assert disk.boot() == REFUSED
        assert "board.profile = handset-v9" in disk.report
        assert "Choose from: none, handset-v1" in disk.report


def _read_only(*_: object) -> None:
    raise OSError(30, os.strerror(30))


class TestPowerCut:
    """The plug is pulled at each step in turn; the boot after it ends as if nothing had been."""

    @pytest.mark.parametrize("before", [None, GOOD + WIFI], ids=["first", "later"])
    @pytest.mark.parametrize("text", [GOOD + WIFI, OTHER], ids=["wifi", "other"])
    def test_of_taking_over(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str | None, text: str
    ) -> None:
        expected = new_disk(tmp_path / "expected")
        steps = _run(expected, before, text)
        assert len(steps) >= 20
        for step in range(1, len(steps) + 1):
            disk = new_disk(tmp_path / str(step))
            if before is not None:
                disk.write(before)
                disk.boot()
            disk.write(text)
            with power_until(monkeypatch, step), pytest.raises(PowerCut):
                disk.boot()
            assert _whole(disk)
            assert disk.boot() == DONE
            leftovers = [name for name in disk.picture() if name.endswith((".new", "staged.json"))]
            picture = {k: v for k, v in disk.picture().items() if k not in leftovers}
            assert picture == expected.picture(), f"step {step}: {steps[step - 1]}"
            assert "data/provision/staged.json" not in leftovers

    def test_of_a_refusal(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        expected = new_disk(tmp_path / "expected")
        steps = _run(expected, GOOD, "[")
        for step in range(1, len(steps) + 1):
            disk = new_disk(tmp_path / str(step))
            disk.write(GOOD)
            disk.boot()
            disk.write("[")
            with power_until(monkeypatch, step), pytest.raises(PowerCut):
                disk.boot()
            assert disk.boot() == REFUSED
            left = {k: v for k, v in disk.picture().items() if not k.endswith(".new")}
            assert left == expected.picture()

    def test_then_a_new_edit_wins_over_what_was_staged(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        steps = _run(new_disk(tmp_path / "whole"), None, GOOD)
        erasing = steps.index("pwrite") + 1
        disk = new_disk(tmp_path / "cut")
        disk.write(GOOD)
        with power_until(monkeypatch, erasing), pytest.raises(PowerCut):
            disk.boot()
        disk.write(OTHER)
        assert disk.boot() == DONE
        assert disk.data("offhook/etc/sip-password").startswith("swordfish")
        assert "swordfish" not in disk.settings.read_text()

    def test_a_staged_file_that_is_damaged_is_forgotten(self, used: Disk) -> None:
        (used.root / "data/provision/staged.json").write_text(json.dumps({"changes": 5}))
        assert used.boot() == DONE
        assert not (used.root / "data/provision/staged.json").exists()


def _run(disk: Disk, before: str | None, text: str) -> list[str]:
    """The steps of a boot that nothing interrupts."""
    if before is not None:
        disk.write(before)
        disk.boot()
    disk.write(text)
    with pytest.MonkeyPatch.context() as patch, power_until(patch, 0) as steps:
        disk.boot()
    return steps


def _whole(disk: Disk) -> bool:
    """No file of the phone is half: each is TOML, or has its one line."""
    settings = disk.root / "data/offhook/etc/offhook.toml"
    if settings.exists():
        tomllib.loads(settings.read_text())
    password = disk.root / "data/offhook/etc/sip-password"
    return not password.exists() or password.read_text() == "" or password.read_text()[-1] == "\n"
