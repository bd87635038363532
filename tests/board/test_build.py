"""From a profile to drivers that work; what cannot be built is told and the rest works."""

from dataclasses import replace
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from offhook.board.build import build
from offhook.board.off import off
from offhook.board.profile import BellPin, Profile, load
from offhook.drivers import pin_factory
from offhook.drivers.pin_factory import GpioError
from offhook.ports import Bell, Hook, Keypad, Lamp
from offhook.units import Hertz, Seconds

PROFILE = load("handset-v1")


def now() -> Seconds:
    return Seconds(7)


@pytest.fixture
def factory() -> MockFactory:
    return MockFactory(pin_class=MockPWMPin)


def test_the_whole_board_is_built(factory: MockFactory) -> None:
    board = build(PROFILE, factory, now=now)
    hook: Hook | None = board.hook
    keypad: Keypad | None = board.keypad
    bell: Bell | None = board.bell
    lamp: Lamp | None = board.lamp
    assert all(part is not None for part in (hook, keypad, bell, lamp))
    assert board.troubles == []
    board.close()


def test_closing_leaves_no_pin_taken(factory: MockFactory) -> None:
    build(PROFILE, factory, now=now).close()
    again = build(PROFILE, factory, now=now)
    assert again.troubles == []
    again.close()


def test_a_part_that_fails_is_told_and_the_rest_works() -> None:
    plain = MockFactory()  # its pins cannot do PWM
    board = build(PROFILE, plain, now=now)
    assert board.bell is None
    assert None not in {board.hook, board.keypad, board.lamp}
    assert len(board.troubles) == 1
    assert "bell does not work on GPIO18" in board.troubles[0]
    board.close()


def test_an_on_off_buzzer_needs_no_pwm() -> None:
    profile = replace(PROFILE, bell=BellPin(18, "buzzer"))
    board = build(profile, MockFactory(), now=now)
    assert board.troubles == []
    board.close()


def test_without_a_chip_the_phone_still_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pin_factory, "SYSFS", tmp_path)
    monkeypatch.setattr(pin_factory.find_chip, "__defaults__", (tmp_path,))
    board = build(PROFILE)
    assert all(part is None for part in (board.hook, board.keypad, board.bell, board.lamp))
    assert "no GPIO chip" in board.troubles[0]
    board.close()


def test_a_board_without_pins_needs_no_chip() -> None:
    assert build(Profile("none")).troubles == []


def test_off_silences_bell_and_lamp(factory: MockFactory) -> None:
    bell, lamp = factory.pin("GPIO18"), factory.pin("GPIO27")
    for pin in (bell, lamp):
        pin.function = "output"
        pin.state = 1
    off(PROFILE, factory)
    assert (bell.state, lamp.state) == (0, 0)


def test_off_needs_no_chip_where_there_is_nothing_to_silence() -> None:
    off(Profile("none"))


def test_off_says_so_when_the_chip_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pin_factory.find_chip, "__defaults__", (tmp_path,))
    with pytest.raises(GpioError, match="no GPIO chip"):
        off(PROFILE)


def test_the_bell_is_silent_after_close(factory: MockFactory) -> None:
    board = build(PROFILE, factory, now=now)
    assert board.bell is not None
    board.bell.sound(Hertz(440))
    ringing = factory.pin("GPIO18").state
    board.close()
    assert (ringing, factory.pin("GPIO18").state) == (0.5, 0)


def test_listeners_that_fail_are_reported(factory: MockFactory) -> None:
    told: list[tuple[str, str]] = []
    board = build(PROFILE, factory, now=now, lost=lambda who, error: told.append((who, str(error))))
    assert board.hook is not None
    board.hook.listen(_failing)
    factory.pin("GPIO17").drive_low()
    assert told == [("hook", "broken listener")]
    board.close()


def _failing(lifted: bool, at: Seconds) -> None:
    raise ValueError("broken listener")
