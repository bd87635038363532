"""From the file on the card to the files on the data partition."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.appliance.changes import Link, Remove, Write
from offhook.appliance.erase import NotFoundError, blanked
from offhook.appliance.plan import (
    ADDRESS,
    HOSTNAME,
    KEYS,
    PASSWORD,
    SETTINGS,
    WPA,
    ZONE,
    Known,
    Plan,
    Problems,
    plan,
)
from offhook.appliance.wifi import Network
from offhook.service.config import load
from support.phone_card import GOOD

BOOT = Path(__file__).parents[2] / "deploy" / "image" / "boot"
FULL = (
    GOOD
    + """
[phone]
country = "DE"
[phone.dialling]
short_timer_ms = 1500
[wifi]
ssid = "Home"
password = "a passphrase"
[ssh]
key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO1mmSHAP9/mRqDq9cEMDfNTyzNpBhGKtsuKjpCOu9Lo me"
[system]
time_zone = "Europe/Berlin"
hostname = "kitchen"
[network]
static = "192.0.2.10/24"
sip_port = 5060
"""
)
KNOWN = Known(password=True, network=Network(b"Home", "ab" * 32), fresh=False)


def good(text: str, known: Known = KNOWN) -> Plan:
    found = plan(text.encode(), "offhook.toml", known)
    assert isinstance(found, Plan), found
    return found


def problems(text: str, known: Known = KNOWN) -> list[str]:
    found = plan(text.encode(), "offhook.toml", known)
    assert isinstance(found, Problems)
    return [str(problem) for problem in found.problems]


def files(found: Plan) -> Mapping[str, Write | Link | Remove]:
    return {change.path: change for change in found.changes}


def content(found: Plan, path: str) -> str:
    change = files(found)[path]
    assert isinstance(change, Write)
    return change.content.decode()


def test_every_table_reaches_its_file() -> None:
    found = good(FULL)
    assert content(found, PASSWORD) == 'hunter2 "quoted"\n'
    assert "ssid=486f6d65" in content(found, WPA)
    assert "Address=192.0.2.10/24" in content(found, ADDRESS)
    assert content(found, KEYS).endswith("u9Lo me\n")
    assert files(found)[ZONE] == Link(ZONE, "/usr/share/zoneinfo/Europe/Berlin")
    assert content(found, HOSTNAME) == "kitchen\n"
    assert (found.account, found.hostname) == (True, "kitchen")


def test_secrets_are_for_root_alone() -> None:
    modes = {change.path: change.mode for change in good(FULL).changes if isinstance(change, Write)}
    assert {path for path, mode in modes.items() if mode == 0o600} == {PASSWORD, WPA}


def test_the_phone_s_own_file_has_its_own_tables_and_no_secret(tmp_path: Path) -> None:
    text = content(good(FULL), SETTINGS)
    assert tomllib.loads(text) == {
        "account": {"user": "200", "domain": "pbx.example.org"},
        "board": {"profile": "handset-v1"},
        "network": {"sip_port": 5060},
        "phone": {"country": "DE", "dialling": {"short_timer_ms": 1500}},
    }
    path, secret = tmp_path / "offhook.toml", tmp_path / "sip-password"
    path.write_text(text)
    secret.write_text(content(good(FULL), PASSWORD))
    settings = load(path, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert settings.account is not None
    assert settings.account.password.startswith("hunter2 ")
    assert settings.phone.country == "DE"


def test_the_secrets_are_the_only_thing_that_goes_from_the_card() -> None:
    found = good(FULL)
    after = blanked(FULL.encode(), found.spans).decode()
    wanted = tomllib.loads(FULL)
    wanted["account"]["password"] = wanted["wifi"]["password"] = ""
    assert tomllib.loads(after) == wanted


def test_afterwards_the_same_file_keeps_what_the_phone_has() -> None:
    after = blanked(FULL.encode(), good(FULL).spans).decode()
    found = good(after)
    assert PASSWORD not in files(found)
    assert "psk=" + "ab" * 32 in content(found, WPA)
    assert found.spans == ()


def test_no_secret_is_told() -> None:
    told = " ".join(words for _, words in good(FULL).told)
    assert "hunter2" not in told
    assert "a passphrase" not in told
    assert "200 at pbx.example.org, new password" in told
    assert "SHA256:" in told


def test_what_the_file_does_not_name_is_taken_away() -> None:
    found = files(good(GOOD))
    assert [found[path] for path in (WPA, ADDRESS, KEYS, HOSTNAME)] == [
        Remove(WPA), Remove(ADDRESS), Remove(KEYS), Remove(HOSTNAME),
    ]  # fmt: skip
    assert found[ZONE] == Link(ZONE, "/usr/share/zoneinfo/Etc/UTC")


def test_as_delivered_the_file_is_good_and_the_phone_not_set_up(tmp_path: Path) -> None:
    text = (BOOT / "offhook.toml").read_bytes()
    found = plan(text, "offhook.toml", Known())
    assert isinstance(found, Plan)
    assert not found.account
    assert found.spans == ()
    assert content(found, PASSWORD) == ""
    path = tmp_path / "offhook.toml"
    path.write_text(content(found, SETTINGS))
    settings = load(path, {})
    assert settings.account is None
    assert settings.board == "handset-v1"


def test_every_line_that_the_delivered_file_offers_is_understood() -> None:
    """Take away each `#` in front of a key: one that is no key would be told."""
    lines = []
    for line in (BOOT / "offhook.toml").read_text().splitlines():
        bare = line.removeprefix("#")
        lines.append(bare if bare != line and bare[:1].isalpha() and " = " in bare else line)
    text = (
        "\n".join(lines).replace('user = ""', 'user = "2"').replace('domain = ""', 'domain = "x"')
    )
    unknown = [told for told in problems(text, Known(password=True)) if "unknown key" in told]
    assert unknown == []


def test_the_delivered_files_are_ascii_for_every_editor() -> None:
    for name in ("offhook.toml", "README.txt"):
        data = (BOOT / name).read_bytes()
        assert data.isascii()
        assert data.count(b"\r\n") == data.count(b"\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace('user = "200"', 'user = "2 0"'), "account.user"),
        (GOOD.replace('password = "hunter2', 'pasvord = "hunter2'), "account.pasvord = …"),
        (GOOD + '[wfi]\nssid = "x"\n', 'Did you mean "wifi"?'),
        (GOOD + '[phone]\ncountry = "XX"\n', "phone.country"),
        (GOOD + '[phone.dialling]\ndial_plan = "(x"\n', "phone.dialling.dial_plan"),
        (GOOD + '[service]\nstate_directory = "/x"\n', "is fixed on this phone"),
        (GOOD.replace("[board]", 'password_file = "/x"\n[board]'), "account.password_file"),
        (GOOD.replace('profile = "handset-v1"', ""), "board.profile"),
        (GOOD + "[ssh]\nkey = 5\n", "ssh.key = 5"),
        (GOOD.replace("[board]", "[board"), "line 6"),
    ],
)
def test_what_is_wrong_is_told_and_no_secret_with_it(text: str, words: str) -> None:
    told = problems(text)
    assert any(words in line for line in told), told
    assert not any("hunter2" in line for line in told)


def test_all_problems_are_told_at_once() -> None:
    text = (
        GOOD.replace('user = "200"', "user = 200")
        + '[wifi]\nssid = "x"\n[system]\nhostname = "_"\n'
    )
    assert len(problems(text)) == 3


def test_a_password_must_be_known_or_given() -> None:
    text = GOOD.replace(GOOD.splitlines()[3], "")
    assert "account.password" in problems(text, Known())[0]
    assert isinstance(plan(text.encode(), "x", KNOWN), Plan)


def test_a_password_alone_is_half_an_account() -> None:
    text = '[account]\npassword = "hunter2"\n[board]\nprofile = "none"\n'
    assert any("account.user" in told for told in problems(text))


def test_a_board_that_cannot_be_is_told() -> None:
    known = Known(password=True, board_trouble=lambda _: "no such profile.")
    assert "no such profile. Mend that" in problems(GOOD, known)[0]


def test_a_secret_that_cannot_be_found_again_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> None:
        raise NotFoundError("account.password")

    monkeypatch.setattr("offhook.appliance.plan.locate", lost)
    assert "cannot be erased on the card" in problems(GOOD)[0]


class TestFirstFile:
    """The very first one is wrong: the phone must still be able to say so."""

    def test_what_is_sane_is_used_to_be_heard(self) -> None:
        text = '[board]\nprofile = "none"\n[phone]\ncountry = "XX"\n[sound]\ncapture = "hw:1"\n'
        found = plan(text.encode(), "x", Known())
        assert isinstance(found, Problems)
        [settings, password] = found.instead
        assert isinstance(settings, Write)
        assert isinstance(password, Write)
        assert tomllib.loads(settings.content.decode()) == {
            "board": {"profile": "none"}, "sound": {"capture": "hw:1"},
        }  # fmt: skip
        assert (password.content, password.mode) == (b"", 0o600)

    def test_if_nothing_is_the_usual_board_is(self) -> None:
        found = plan(b"[", "x", Known())
        assert isinstance(found, Problems)
        assert isinstance(found.instead[0], Write)
        assert tomllib.loads(found.instead[0].content.decode()) == {
            "board": {"profile": "handset-v1"}
        }

    def test_a_phone_that_was_set_up_keeps_all_it_has(self) -> None:
        found = plan(b"[", "x", KNOWN)
        assert isinstance(found, Problems)
        assert found.instead == ()


_tables = st.dictionaries(
    st.sampled_from(
        ["account", "phone", "board", "sound", "network", "service", "wifi", "ssh", "system", "x"]
    ),
    st.dictionaries(
        st.sampled_from(["user", "domain", "password", "ssid", "key", "keys", "static", "profile"]),
        st.text(max_size=12) | st.integers() | st.booleans() | st.lists(st.text(max_size=5)),
        max_size=4,
    )
    | st.integers(),
    max_size=6,
)


@given(_tables)
def test_no_table_raises(tables: dict[str, object]) -> None:
    from offhook.appliance.toml import written  # noqa: PLC0415

    flat = {key: value for key, value in tables.items() if not isinstance(value, dict)}
    rest = {key: value for key, value in tables.items() if isinstance(value, dict)}
    try:
        content = written({**flat, **rest}).encode()
    except UnicodeEncodeError:
        return
    assert isinstance(plan(content, "x", Known()), Plan | Problems)


@given(st.binary(max_size=200))
def test_no_bytes_raise(content: bytes) -> None:
    assert isinstance(plan(content, "x", Known()), Plan | Problems)
