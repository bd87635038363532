"""What the lab's telephone needs before it starts."""

import stat
from pathlib import Path

import pytest

from offhook.lab.household import (
    USERS,
    Household,
    has_sound,
    new_passwords,
    settle,
)
from offhook.service.records import ServiceSettings
from offhook.service.where import control_socket, lab_socket
from offhook.units import Endpoint

EXCHANGE = Endpoint("127.0.0.1", 5070)


@pytest.fixture
def household(tmp_path: Path) -> Household:
    return Household(tmp_path / 'a "b" \\ c', tmp_path / "run" / "control", new_passwords())


@pytest.mark.parametrize("sound", [True, False])
def test_the_settings_pass_the_service_s_own_check(household: Household, sound: bool) -> None:
    settings = settle(household, EXCHANGE, sound=sound)
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
