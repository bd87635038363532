"""`offhook.toml` as a whole."""

import contextlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.cli import show
from offhook.notes import Severity
from offhook.phone.settings import FlashWindow, PhoneSettings
from offhook.service import config
from offhook.service.config import ConfigError, Settings, load, load_board, load_or_last_good
from offhook.service.config_check import check
from offhook.service.plain import plain
from offhook.units import Seconds

EXAMPLE = Path(__file__).parents[2] / "deploy" / "offhook.toml"
Write = Callable[[str], Path]

PASSWORD = "hunter2"  # noqa: S105
MINIMAL = '[account]\nuser = "200"\ndomain = "pbx.example.org"\n'


@pytest.fixture
def write(tmp_path: Path) -> Write:
    secret = tmp_path / "secret"
    secret.write_text(f"{PASSWORD}\n")
    secret.chmod(0o600)

    def written(text: str) -> Path:
        path = tmp_path / "offhook.toml"
        path.write_text(text.replace("[account]\n", f'[account]\npassword_file = "{secret}"\n'))
        return path

    return written


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    return [str(problem) for problem in caught.value.problems]


def test_an_account_is_enough_the_rest_has_defaults(write: Write) -> None:
    settings = load(write(MINIMAL), {})
    assert settings.account is not None
    assert settings.account.password == PASSWORD
    assert settings.account.next_hop == ("pbx.example.org", 5060)
    assert settings.board == "none"
    defaults = PhoneSettings()
    assert settings.phone.dialling == defaults.dialling
    assert settings.phone.hook == defaults.hook
    assert settings.phone.patience == defaults.patience


def test_each_table_reaches_the_record_it_is_for(write: Write) -> None:
    text = MINIMAL + (
        'proxy = "[2001:db8::1]:5080"\n[phone]\ncountry = "UK"\n[phone.hook]\nflash = true\n'
        "flash_shortest_ms = 100\n[phone.dialling]\nshort_timer_ms = 1500\n"
        '[network]\nrtp_first = 20000\n[sound]\ncapture = "none"\n[service]\nlog_level = "debug"\n'
    )
    settings = load(write(text), {})
    assert settings.account is not None
    assert settings.account.proxy == ("2001:db8::1", 5080)
    assert settings.phone.country == "UK"
    assert settings.phone.hook.flash == FlashWindow(Seconds(0.1), FlashWindow().longest)
    assert settings.phone.dialling.short == 1.5
    assert (settings.network.rtp_first, settings.network.rtp_last) == (20000, 20199)
    assert settings.sound.capture == "none"
    assert settings.service.log_level is Severity.DEBUG


def test_everything_wrong_is_told_at_once(write: Write) -> None:
    text = MINIMAL + 'prt = 1\n[phone]\ncountry = "XX"\n[network]\nsip_port = 99\n[foo]\n'
    keys = [line.split(": ")[1].split(" = ")[0] for line in problems(write(text))]
    assert keys == ["account.prt", "phone.country", "network.sip_port", "foo"]


def test_a_password_in_the_file_is_refused_and_not_shown(write: Write) -> None:
    [told] = problems(write(MINIMAL + 'password = "hunter2"\n'))
    assert "does not belong into this file" in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    "line",
    [
        'user = "2 0"', 'user = "a@b"', 'domain = "a b"', 'domain = ""', 'domain = "x;rm -rf"',
        'proxy = "a:b"', 'proxy = "a:99999"', 'display_name = "a\\nb"', "expires_s = 5",
        'learn_contact = "maybe"', "session_expires_s = 30", 'preferred_identity = "x"',
    ],
)  # fmt: skip
def test_an_account_that_could_not_work_is_refused(write: Write, line: str) -> None:
    key = line.split(" ", maxsplit=1)[0]
    kept = [each for each in MINIMAL.splitlines() if not each.startswith(key)]
    assert any(f"account.{key}" in told for told in problems(write("\n".join([*kept, line]))))


@pytest.mark.parametrize(
    "table",
    [
        "[phone]\npacket_time_ms = 25",
        "[phone.hook]\nflash_shortest_ms = 500\nflash_longest_ms = 400",
        '[phone]\ncodecs = ["G722"]', "[network]\nrtp_first = 65000\nrtp_last = 65002",
        '[network]\naddress = "1.2.3"', '[board]\nprofile = "../x"', '[sound]\ncapture = "a b"',
        '[phone.dialling]\nemergency = ["9*"]', '[service]\ncontrol_socket = "x"',
    ],
)  # fmt: skip
def test_a_value_that_could_not_work_is_refused(write: Write, table: str) -> None:
    assert len(problems(write(MINIMAL + table))) == 1


@pytest.mark.parametrize(
    "text",
    ["", "[account]", '[account]\nuser = ""\ndomain = ""\nport = 0\n', '[phone]\ncountry = "DE"\n'],
)
def test_without_an_account_the_phone_is_not_set_up(tmp_path: Path, text: str) -> None:
    path = tmp_path / "offhook.toml"
    path.write_text(text)
    assert load(path, {}).account is None


@pytest.mark.parametrize("text", ['user = ""', 'domain = "x"', 'auth_user = "x"'])
def test_half_an_account_is_wrong_not_none(write: Write, text: str) -> None:
    assert any("account." in told for told in problems(write(f"[account]\n{text}\n")))


def test_a_file_that_is_no_toml_names_the_line(write: Write) -> None:
    assert "line 2" in problems(write("#\nuser = 2 2\n"))[0]


def test_a_missing_file_says_where_to_take_one_from(tmp_path: Path) -> None:
    assert "deploy/offhook.toml" in problems(tmp_path / "none.toml")[0]


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.toml"
    path.write_bytes(b"#" * (config.MAX_SIZE + 1))
    assert "larger" in problems(path)[0]


