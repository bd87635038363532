"""Time scaling: the right length, the same pitch, no seam."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.likeness import best_lag, likeness
from offhook.audio.pcm import silence
from offhook.audio.stretch import LONGEST, cut, lengthen, repeat_last, shorten
from support.sound import chirp, frame, numbers, sine, steepest


@pytest.mark.parametrize("period", [20, 32, 40, 64, 80, 100])
def test_shortening_takes_out_whole_periods(period: int) -> None:
    sound = sine(8000 / period, 160)
    out = shorten(sound, LONGEST)
    gone = (len(sound) - len(out)) // 2
    assert gone > 0
    assert min(gone % period, period - gone % period) <= 2
    assert steepest(out) < 1.15 * steepest(sound)


@pytest.mark.parametrize("period", [20, 32, 40, 64, 80, 100])
def test_lengthening_puts_in_whole_periods(period: int) -> None:
    sound = sine(8000 / period, 1000)
    before, after = sound[:1600], sound[1600:]
    out = lengthen(before, after, LONGEST)
    more = (len(out) - len(after)) // 2
    assert more > 0
    assert min(more % period, period - more % period) <= 2
    assert steepest(before + out) < 1.15 * steepest(sound)


def test_both_begin_where_the_sound_began() -> None:
    sound = chirp(2000)
    before, after = sound[:3680], sound[3680:]
    whole = steepest(sound)
    assert steepest(before + shorten(after, LONGEST)) < 1.5 * whole
    assert steepest(before + lengthen(before, after, LONGEST)) < 1.5 * whole


def test_noise_is_left_alone_unless_it_must_be_cut() -> None:
    noise = frame(2000 * np.random.default_rng(3).standard_normal(400))
    before, after = noise[:480], noise[480:]
    assert shorten(after, LONGEST) == after
    assert lengthen(before, after, LONGEST) == after
    assert len(shorten(after, LONGEST, 0.0)) < len(after)
    assert len(lengthen(before, after, LONGEST, 0.0)) > len(after)


def test_silence_has_no_period() -> None:
    assert shorten(silence(160), LONGEST, 0.0) == silence(160)
    assert lengthen(silence(160), silence(160), LONGEST, 0.0) == silence(160)


@given(st.binary(max_size=800), st.binary(max_size=800), st.integers(-5, 200))
def test_no_sound_is_too_short_or_too_odd(before: bytes, sound: bytes, most: int) -> None:
    before, sound = before[: len(before) // 2 * 2], sound[: len(sound) // 2 * 2]
    n = len(sound) // 2
    assert n - max(0, most) <= len(shorten(sound, most, 0.0)) // 2 <= n
    assert n <= len(lengthen(before, sound, most, 0.0)) // 2 <= n + max(0, most)


@given(st.integers(0, 100), st.integers(1, 60))
def test_cut_and_repeat_change_the_length_by_exactly_the_lag(n: int, lag: int) -> None:
    sound = chirp(200 + n)
    assert len(cut(sound, lag)) == len(sound) - 2 * lag
    assert len(repeat_last(sound, sound[: 2 * n], lag)) == 2 * (n + lag)


def test_likeness_is_one_for_the_same_and_zero_for_the_opposite() -> None:
    wave = sine(440, 80)
    opposite = frame(-numbers(wave))
    assert likeness(wave, wave) == pytest.approx(1)
    assert likeness(wave, opposite) == 0
    assert likeness(wave, silence(80)) == 0
    assert likeness(silence(80), wave) == 0


def test_the_best_lag_of_a_sine_is_its_period() -> None:
    alike, lag = best_lag(sine(100, 400), 320, 80, range(60, 100))
    assert lag == 80
    assert alike == pytest.approx(1, abs=1e-3)
