"""The support bundle: all of it, and none of the secrets."""

import io
import json
import lzma
import os
import stat
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.cli import report
from offhook.cli.client import ClientError
from offhook.cli.machine import Machine, Ran
from offhook.cli.report.archive import MANIFEST, pack
from offhook.cli.report.contents import COMMANDS, Collector, Part, secrets
from offhook.cli.report.masking import Mask
from offhook.service.control_protocol import Json
from support import pi
from support.recorded import NOON, machine

WORD = 'cOrrect"horse battery/staple'
PSK = "wlan-Geheim-42"
NONCE, RESPONSE, CNONCE = "MTc2MzgxOnNlcnZlcg==", "6629fae49393a05397450978507c4ef1", "0a4f113b"
PROOF = (
    f'Authorization: Digest username="200", realm="pbx", nonce="{NONCE}", '
    f'uri="sip:pbx.example.org", response="{RESPONSE}", cnonce="{CNONCE}"'
)
KEY = (
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\nZWQyNTUxOQAAACDX\n"
    "-----END OPENSSH PRIVATE KEY-----"
)
AUTHORIZED = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH7bU5VvQyOQvL1 friend@desk"
CONTACT = "k3jx9w2q"
PLANTED = {
    "password": WORD, "psk": PSK, "nonce": NONCE, "response": RESPONSE, "cnonce": CNONCE,
    "private key": "b3BlbnNzaC1rZXktdjEA", "its second line": "ZWQyNTUxOQAAACDX",
    "public key": "AAAAC3NzaC1lZDI1NTE5", "contact token": CONTACT,
    "inline key": "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj",
}  # fmt: skip
SPILT = "\n".join(
    [
        f"the password is {WORD}", json.dumps({"oops": WORD}), f"psk={PSK}",
        f'  wpa_psk = "{PSK}"', PROOF, KEY, AUTHORIZED, f"sip:{CONTACT}@192.0.2.20:40231",
        f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{PLANTED['inline key']}|2^20",
        'password = "some other one"', "passphrase: two words", "kept: this line",
    ]
)  # fmt: skip
"""What may lie in any file and be said by any program."""

CALLS: list[Mapping[str, Json]] = [
    {"party": "0123456789", "name": "Ann Example", "incoming": True, "outcome": "answered"},
    {"party": "600", "name": "", "incoming": False, "outcome": "answered"},
]


def planted(root: Path) -> Machine:
    """A machine on which every program spills everything."""
    files = {
        **pi.FILES,
        "etc/offhook/sip-password": f"{WORD}\n",
        "etc/offhook/offhook.toml": f'[account]\nuser = "200"\npassword = "x"\n# {SPILT}\n',
        "data/network/wpa_supplicant-wlan0.conf": f'network={{\n  ssid="a"\n  psk="{PSK}"\n}}\n',
        "proc/cmdline": SPILT,
        "etc/resolv.conf": f"nameserver 192.0.2.53\n{SPILT}",
    }
    record = {
        "MESSAGE": SPILT, "PRIORITY": "4", "__REALTIME_TIMESTAMP": "1795348800000000",
        "OFFHOOK_CALL": "abc", "SYSLOG_IDENTIFIER": "offhookd",
    }  # fmt: skip
    spilling = {words[0]: Ran(1, SPILT, SPILT) for each in COMMANDS.values() for words in each}
    return machine(root, files, {**spilling, **pi.ANSWERS, "journalctl": json.dumps(record)})


def made(root: Path, *, numbers: bool = False) -> dict[str, str]:
    """The report's files."""
    here = planted(root)
    source = Collector(here, pi.phone(display=[*SPILT.splitlines()]), CALLS, 100)
    mask = Mask(secrets(here, source.phone), frozenset({"200"}), numbers)
    mask.people(CALLS)
    return unpacked(pack("offhook-report-x", source.parts(), mask, NOON))