def test_the_password_is_in_no_picture_of_the_settings(write: Write) -> None:
    assert "hunter2" not in repr(load(write(MINIMAL), {}))


def test_the_example_with_every_default_written_out_is_good_and_changes_nothing(
    write: Write,
) -> None:
    text = EXAMPLE.read_text()
    full = re.sub(r"(?m)^#(?!password_file)(\w+ = )", r"\1", text)
    assert full.count("\n") > 60
    example = load(write(text), {})
    assert load(write(full), {}) == example
    assert check(example.source, {}) == ()


@pytest.mark.parametrize("text", [MINIMAL, None])
def test_what_config_show_prints_is_the_same_settings_again(write: Write, text: str | None) -> None:
    changed = (
        'proxy = "[2001:db8::1]:5080"\n[phone]\ncodecs = ["PCMU"]\n[phone.keypad]\n'
        'flash_long_press = ""\n[phone.patience]\nhowler_s = 0.5\n[service]\nlog_level = "debug"\n'
    )
    settings = load(write(text or MINIMAL + changed), {})
    shown = "\n".join(show.settings(plain(settings.written)))
    assert PASSWORD not in shown
    again = settings.source.with_name("again.toml")
    again.write_text(shown)
    assert replace(load(again, {}), source=settings.source) == settings
    assert load(again, {}).written == settings.written


def test_config_show_names_exactly_the_keys_of_the_file(write: Write) -> None:
    shown = "\n".join(show.settings(plain(load(write(MINIMAL), {}).written)))
    example = re.sub(r"(?m)^#(\w+ = )", r"\1", EXAMPLE.read_text())
    assert keys(tomllib.loads(shown)) == keys(tomllib.loads(example))


def keys(table: Mapping[str, object], name: str = "") -> set[str]:
    """All of them, dotted."""
    return {
        found
        for key, value in table.items()
        for found in (keys(value, f"{name}{key}.") if isinstance(value, dict) else {name + key})
    }


def test_the_example_mentions_every_key(write: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        load(
            write(MINIMAL + "zzz = 1\n[phone]\nzzz = 1\n[network]\nzzz = 1\n[service]\nzzz = 1"), {}
        )
    known = " ".join(problem.remedy for problem in caught.value.problems)
    for key in re.findall(r"\b[a-z_]{3,}\b", known.replace("Known:", "")):
        if key not in ("hook", "keypad", "dialling", "patience", "password"):
            assert re.search(rf"(?m)^#?{key} = ", EXAMPLE.read_text()), key


def test_check_looks_at_board_and_dial_plan_too(write: Write) -> None:
    text = MINIMAL + '[board]\nprofile = "moon"\n[phone.dialling]\ndial_plan = "(xx"\n'
    assert [problem.key for problem in check(write(text), {})] == [
        "board.profile",
        "phone.dialling.dial_plan",
    ]


class TestLastGood:
    """A broken file does not silence a phone that once worked."""

    @staticmethod
    def kept(write: Write, tmp_path: Path) -> Settings:
        state = tmp_path / "state"
        state.mkdir()
        settings = load(
            write(MINIMAL + '[phone]\ncountry = "UK"\n'), {"STATE_DIRECTORY": str(state)}
        )
        config.keep(settings)
        return settings

    def test_the_kept_copy_is_used_and_the_problems_are_told(
        self, write: Write, tmp_path: Path
    ) -> None:
        good = self.kept(write, tmp_path)
        environment = {"STATE_DIRECTORY": str(tmp_path / "state")}
        settings, told = load_or_last_good(write(MINIMAL + "[phone]\ncountry = 3\n"), environment)
        assert settings.phone == good.phone
        assert settings.source == tmp_path / "state" / "last-good.toml"
        assert [problem.key for problem in told] == ["phone.country"]

    def test_without_a_copy_the_problems_are_raised(self, write: Write, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"account\.user"):
            load_or_last_good(
                write('[account]\ndomain = "x"\n'), {"STATE_DIRECTORY": str(tmp_path)}
            )

    def test_a_good_file_is_not_kept_twice_and_a_copy_not_of_itself(
        self, write: Write, tmp_path: Path
    ) -> None:
        self.kept(write, tmp_path)
        copy = tmp_path / "state" / "last-good.toml"
        before = copy.stat().st_ino
        environment = {"STATE_DIRECTORY": str(tmp_path / "state")}
        config.keep(load(write(MINIMAL + '[phone]\ncountry = "UK"\n'), environment))
        config.keep(load(copy, environment))
        assert copy.stat().st_ino == before


@given(st.binary(max_size=200))
def test_any_bytes_are_settings_or_a_configuration_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    path.write_bytes(content)
    with contextlib.suppress(ConfigError):
        assert load(path, {}).account is None


def test_the_board_can_be_told_without_the_password_and_from_the_last_good_file(
    tmp_path: Path,
) -> None:
    """As for ExecStopPost=, from which systemd hides the credential."""
    path, environment = tmp_path / "offhook.toml", {"STATE_DIRECTORY": str(tmp_path)}
    path.write_text(MINIMAL + '[board]\nprofile = "handset-v1"\n')
    with pytest.raises(ConfigError):
        load(path, environment)
    assert load_board(path, environment) == "handset-v1"
    path.rename(tmp_path / config.LAST_GOOD)
    path.write_text("not TOML")
    assert load_board(path, environment) == "handset-v1"


def test_without_any_file_the_board_is_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        load_board(tmp_path / "offhook.toml", {"STATE_DIRECTORY": str(tmp_path)})
