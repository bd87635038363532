"""The telephone on simulated wires: its handset and its keys."""

from typing import Final

import pytest

from hil.machine import Report, boot, needs_kernel
from hil.sound import Heard, digits, strongest
from support.speech import load, prompt

pytestmark = [pytest.mark.hil, needs_kernel]

DIAL_TONE: Final = {350, 440}


@pytest.fixture(scope="module")
def played() -> Report:
    report = boot("handset")
    assert report.exit_status == 0, report.log
    return report


def test_lifting_a_bouncing_handset_gives_dial_tone_and_putting_it_down_silence(
    played: Report,
) -> None:
    times = played.found("dial tone")
    heard = Heard.of(played, "dial-tone.raw", times)
    tone = heard.between(times["lifted"] + 0.4, times["put_down"])
    assert strongest(tone, 2) == DIAL_TONE
    assert not heard.between(0, times["lifted"]).any()
    assert not heard.between(times["put_down"] + 0.25, float("inf")).any()


def test_dial_tone_comes_within_two_tenths_of_a_second(played: Report) -> None:
    times = played.found("dial tone")
    began = Heard.of(played, "dial-tone.raw", times).first_sound()
    assert began - times["lifted"] < 0.2


def test_keys_pressed_on_the_wires_dial_the_echo_which_sounds_like_what_was_said(
    played: Report,
) -> None:
    times = played.found("echo")
    assert [call["party"] for call in times["calls"]] == ["600"]
    spoken = load(prompt("tt-weasels"))
    delay, quality = Heard.of(played, "echo.raw", times).compare(spoken, times["spoke_at"])
    assert quality >= 3.0
    assert 0 < delay < 0.3


def test_breaks_shorter_than_hanging_up_do_not_end_the_call(played: Report) -> None:
    bounce = played.found("bounce")
    assert bounce["states"] == ["talking"] * 4
    assert bounce["byes"] == 0


def test_putting_down_ends_the_call_with_one_bye(played: Report) -> None:
    ended = played.found("ended")
    assert ended["byes"] == 1
    assert ended["after"] < 0.5


def test_digits_pressed_in_a_call_arrive_at_the_exchange_which_reads_them_back(
    played: Report,
) -> None:
    times = played.found("keys")
    assert digits(Heard.of(played, "keys.raw", times).samples).endswith("42#")


def test_nothing_was_wrong_with_what_the_phone_sent_and_it_ended_cleanly(played: Report) -> None:
    assert played.found("complaints") == []
    assert played.found("exit") == 0
    assert played.found("status")["service"]["troubles"] == []
