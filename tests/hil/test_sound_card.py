"""A sound card that another program holds, and one that is unplugged in the middle of a call."""

import re

import pytest

from hil.machine import Report, boot, needs_kernel
from hil.sound import Heard, strongest
from support.speech import load, prompt

pytestmark = [pytest.mark.hil, needs_kernel]


@pytest.fixture(scope="module")
def played() -> Report:
    report = boot("sound_card")
    assert report.exit_status == 0, report.log
    return report


def test_a_phone_whose_card_is_taken_says_so_and_is_registered(played: Report) -> None:
    taken = played.found("taken")
    assert taken["registered"] is True
    assert "cannot be opened" in taken["sound_trouble"]
    assert any("Device or resource busy" in line for line in played.found("log"))


def test_sound_comes_back_when_the_card_is_free(played: Report) -> None:
    free = played.found("free")
    assert free["sound_trouble"] == ""
    heard = Heard.of(played, "freed.raw", free)
    tone = heard.between(free["lifted"] + 0.5, free["lifted"] + 1.3)
    assert strongest(tone, 2) == {350, 440}


def test_a_card_unplugged_in_a_call_is_reported_and_the_call_goes_on(played: Report) -> None:
    unplugged = played.found("unplugged")
    assert unplugged["gone"] is True
    assert unplugged["sound_trouble"] != ""
    assert unplugged["registered"] is True
    assert unplugged["state"] == "talking"


def test_packets_go_on_without_the_card(played: Report) -> None:
    """The silent clock keeps the pace: what the exchange heard is what the time makes."""
    (ended,) = (line for line in played.found("log") if "call ended" in line)
    (over,) = (line for line in played.found("exchange") if "over, heard" in line)
    talked, heard = re.search(r"talked_s=([\d.]+)", ended), re.search(r"heard (\d+)", over)
    assert talked is not None
    assert heard is not None
    assert int(heard[1]) == pytest.approx(50 * float(talked[1]), abs=25)


def test_the_card_plugged_in_again_is_heard_in_the_same_call(played: Report) -> None:
    back = played.found("back")
    assert back["sound_trouble"] == ""
    assert back["state"] == "talking"
    spoken = load(prompt("tt-weasels"))
    _, quality = Heard.of(played, "back.raw", back).compare(spoken, back["spoke_at"])
    assert quality >= 3.0
