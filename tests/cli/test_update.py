"""`offhook update`: what speaks against it, what RAUC is told, what people are told."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from offhook.cli import update
from offhook.cli.client import ClientError
from offhook.cli.doctor.board import Power
from offhook.cli.doctor.finding import Phone
from offhook.cli.doctor.slots import Slot, Slots
from offhook.cli.machine import Machine, Ran, Space
from offhook.cli.main import main
from offhook.cli.update import source
from offhook.cli.update.checks import Facts, against
from offhook.cli.update.words import meaning
from support import pi
from support.recorded import ROOMY, machine, programs

INFO = json.dumps({"compatible": "offhook-arm64", "version": "0.2.0", "description": "Offhook"})
GOES_WELL = "\n".join(
    ["installing", "  0% Installing", " 20% Checking bundle done.", " 60% Copying image to root.1",
     "100% Installing done.", "idle", "Installing `x` succeeded"]
)  # fmt: skip


def fails(*said: str) -> Ran:
    """`rauc install` that ends so."""
    return Ran(1, "\n".join(["installing", "100% Installing failed.", *said,
                             "idle", "Installing `x` failed"]))  # fmt: skip


def rauc(root: Path, install: str | Ran = GOES_WELL, **changes: str | Ran) -> Machine:
    """A healthy Pi whose RAUC does so."""
    answers: Mapping[str, str | Ran] = {
        **pi.ANSWERS, "rauc info": INFO, "rauc install": install, "systemctl reboot": "",
        **{key.replace("_", " "): value for key, value in changes.items()},
    }  # fmt: skip
    return machine(root / "machine", pi.FILES, answers)


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    path = tmp_path / "offhook-0.2.0-arm64.raucb"
    path.write_bytes(b"hsqs")
    return str(path)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> "type[_Use]":
    _Use.patch = monkeypatch
    return _Use


class _Use:
    """Puts a made-up machine, and a made-up phone, where the real one is looked for."""

    patch: pytest.MonkeyPatch

    def __init__(self, made: Machine, phone: Phone = pi.PHONE) -> None:
        self.patch.setattr(update, "Machine", lambda: made)
        self.patch.setattr(update, "ask", lambda _socket, _machine: phone)


class TestTheCommand:
    """From the words to RAUC."""

    def test_a_good_bundle_is_installed_and_what_follows_is_told(
        self, tmp_path: Path, bundle: str, use: type[_Use], capsys: pytest.CaptureFixture[str]
    ) -> None:
        made = rauc(tmp_path)
        use(made)
        assert main(["update", bundle, "--yes"]) == 0
        told = capsys.readouterr().out
        assert "version 0.2.0, Offhook (this phone runs 0.1.0)" in told
        assert " 60%  Copying image to root.1\n" in told
        assert "goes\nback to this one by itself" in told
        assert "systemctl reboot" not in programs(made).ran
        assert f"rauc install {bundle}" in programs(made).ran

    def test_restart_now_restarts(self, tmp_path: Path, bundle: str, use: type[_Use]) -> None:
        made = rauc(tmp_path)
        use(made)
        assert main(["update", bundle, "--yes", "--restart", "now"]) == 0
        assert programs(made).ran[-1] == "systemctl reboot"

    def test_restart_idle_waits_until_nobody_uses_the_phone(
        self, tmp_path: Path, bundle: str, use: type[_Use], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made, waited = rauc(tmp_path), list[float]()
        use(made)
        phones = [pi.PHONE, pi.phone(lifted=True), pi.phone(calls=[{"party": "600"}]), pi.PHONE]
        monkeypatch.setattr(update, "ask", lambda _socket, _machine: phones.pop(0))
        monkeypatch.setattr("time.sleep", waited.append)
        assert main(["update", bundle, "--yes", "--restart", "idle"]) == 0
        assert len(waited) == 2
        assert programs(made).ran[-1] == "systemctl reboot"

    def test_others_than_root_are_told_the_command(
        self, tmp_path: Path, use: type[_Use], capsys: pytest.CaptureFixture[str]
    ) -> None:
        use(machine(tmp_path, uid=1000))
        assert main(["update", "x.raucb"]) == 4
        assert "sudo offhook update" in capsys.readouterr().err

    def test_during_a_call_it_is_refused_politely_and_now_overrules(
        self, tmp_path: Path, bundle: str, use: type[_Use], capsys: pytest.CaptureFixture[str]
    ) -> None:
        made = rauc(tmp_path)
        use(made, pi.phone(calls=[{"party": "600", "state": "up"}]))
        assert main(["update", bundle, "--yes"]) == 1
        told = capsys.readouterr()
        assert "A call is going on" in told.out
        assert "--now" in told.err
        assert not any(each.startswith("rauc install") for each in programs(made).ran)
        assert main(["update", bundle, "--yes", "--now"]) == 0

    def test_without_anybody_to_answer_nothing_is_installed(
        self, tmp_path: Path, bundle: str, use: type[_Use], capsys: pytest.CaptureFixture[str]
    ) -> None:
        made = rauc(tmp_path)
        use(made)
        assert main(["update", bundle]) == 1
        assert "--yes" in capsys.readouterr().err
        assert not any(each.startswith("rauc install") for each in programs(made).ran)

    def test_a_bundle_of_another_is_refused_before_anything_is_asked(
        self, tmp_path: Path, bundle: str, use: type[_Use], capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = "signature verification failed: Verify error: self-signed certificate"
        made = rauc(tmp_path, rauc_info=Ran(1, "", f"rauc-Message: Reading\n{words}\n"))
        use(made)
        assert main(["update", bundle]) == 1
        told = capsys.readouterr().err
        assert "signature is not of whoever makes" in told
        assert told.endswith(f"  {words}\n")

    def test_raucs_refusal_is_told_in_plain_words_and_its_own(
        self, tmp_path: Path, bundle: str, use: type[_Use], capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = "Version mismatch: Expected at least '0.1.0' but bundle manifest has '0.0.9'"
        use(rauc(tmp_path, fails(f"LastError: {words}")))
        assert main(["update", bundle, "--yes"]) == 1
        assert capsys.readouterr().err.splitlines() == [
            "offhook: not installed.  The bundle is version 0.0.9; this phone goes back to nothing "
            "older than 0.1.0.",
            f"  {words}",
        ]

    def test_why_a_server_was_not_read_from_is_looked_up_in_the_journal(
        self, tmp_path: Path, use: type[_Use], capsys: pytest.CaptureFixture[str]
    ) -> None:
        last = "LastError: failed to configure streaming: server not responding"
        curl = "request failed: SSL peer certificate or SSH remote key was not OK (retrying 4/5)"
        use(rauc(tmp_path, fails(last), journalctl=json.dumps({"MESSAGE": curl})))
        assert main(["update", "https://updates.example.org/x.raucb", "--yes"]) == 1
        told = capsys.readouterr().err
        assert "judged by the clock" in told
        assert "SSL peer certificate or SSH remote key was not OK\n" in told

    def test_status_shows_both_slots_and_what_failed(
        self, tmp_path: Path, use: type[_Use], capsys: pytest.CaptureFixture[str]
    ) -> None:
        bus = "de.pengutronix.rauc / de.pengutronix.rauc.Installer"
        get = f"busctl --json=short get-property {bus}"
        answers = {
            f"{get} Operation": '{"type":"s","data":"idle"}',
            f"{get} LastError": '{"type":"s","data":"dm-verity: hash mismatch"}',
        }
        use(machine(tmp_path, pi.FILES, {**pi.ANSWERS, **answers}))
        assert main(["update", "--status"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            "slot  version  state               installed",
            "A     0.1.0    good, 3 tries left  2026-11-20T10:00:00Z  runs next",
            "B     0.1.0    good, 3 tries left  2026-11-20T10:00:00Z",
            "last update failed.  The bundle is damaged: fetch it again.  If it stays so, the card "
            "or stick is.",
            "  dm-verity: hash mismatch",
        ]

    def test_without_rauc_it_says_what_is_missing(
        self, tmp_path: Path, bundle: str, use: type[_Use], capsys: pytest.CaptureFixture[str]
    ) -> None:
        use(machine(tmp_path / "plain"))
        assert main(["update", bundle, "--yes"]) == 1
        assert "no RAUC here" in capsys.readouterr().err

    def test_whoever_stops_looking_is_told_that_it_goes_on(
        self, tmp_path: Path, bundle: str, use: type[_Use], capsys: pytest.CaptureFixture[str]
    ) -> None:
        def interrupted(_words: Sequence[str]) -> Iterator[str]:
            yield " 40% Copying image to root.1"
            raise KeyboardInterrupt

        use(replace(rauc(tmp_path), stream=interrupted))
        assert main(["update", bundle, "--yes"]) == 1
        assert "RAUC goes on by itself" in capsys.readouterr().err


class TestAgainst:
    """Reasons not to."""

    GOOD = Slots(True, slots=(Slot("A", booted=True, good=True, tries=3), Slot("B", good=True)))

    def facts(self, **changes: object) -> Facts:
        given: dict[str, object] = {
            "phone": pi.PHONE, "power": Power(), "slots": self.GOOD, "space": ROOMY, **changes
        }  # fmt: skip
        return Facts(**given)  # type: ignore[arg-type]

    def test_nothing_speaks_against_a_healthy_phone(self) -> None:
        assert list(against(self.facts())) == []

    def test_a_phone_that_does_not_answer_may_be_mended_by_an_update(self) -> None:
        assert list(against(self.facts(phone=Phone(silent="no answer")))) == []

    @pytest.mark.parametrize("power", [Power(alarm=True), Power(throttled=1)])
    def test_low_voltage(self, power: Power) -> None:
        (reason,) = against(self.facts(power=power))
        assert "voltage is too low" in reason

    def test_low_voltage_long_ago_is_no_reason(self) -> None:
        assert list(against(self.facts(power=Power(throttled=0x10000, dips=3)))) == []

    def test_a_system_on_trial_must_not_overwrite_the_way_back(self) -> None:
        trial = Slots(True, slots=(Slot("A", booted=True, trial=True), Slot("B")))
        (reason,) = against(self.facts(slots=trial))
        assert "on trial" in reason

    def test_a_full_data_partition(self) -> None:
        (reason,) = against(self.facts(space=Space(100 << 20, 1 << 20)))
        assert "full" in reason


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Compatible mismatch: Expected 'offhook-arm64' but bundle manifest has 'other'",
         "for other, this phone is offhook-arm64"),
        ("Version mismatch: Expected at least '0.1.0' but bundle manifest has no version",
         "has no version"),
        ("Already processing a different method", "Another update is running"),
        ("SSL certificate problem: certificate is not yet valid", "offhook doctor"),
        ("Slot (1342177280 bytes) is too small for image (1400000000 bytes).", "write the new"),
        ("Could not resolve host: updates.example.org", "doctor (dns)"),
        ("Failed to connect to 192.0.2.1 port 443: Connection refused", "doctor (network)"),
        ("not found: https://updates.example.org/x.raucb", "no such file"),
        ("received http error 503", "HTTP 503"),
        ("Failed to stream bundle https://h/x.raucb: not found: unexpected HTTP response code 404",
         "no such file (HTTP 404)"),
        ("Invalid bundle format: Signature size (114496290277291) exceeds bundle size",
         "only a part of one"),
        ("device-mapper: verity: 254:0: data block 3 is corrupted", "damaged"),
        ("Error calling D-Bus method InstallBundle: connection is closed", "status rauc"),
        ("something new", ""),
    ],
)  # fmt: skip
def test_what_rauc_says_in_plain_words(said: str, words: str) -> None:
    told = meaning(["installing", said])
    assert words in told
    assert bool(told) == bool(words)


class TestSource:
    """Files, servers, sticks."""

    @pytest.mark.parametrize("place", ["ftp://x/y.raucb", "https:///x", "https://host", "file://a"])
    def test_what_is_no_address_of_a_file_is_refused(self, tmp_path: Path, place: str) -> None:
        with (
            pytest.raises(ClientError, match="not an address"),
            source.bundle(machine(tmp_path), place),
        ):
            pass

    def test_a_server_is_left_to_rauc(self, tmp_path: Path) -> None:
        url = "https://updates.example.org/offhook.raucb"
        with source.bundle(machine(tmp_path), url) as opened:
            assert opened == url

    def test_a_file_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        with (
            pytest.raises(ClientError, match="no such file"),
            source.bundle(machine(tmp_path), str(tmp_path / "x")),
        ):
            pass

    def test_a_file_in_a_home_is_shown_to_rauc_elsewhere(
        self, tmp_path: Path, bundle: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(source, "HOMES", (f"{tmp_path}/",))
        monkeypatch.setattr(source, "SEEN", str(tmp_path / "seen"))
        made = machine(tmp_path / "m", answers={"mount": "", "umount": ""})
        with source.bundle(made, bundle) as opened:
            assert opened == str(tmp_path / "seen/bundle.raucb")
        assert programs(made).ran == [f"mount --bind {bundle} {opened}", f"umount {opened}"]
        assert not Path(opened).exists()

    def test_the_newest_bundle_on_the_stick(self, tmp_path: Path) -> None:
        for name, at in (("old.raucb", 1), ("sub/new.raucb", 3), ("notes.txt", 9), (".x.raucb", 9)):
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.touch()
            os.utime(path, (at, at))
        (tmp_path / "link.raucb").symlink_to("/etc/passwd")
        assert source.newest(tmp_path) == tmp_path / "sub/new.raucb"

    DISKS = json.dumps(
        {"blockdevices": [
            {"name": "/dev/mmcblk0", "type": "disk", "tran": "mmc", "fstype": None,
             "mountpoints": [None], "children": [
                 {"name": "/dev/mmcblk0p2", "fstype": "ext4", "mountpoints": ["/"]}]},
            {"name": "/dev/sda", "type": "disk", "tran": "usb", "fstype": None,
             "mountpoints": [None], "children": [
                 {"name": "/dev/sda1", "fstype": "vfat", "mountpoints": [None]},
                 {"name": "/dev/sda2", "fstype": None, "mountpoints": [None]}]},
            {"name": "/dev/sdb", "type": "disk", "tran": "usb", "fstype": "exfat",
             "mountpoints": [None]},
            {"name": "/dev/sdc", "type": "disk", "tran": "usb", "fstype": None,
             "mountpoints": [None], "children": [
                 {"name": "/dev/sdc4", "fstype": "ext4", "mountpoints": ["/data"]}]},
        ]}
    )  # fmt: skip

    def test_usb_disks_with_a_file_system_but_never_our_own(self, tmp_path: Path) -> None:
        made = machine(tmp_path, answers={"lsblk": self.DISKS})
        assert source.partitions(made) == ["/dev/sda1", "/dev/sdb"]

    def test_a_stick_is_mounted_read_only_and_let_go(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        there = tmp_path / "stick"
        there.mkdir()
        (there / "a.raucb").touch()
        monkeypatch.setattr(source, "STICK", str(there))
        made = machine(tmp_path / "m", answers={"lsblk": self.DISKS, "mount": "", "umount": ""})
        with source.stick(made) as opened:
            assert opened == str(there / "a.raucb")
        assert programs(made).ran[1:] == [
            f"mount -o ro,nosuid,nodev,noexec /dev/sda1 {there}", f"umount {there}",
        ]  # fmt: skip

    def test_no_stick_and_no_bundle_on_it_are_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(ClientError, match="no USB stick"), source.stick(machine(tmp_path)):
            pass
        monkeypatch.setattr(source, "STICK", str(tmp_path / "empty"))
        made = machine(tmp_path / "m", answers={"lsblk": self.DISKS, "mount": "", "umount": ""})
        with pytest.raises(ClientError, match="no file"), source.stick(made):
            pass
        assert [each for each in programs(made).ran if each.startswith("umount")] == [
            f"umount {tmp_path / 'empty'}"
        ] * 2


def test_a_terminal_gets_one_line_that_is_written_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = update.Progress(over=True)
    progress.show(1, "Checking")
    progress.show(2, "Copying")
    progress.end()
    told = capsys.readouterr().out
    assert told.count("\r") == 2
    assert told.count("\n") == 1
