"""The last stage before the ear."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.limiter import Limiter
from offhook.audio.pcm import peak, silence
from offhook.units import Decibels
from support.sound import numbers, sine

CAP = int(32767 * 10 ** (-9 / 20))


def limited(sound: bytes, limiter: Limiter | None = None, n: int = 80) -> bytes:
    limiter = limiter or Limiter()
    return b"".join(limiter.process(sound[at : at + 2 * n]) for at in range(0, len(sound), 2 * n))


def test_sound_below_the_threshold_passes_bit_for_bit() -> None:
    sound = sine(1000, 800, CAP)
    assert limited(sound) == sound


@given(st.lists(st.binary(min_size=160, max_size=160), min_size=1, max_size=20))
def test_nothing_ever_passes_the_threshold(frames: list[bytes]) -> None:
    limiter = Limiter()
    for frame in frames:
        out = limiter.process(frame)
        assert len(out) == len(frame)
        assert peak(out) <= CAP


def test_the_threshold_can_be_chosen() -> None:
    out = limited(sine(1000, 8000, 32000), Limiter(Decibels(-20.0)))
    assert 3200 < peak(out) <= 3277


@pytest.mark.parametrize("frequency", [120, 400, 1004, 2600])
def test_a_loud_steady_sine_is_made_softer_not_bent(frequency: int) -> None:
    out = limited(sine(frequency, 16000, 32767))
    lines = np.abs(np.fft.rfft(numbers(out[-16000:])))
    signal = lines[frequency]
    lines[frequency] = 0
    assert 20 * np.log10(np.sqrt((lines**2).sum()) / signal) < -45
    assert peak(out[-16000:]) > CAP * 0.95


def test_a_sudden_bang_is_caught_in_its_first_sample() -> None:
    bang = sine(1000, 160, 3000) + b"\xff\x7f" * 160
    assert peak(limited(bang)) <= CAP


def test_the_gain_comes_back_slowly_without_steps() -> None:
    limiter = Limiter()
    limited(sine(1000, 800, 32767), limiter)
    after = numbers(limited(sine(1000, 16000, 3000), limiter))
    swell = np.abs(after).reshape(-1, 80).max(axis=1)
    assert swell[0] < 1200
    assert swell[-1] == 3000
    growth = swell[1:] / swell[:-1]
    assert growth.max() < 10 ** (0.25 / 20)
    assert growth.min() > 0.99


def test_after_recovery_sound_is_untouched_again() -> None:
    limiter = Limiter()
    limited(sine(1000, 800, 32767), limiter)
    limited(silence(16000), limiter)
    sound = sine(700, 800, 5000)
    assert limited(sound, limiter) == sound
