"""Two voice paths and a network that is not kind."""

import numpy as np
import pytest

from offhook.phone.actions import StartDigit, StopDigit, StopVoice
from offhook.phone.events import DigitHeard, VoiceReport
from offhook.units import Seconds
from support.netem import Netem
from support.sound import chirp, numbers, sine, steepest
from support.voices import End, Pair, pair


def final(end: End, pair_: Pair) -> VoiceReport:
    (report,) = end.voice.obey(StopVoice(1), Seconds(pair_.began + end.due))
    assert isinstance(report, VoiceReport)
    return report


def test_two_phones_hear_each_other_and_agree_on_what_happened() -> None:
    call = pair(Netem(1, delay=0.03), Netem(2, delay=0.05))
    call.alice.speech, call.bob.speech = chirp(8000 * 21), sine(700, 8000 * 21, 5000)
    call.start()
    call.run(20)
    alice, bob = final(call.alice, call), final(call.bob, call)
    for ours, theirs in ((alice, bob), (bob, alice)):
        assert theirs.sent - 3 <= ours.received <= theirs.sent
        assert (ours.lost, ours.remote_lost) == (0, 0)
        assert ours.round_trip == pytest.approx(0.08, abs=0.02)
        assert ours.jitter < 0.001
        assert ours.playout_delay < 0.025
        assert ours.concealed < 0.05
    assert np.abs(numbers(bytes(call.alice.heard)[16_000:])).mean() > 2500


@pytest.mark.parametrize("period", [40, 80, 160])
def test_any_period_meets_any_other(period: int) -> None:
    call = pair(period=period)
    call.alice.speech = chirp(8000 * 6)
    call.start()
    call.run(5)
    assert len(call.bob.heard) == pytest.approx(5 * 16_000, abs=4 * period)
    assert steepest(bytes(call.bob.heard)) < 1.5 * steepest(call.alice.speech)


@pytest.mark.parametrize("ppm", [-200, 200])
def test_the_drift_of_two_sound_cards_is_absorbed_without_a_step(ppm: float) -> None:
    """Four minutes: 48 ms of drift, more than the buffer ever held."""
    call = pair(ppm=ppm)
    call.alice.speech = chirp(8000 * 245)
    call.start()
    call.run(240)
    heard = bytes(call.bob.heard)
    assert steepest(heard[16_000:]) < 1.2 * steepest(call.alice.speech)
    report = final(call.bob, call)
    assert report.lost == 0
    assert report.concealed < 0.1
    assert report.playout_delay < 0.03


@pytest.mark.parametrize("loss", [0.01, 0.05, 0.2])
def test_loss_is_counted_as_it_was_and_concealed(loss: float) -> None:
    network = Netem(3, loss=loss, burst=2)
    call = pair(network)
    call.alice.speech = chirp(8000 * 41)
    call.start()
    call.run(40)
    report = final(call.bob, call)
    assert report.lost == pytest.approx(network.lost, abs=3)
    assert report.concealed == pytest.approx(0.02 * network.lost, rel=0.4)
    assert steepest(bytes(call.bob.heard)) < 2.5 * steepest(call.alice.speech)


def test_jitter_reordering_and_copies_cost_delay_not_words() -> None:
    network = Netem(4, jitter=0.008, duplicate=0.05, reorder=True)
    call = pair(network)
    call.alice.speech = chirp(8000 * 41)
    call.start()
    call.run(40)
    report = final(call.bob, call)
    assert report.late < 0.03 * report.received
    assert 0.003 < report.jitter < 0.02
    assert report.playout_delay < 0.09
    assert report.concealed < 0.6


def test_keys_arrive_through_loss() -> None:
    network = Netem(6, loss=0.15, jitter=0.005)
    call = pair(network)
    keys = "0123456789*#ABCD"

    def press(end: End, now: Seconds) -> None:
        if end is call.alice and end.ticks % 25 == 0 and end.ticks // 25 < len(keys):
            end.voice.obey(StartDigit(1, keys[end.ticks // 25]), now)
        if end is call.alice and end.ticks % 25 == 10:
            end.voice.obey(StopDigit(1), now)

    call.at_tick = press
    call.start()
    call.run(10)
    heard = [event.digit for event in call.bob.events if isinstance(event, DigitHeard)]
    assert "".join(heard) == keys


def test_after_a_silent_minute_voice_is_back_at_once_and_not_late() -> None:
    """The cable was out: re-anchored, not played behind for ever."""
    call = pair()
    call.alice.speech = sine(500, 8000 * 80, 5000)
    call.start()
    call.run(5)
    call.there.cut = True
    call.run(65)
    call.there.cut = False
    call.run(70)
    heard = numbers(bytes(call.bob.heard))
    assert np.abs(heard[65 * 8000 + 2000 : 66 * 8000]).mean() > 2500
    assert np.abs(heard[10 * 8000 : 64 * 8000]).max() < 100  # comfort noise at most
    assert final(call.bob, call).playout_delay < 0.05
