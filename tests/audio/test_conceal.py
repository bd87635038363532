"""Concealment: how good it sounds is measured by tests/bench/conceal.py; here is what must hold."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.conceal import FADE, HISTORY, STEADY, Concealer
from offhook.audio.pcm import level_dbm0, rms, silence
from support.sound import chirp, frame, numbers, sine, steepest


def fed(concealer: Concealer, sound: bytes) -> Concealer:
    for at in range(0, len(sound), 160):
        concealer.good(sound[at : at + 160])
    return concealer


def test_without_loss_every_bit_passes() -> None:
    sound = chirp(8000)
    concealer = Concealer()
    out = [concealer.good(sound[at : at + 160]) for at in range(0, len(sound), 160)]
    assert b"".join(out) == sound


@pytest.mark.parametrize("frequency", [100, 160, 200, 400])
def test_a_steady_voice_goes_on_through_a_lost_packet(frequency: int) -> None:
    sound = sine(frequency, 2400)
    concealer = fed(Concealer(), sound[:4000])
    made = numbers(concealer.missing(80) + concealer.missing(80))
    truth = numbers(sound[4000:4320])
    fading = 1 - np.clip(np.arange(160) - STEADY, 0, None) / FADE
    assert np.abs(made - truth * fading).max() < 400  # of 8000


@pytest.mark.parametrize("lost", [80, 160, 400, 1600])
def test_a_loss_clicks_neither_at_its_start_nor_at_its_end(lost: int) -> None:
    sound = chirp(8000)
    concealer = fed(Concealer(), sound[: 2 * 3200])
    heard = sound[2 * 3000 : 2 * 3200]
    heard += b"".join(concealer.missing(80) for _ in range(lost // 80))
    after = sound[2 * (3200 + lost) : 2 * (3600 + lost)]
    heard += concealer.good(after)
    assert steepest(heard) < 1.6 * steepest(sound)


def test_a_long_loss_fades_to_the_level_of_the_background() -> None:
    rng = np.random.default_rng(7)
    concealer = fed(Concealer(), frame(12 * rng.standard_normal(8000)))
    fed(concealer, chirp(1600))
    levels = [level_dbm0(concealer.missing(80)) for _ in range(40)]
    assert levels[0] > -20
    assert all(later < sooner + 3 for sooner, later in pairwise(levels))
    assert (STEADY + FADE) / 8 <= 120  # ms
    assert 2 <= rms(concealer.missing(800)) <= 16


def test_after_silence_nothing_is_made_up() -> None:
    concealer = fed(Concealer(), silence(8000))
    assert not any(concealer.missing(160))
    assert not any(Concealer().missing(160))


def test_noise_that_was_not_heard_is_not_added() -> None:
    """The background is never believed to be as loud as a voice."""
    concealer = fed(Concealer(), chirp(16000, 20000))
    concealer.missing(1600)
    assert level_dbm0(concealer.missing(800)) < -48


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 700)), max_size=30), st.binary(min_size=2800)
)
def test_any_order_of_good_and_missing_keeps_the_length(
    steps: list[tuple[bool, int]], noise: bytes
) -> None:
    concealer = Concealer()
    for good, n in steps:
        out = concealer.good(noise[: 2 * n]) if good else concealer.missing(n)
        assert len(out) == 2 * n
        assert len(concealer.heard) == 2 * HISTORY


def test_what_was_made_up_is_remembered_as_heard() -> None:
    concealer = fed(Concealer(), chirp(1600))
    out = concealer.missing(80)
    assert concealer.heard.endswith(out)