def unpacked(data: bytes) -> dict[str, str]:
    """By name without the directory, in order."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:xz") as archive:
        members = [(each, archive.extractfile(each)) for each in archive.getmembers()]
        return {each.name.partition("/")[2]: file.read().decode() for each, file in members if file}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return made(tmp_path_factory.mktemp("planted"))


@pytest.mark.parametrize("secret", PLANTED)
def test_row_20_no_planted_secret_gets_into_the_report(files: dict[str, str], secret: str) -> None:
    for name, text in files.items():
        assert PLANTED[secret] not in text, name
        assert json.dumps(PLANTED[secret])[1:-1] not in text, name


def test_settings_that_are_called_secret_are_hidden_whatever_they_hold(
    files: dict[str, str],
) -> None:
    everything = "".join(files.values())
    assert "some other one" not in everything
    assert "two words" not in everything


def test_what_is_no_secret_is_kept(files: dict[str, str]) -> None:
    assert "kept: this line" in files["network.txt"]
    assert "inline:<hidden>" in files["network.txt"]
    assert "BOOT_ORDER=A B" in files["slots.txt"]
    assert "0123456789" in files["calls.json"]


def test_the_manifest_comes_first_and_lists_every_file(files: dict[str, str]) -> None:
    first, *others = files
    assert first == MANIFEST
    assert {line.split()[0] for line in files[MANIFEST].splitlines()[5:]} == set(others)
    assert "numbers and names of callers: shown" in files[MANIFEST]


def test_all_that_was_asked_for_is_there(files: dict[str, str]) -> None:
    assert {
        "doctor.txt", "doctor.json", "status.json", "config.json", "offhook.toml", "calls.json",
        "phone.log", "errors.log", "kernel.log", "units.txt", "start.txt", "slots.txt",
        "versions.txt", "network.txt", "sound.txt", "machine.txt",
    } <= set(files)  # fmt: skip
    assert "$ systemd-analyze --no-pager critical-chain offhookd.service" in files["start.txt"]
    assert files["doctor.txt"].startswith("ok   offhookd")


def test_callers_can_be_masked_and_still_be_told_apart(tmp_path: Path) -> None:
    files = made(tmp_path, numbers=True)
    everything = "".join(files.values())
    assert "0123456789" not in everything
    assert "Ann Example" not in everything
    first, second = json.loads(files["calls.json"])
    assert first["party"].startswith("<person ")
    assert first["party"] != second["party"]
    assert '"user": "200"' in files["config.json"]


class TestMasking:
    """The nets by themselves."""

    def test_a_canonical_line_loses_both_number_and_name(self) -> None:
        line = 'call ended direction=in party=5551234 name="Bob B" outcome=answered codec=PCMA'
        told = Mask(numbers=True).clean(line)
        assert told == (
            "call ended direction=in party=<person 1> name=<person 2> outcome=answered codec=PCMA"
        )

    def test_an_address_is_not_taken_for_a_number(self) -> None:
        mask = Mask(numbers=True)
        mask.people([{"party": "192", "name": ""}])
        assert mask.clean("192.0.2.1 rang 192") == "192.0.2.1 rang <person 1>"

    def test_a_short_number_is_not_taken_for_a_rate_or_a_mode(self) -> None:
        mask = Mask(numbers=True)
        mask.people([{"party": "600", "name": ""}])
        assert mask.clean("limit 600/second, mode=600, rang 600") == (
            "limit 600/second, mode=600, rang <person 1>"
        )

    def test_a_setting_about_nonces_is_no_nonce(self) -> None:
        assert Mask().clean('"empty_nonce": false, nonce="x"') == (
            '"empty_nonce": false, nonce=<hidden>'
        )

    def test_a_very_short_password_does_not_hide_the_report(self) -> None:
        assert Mask(("a",)).clean("a cat") == "a cat"
        assert Mask(("a",)).clean("password=a") == "password=<hidden>"

    def test_the_name_of_the_password_file_is_no_secret(self) -> None:
        line = 'password_file = "/etc/offhook/sip-password"'
        assert Mask().clean(line) == line

    @given(st.text(min_size=4, max_size=40).filter(str.strip), st.text(), st.text())
    def test_a_known_secret_is_never_left(self, secret: str, before: str, after: str) -> None:
        cleaned = Mask((secret,)).clean(f"{before}{secret}{after}")
        assert secret not in cleaned.replace("<hidden>", "\0")

    @given(st.text(max_size=300))
    def test_whatever_is_cleaned_is_printable_and_stays_lines(self, text: str) -> None:
        assert all(line.isprintable() for line in Mask(numbers=True).clean(text).split("\n"))


class TestTheFile:
    """Where it lands and who may read it."""

    def test_it_is_for_its_owner_alone_and_overwrites_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "r.tar.xz"
        report.write(path, b"x")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with pytest.raises(ClientError, match="File exists"):
            report.write(path, b"y")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    def test_with_sudo_it_belongs_to_whoever_called(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SUDO_UID", "1234")
        monkeypatch.setenv("SUDO_GID", "1235")
        report.write(tmp_path / "r.tar.xz", b"x")
        told = (tmp_path / "r.tar.xz").stat()
        assert (told.st_uid, told.st_gid) == (1234, 1235)

    def test_an_unreadable_machine_still_gives_a_report(self, tmp_path: Path) -> None:
        data = report.make(machine(tmp_path), tmp_path / "none", numbers=False, lines=10)
        assert "does not run" in unpacked(data)["doctor.txt"]

    def test_it_is_xz(self, tmp_path: Path) -> None:
        assert lzma.decompress(pack("x", [Part("a", "b", "c")], Mask(), NOON))
