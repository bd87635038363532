"""What the lab's telephone needs before it starts."""

import os
import stat
from pathlib import Path

import pytest

from offhook.lab import household as household_module
from offhook.lab.household import (
    USERS,
    Household,
    has_sound,
    new_passwords,
    settle,
)
from offhook.service import where
from offhook.service.records import ServiceSettings
from offhook.service.where import NotOursError, control_socket, lab_socket, shared_directory
from offhook.units import Endpoint

EXCHANGE = Endpoint("127.0.0.1", 5070)


@pytest.fixture
def household(tmp_path: Path) -> Household:
    return Household(tmp_path / 'a "b" \\ c', tmp_path / "run" / "control", new_passwords())


@pytest.mark.parametrize("sound", [True, False])
def test_the_settings_pass_the_service_s_own_check(household: Household, sound: bool) -> None:
    settings = settle(household, EXCHANGE, sound=sound)
    assert settings.account is not None
    assert settings.account.user == USERS[0]
    assert settings.account.next_hop == EXCHANGE
    assert settings.account.password == household.passwords[USERS[0]]
    assert settings.board == "simulated"
    assert settings.service.control_socket == household.socket
    assert (settings.sound.capture == "none") is not sound


def test_a_second_run_has_new_passwords_that_only_we_can_read(household: Household) -> None:
    settle(household, EXCHANGE, sound=False)
    again = Household(household.directory, household.socket, new_passwords())
    settings = settle(again, EXCHANGE, sound=False)
    assert settings.account is not None
    assert settings.account.password != household.passwords[USERS[0]]
    mode = (household.directory / "sip-password").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_card_is_found_where_the_kernel_lists_one(tmp_path: Path) -> None:
    cards = tmp_path / "cards"
    assert not has_sound(cards)
    cards.write_text("--- no soundcards ---\n")
    assert not has_sound(cards)
    cards.write_text(" 0 [Loopback       ]: Loopback - Loopback\n")
    assert has_sound(cards)


def test_the_command_finds_the_lab_s_socket_unless_the_service_s_is_there(tmp_path: Path) -> None:
    assert lab_socket({"OFFHOOK_CONTROL": "/x/y"}) == control_socket({"OFFHOOK_CONTROL": "/x/y"})
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
    assert control_socket(environment) == ServiceSettings().control_socket
    lab = lab_socket(environment)
    lab.parent.mkdir(parents=True)
    lab.touch()
    assert control_socket(environment) == lab


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in /tmp that stands in for a missing XDG_RUNTIME_DIR."""
    made = tmp_path / "offhook-0"
    monkeypatch.setattr(where, "shared_directory", lambda: made)
    monkeypatch.setattr(household_module, "shared_directory", lambda: made)
    return made


def in_shared(tmp_path: Path) -> Household:
    return Household(tmp_path / "lab", lab_socket({}), new_passwords())


def test_without_a_runtime_directory_one_is_made_for_us_alone(tmp_path: Path, shared: Path) -> None:
    for mode in (0o700, 0o755):
        settle(in_shared(tmp_path), EXCHANGE, sound=False)
        assert stat.S_IMODE(shared.stat().st_mode) == 0o700
        shared.chmod(mode)
    lab_socket({}).touch()
    assert control_socket({}) == shared / "offhook" / "control"


@pytest.mark.parametrize("what", ["writable", "link", "owner", "file"])
def test_a_directory_that_somebody_else_could_have_made_is_not_used(
    tmp_path: Path, shared: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "elsewhere"
    (inside / "offhook").mkdir(parents=True)
    (inside / "offhook" / "control").touch()
    if what == "link":
        shared.symlink_to(inside)
    elif what == "file":
        shared.touch()
    else:
        inside.rename(shared)
        shared.chmod(0o777 if what == "writable" else 0o700)
    if what == "owner":
        monkeypatch.setattr(os, "getuid", lambda: 4711)
    with pytest.raises(NotOursError, match=r"Remove it, or set XDG_RUNTIME_DIR"):
        settle(in_shared(tmp_path), EXCHANGE, sound=False)
    assert control_socket({}) == ServiceSettings().control_socket


def test_the_directory_s_name_is_the_user_s() -> None:
    assert shared_directory().name == f"offhook-{os.getuid()}"
