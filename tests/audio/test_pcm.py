"""Arithmetic on frames."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio import pcm
from offhook.units import Decibels

frames = st.lists(st.integers(-32768, 32767), min_size=1, max_size=200).map(
    lambda values: struct.pack(f"<{len(values)}h", *values)
)


def sine(level: float, n: int = 8000, frequency: float = 1000.0) -> bytes:
    wave = pcm.amplitude(Decibels(level)) * np.sin(2 * np.pi * frequency / 8000 * np.arange(n))
    return bytes(np.round(wave).astype("<i2").tobytes())


def test_frames_are_little_endian() -> None:
    assert pcm.peak(b"\x00\x01") == 256


@pytest.mark.parametrize("level", [3.14, 0.0, -19.0, -40.0])
def test_level_of_a_sine_is_its_dbm0(level: float) -> None:
    assert pcm.level_dbm0(sine(level)) == pytest.approx(level, abs=0.05)


def test_full_scale_sine_is_plus_3_14_dbm0() -> None:
    assert pcm.amplitude(Decibels(3.14)) == pytest.approx(32767)


def test_silence_has_the_quietest_level_and_the_length_asked_for() -> None:
    assert pcm.level_dbm0(pcm.silence(80)) == pcm.QUIETEST
    assert pcm.samples(pcm.silence(80)) == 80
    assert pcm.duration(80) == 0.01


def test_mixing_saturates_instead_of_wrapping() -> None:
    loud = struct.pack("<2h", 30000, -30000)
    assert pcm.mix(loud, loud) == struct.pack("<2h", 32767, -32768)


def test_gain_of_six_decibels_doubles() -> None:
    assert pcm.rms(pcm.gain(sine(-20), Decibels(6.0206))) == pytest.approx(
        2 * pcm.rms(sine(-20)), abs=2
    )


@given(frames)
def test_multiplying_by_one_changes_nothing(frame: bytes) -> None:
    assert pcm.multiply(frame, [pcm.ONE] * pcm.samples(frame)) == frame


@given(frames)
def test_blending_a_frame_with_itself_gives_it_back_within_rounding(frame: bytes) -> None:
    out = np.frombuffer(pcm.blend(frame, frame), "<i2").astype(int)
    assert np.abs(out - np.frombuffer(frame, "<i2")).max() <= 1


@pytest.mark.parametrize("n", [1, 8, 64])
def test_rise_and_fall_are_complements(n: int) -> None:
    assert [a + b for a, b in zip(pcm.rise(n), pcm.fall(n), strict=True)] == [pcm.ONE] * n
