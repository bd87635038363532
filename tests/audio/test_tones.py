"""Every tone of every country: frequency, level and cadence, measured.

The measuring does not use the tables of the source: sines are computed anew, or found by Fourier
transform.
"""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from offhook.audio import tones
from offhook.audio.pcm import level_dbm0, peak
from offhook.audio.tones import COUNTRIES, Component, Segment, ToneSource, ToneSpec, plan
from offhook.units import Decibels, Samples
from support.sound import numbers, steepest

NAMES = (
    "dial", "stutter", "outside", "ringback", "busy", "reorder", "unobtainable", "call_waiting",
    "howler", "confirm", "milliwatt",
)  # fmt: skip
EVERY_TONE = [(country, name) for country in COUNTRIES for name in plan(country).tones]
EVERY_SOUND = sorted(
    {
        segment.components
        for country, name in EVERY_TONE
        for spec in [plan(country).tones[name]]
        for segment in spec.once + spec.repeated
        if segment.components
    },
    key=str,
)


def ideal(components: tuple[Component, ...], n: int) -> NDArray[np.float64]:
    """The sum of the sines, from phase zero."""
    t = np.arange(n) / 8000
    total = np.zeros(n)
    for sine in components:
        peak_value = 32767 * 10 ** ((sine.level - 3.14) / 20)
        wave = np.sin(2 * np.pi * sine.frequency * t)
        if sine.modulation:
            wave *= (1 + 0.9 * np.sin(2 * np.pi * sine.modulation * t)) / np.sqrt(1.405)
        total += peak_value * wave
    return total


def ramped(wave: NDArray[np.float64], *, end: bool) -> NDArray[np.float64]:
    n = min(64, len(wave) // 2)
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / n)
    wave[:n] *= rise
    if end:
        wave[-n:] *= rise[::-1]
    return wave


def expected(spec: ToneSpec, n: int) -> NDArray[np.float64]:
    """The whole tone as it should sound."""
    parts: list[NDArray[np.float64]] = []
    segments = list(spec.once)
    have = 0
    while have < n:
        segments = segments or list(spec.repeated) or [Segment((), None)]
        segment = segments.pop(0)
        length = n - have if segment.samples is None else segment.samples
        wave = ideal(segment.components, length)
        parts.append(ramped(wave, end=segment.samples is not None) if segment.components else wave)
        have += length
    return np.concatenate(parts)[:n]


def heard(source: ToneSource, n: int, period: int = 80) -> NDArray[np.float64]:
    return numbers(b"".join(source.frame(period) for _ in range(n // period)))


@pytest.mark.parametrize(("country", "name"), EVERY_TONE)
def test_every_tone_sounds_as_computed_to_the_sample(country: str, name: str) -> None:
    """Two rounds of the cadence: frequencies, levels, ramps, pauses."""
    spec = plan(country).tones[name]
    cycle = sum(s.samples or 8000 for s in spec.once + spec.repeated * 2)
    n = min(cycle + 800, 200_000) // 80 * 80
    error = np.abs(heard(ToneSource(spec), n) - expected(spec, n))
    assert error.max() <= 2  # rounding, once in the table and once in the ramp


@pytest.mark.parametrize("components", EVERY_SOUND, ids=str)
def test_every_sound_has_its_frequencies_at_their_levels_and_nothing_else(
    components: tuple[Component, ...],
) -> None:
    source = ToneSource(ToneSpec((Segment(components, None),)))
    source.frame(64)
    wave = heard(source, 8000)
    lines = np.abs(np.fft.rfft(wave)) / 4000  # amplitude of each whole Hz
    for sine in components:
        level = 3.14 + 20 * np.log10(lines[sine.frequency] / 32767)
        wanted = sine.level - (10 * np.log10(1.405) if sine.modulation else 0)
        assert level == pytest.approx(wanted, abs=0.2)
        for line in (0, -sine.modulation, sine.modulation):
            lines[sine.frequency + line] = 0
    assert lines.max() < 1.0  # less than one step of the samples


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_has_every_tone_and_a_bell(country: str) -> None:
    assert set(NAMES) <= set(plan(country).tones)
    cadence = tones.ring_cadence(country)
    assert len(cadence) in (2, 4)
    assert all(0.1 < seconds < 6 for seconds in cadence)


def test_the_countries_of_the_table_are_all_there() -> None:
    wanted = "US CA UK DE FR CN AU JP ES IT NL SE CH AT BR IN NZ RU PL"
    assert set(wanted.split()) == set(COUNTRIES)


TABLE = """
   | dial                    | busy            | ringback                | reorder
US | 350+440                 | 480+620 500/500 | 440+480 2000/4000       | 480+620 250/250
CA | 350+440                 | 480+620 500/500 | 440+480 2000/4000       | 480+620 250/250
UK | 350+440                 | 400 375/375     | 400+450 400/200/400/2000 | 400 400/350/225/525
DE | 425                     | 425 480/480     | 425 1000/4000           | 425 240/240
FR | 440                     | 440 500/500     | 440 1500/3500           | 440 250/250
CN | 450                     | 450 350/350     | 450 1000/4000           | 450 700/700
AU | 413+438                 | 425 375/375     | 413+438 400/200/400/2000 | 425 375/375/375/375
JP | 400                     | 400 500/500     | 400*15 1000/2000        | 400 500/500
ES | 425                     | 425 200/200     | 425 1500/3000         | 425 200/200/200/200/200/600
IT | 425 200/200/600/1000    | 425 500/500     | 425 1000/4000           | 425 200/200
NL | 425                     | 425 500/500     | 425 1000/4000           | 425 250/250
SE | 425                     | 425 250/250     | 425 1000/5000           | 425 250/750
CH | 425                     | 425 500/500     | 425 1000/4000           | 425 200/200
AT | 420                     | 420 400/400     | 420 1000/5000           | 420 200/200
BR | 425                     | 425 250/250     | 425 1000/4000           | 425 250/250/750/250
IN | 400*25                  | 400 750/750     | 400*25 400/200/400/2000 | 400 250/250
NZ | 400                     | 400 500/500     | 400+450 400/200/400/2000 | 400 250/250
RU | 425                     | 425 350/350     | 425 1000/4000           | 425 175/175
PL | 425                     | 425 500/500     | 425 1000/4000           | 425 500/500
   | call_waiting                    | stutter                 | unobtainable
US | 440 300/10000                   | 6 x 350+440             | SIT 330
CA | 440 300/10000                   | 6 x 350+440             | SIT 330
UK | 400 100/4000                    | 350+440 750,440 750     | 400
DE | 425 200/200/200/5000            | 425+400                 | SIT 330
FR | 440 300/10000                   | 6 x 440                 | SIT 330
CN | 450 400/4000                    | 450+425                 | 450 100/100/100/100/100/100/400/400
AU | 425 200/200/200/4400            | 413+438 100/40          | 425 2500/500
JP | 400*16 500/8000                 | 6 x 400                 | SIT 330
ES | 425 175/175/175/3500            | 6 x 425                 | 950 330/1000
IT | 425 400/100/250/100/150/14000   | 470 400,425 400         | SIT 330
NL | 425 500/9500                    | 425 500/50              | SIT 330
SE | 425 200/500/200/9100            | 425 320/20              | -
CH | 425 200/200/200/4000            | 425+340 1100/1100       | SIT 330
AT | 420 40/1960                     | 380+420                 | 950 330,1450 330,1850 330,0 1000
BR | 425 50/1000                     | 350+440                 | SIT 330
IN | 400 200/100/200/7500            | 6 x 400*25              | SIT 330
NZ | 400 200/3000/200/3000/200/3000/200 | 6 x 400              | 400 750/100/750/100/750/100/750/400
RU | 425 200/5000                    | 6 x 425                 | SIT 330
PL | 425 150/150/150/4000            | -                       | SIT 330
"""
"""Table A.4 of the reference, written down a second time and in another way: sines, then
milliseconds on/off/on/off.  "-": the table leaves it open."""


def cells() -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    names: list[str] = []
    for line in TABLE.strip("\n").splitlines():
        country, *values = (cell.strip() for cell in line.split("|"))
        names = names if country else values
        pairs = zip(names, values, strict=True) if country else ()
        found += [(country, name, cell) for name, cell in pairs if cell != "-"]
    return found


Step = tuple[frozenset[tuple[int, int]], int | None]


def published(cell: str) -> list[Step]:
    """Sines (frequency, modulation) and milliseconds, step by step."""
    if cell.startswith("6 x "):
        (bare,) = published(cell.removeprefix("6 x "))
        return [(bare[0], 100), (frozenset(), 100)] * 6 + [bare]
    if cell == "SIT 330":
        cell = "950 330,1400 330,1800 330,0 1000"
    steps: list[Step] = []
    for part in cell.split(","):
        sines, _, times = part.partition(" ")
        on = frozenset(
            (int(hz), int(slow or 0))
            for hz, _, slow in (sine.partition("*") for sine in sines.split("+"))
            if int(hz)
        )
        lengths = [int(each) for each in times.split("/")] if times else [None]
        steps += [(frozenset() if n % 2 else on, ms) for n, ms in enumerate(lengths)]
    return steps


@pytest.mark.parametrize(("country", "name", "cell"), cells())
def test_every_tone_is_that_of_the_published_table(country: str, name: str, cell: str) -> None:
    spec = plan(country).tones[name]
    ours = [
        (
            frozenset((sine.frequency, sine.modulation) for sine in segment.components),
            None if segment.samples is None else segment.samples // 8,
        )
        for segment in spec.once + spec.repeated
    ]
    assert ours == published(cell)


def test_the_second_burst_of_the_australian_reorder_tone_is_10_db_softer() -> None:
    first, _, second, _ = plan("AU").tones["reorder"].repeated
    assert first.components[0].level - second.components[0].level == 10


BELLS = {
    (2000, 4000): "US CA", (400, 200, 400, 2000): "UK AU IN NZ", (1500, 3500): "FR",
    (1000, 4000): "DE CN IT NL CH BR RU PL", (1000, 2000): "JP", (1500, 3000): "ES",
    (1000, 5000): "SE AT",
}  # fmt: skip


def test_every_bell_has_the_published_cadence() -> None:
    told = {country: ms for ms, countries in BELLS.items() for country in countries.split()}
    assert {
        country: tuple(round(1000 * seconds) for seconds in tones.ring_cadence(country))
        for country in COUNTRIES
    } == told


@pytest.mark.parametrize("country", COUNTRIES)
def test_call_progress_is_at_minus_19_dbm0_a_component(country: str) -> None:
    for name in ("dial", "busy", "ringback"):
        levels = {c.level for s in plan(country).tones[name].repeated for c in s.components}
        assert levels == {-19.0}


@pytest.mark.parametrize("country", COUNTRIES)
def test_the_howler_is_louder_than_dial_tone_and_capped(country: str) -> None:
    """The handset may be at an ear: no more than -6 dBFS at the peak."""
    howler = heard(plan(country).source("howler"), 80_000)
    dial = plan(country).source("dial").frame(8000)
    assert np.abs(howler).max() <= 32767 * 10 ** (-6 / 20) + 1
    loudest = level_dbm0(howler[-2000:].astype("<i2").tobytes())
    assert loudest > level_dbm0(dial) + 2


def test_milliwatt_is_1004_hz_at_0_dbm0() -> None:
    source = plan("US").source("milliwatt")
    source.frame(80)
    assert level_dbm0(source.frame(8000)) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(("country", "name"), [("AU", "dial"), ("US", "dial"), ("IN", "dial")])
def test_a_continuous_tone_has_no_click_where_its_table_begins_anew(
    country: str, name: str
) -> None:
    source = plan(country).source(name)
    source.frame(800)
    once = source.frame(8000)
    assert steepest(source.frame(80_000)) == steepest(once + source.frame(8000))


def test_gb_is_the_united_kingdom() -> None:
    assert plan("gb") is plan("gb")
    assert plan("GB").country == "UK"


def test_an_unknown_country_names_those_there_are() -> None:
    with pytest.raises(LookupError, match="US CA UK"):
        plan("XX")


def test_prepare_computes_every_table_once() -> None:
    plan("AU").prepare()
    before = tones.period.cache_info().misses
    plan("AU").source("dial").frame(80)
    assert tones.period.cache_info().misses == before


# Stopping, ending


def test_a_stopped_tone_fades_out_and_is_done() -> None:
    source = plan("US").source("dial")
    source.frame(800)
    source.stop()
    done_at_once = source.done
    tail = numbers(source.frame(80))
    assert (done_at_once, source.done) == (False, True)
    assert np.abs(tail[:16]).max() > 1000
    assert not tail[64:].any()
    assert np.abs(np.diff(tail)).max() < 2000
    assert not any(source.frame(80))


def test_stopping_twice_is_stopping_once() -> None:
    source = plan("US").source("dial")
    source.stop()
    source.stop()
    source.frame(80)
    source.stop()
    assert source.done


def test_a_tone_played_once_ends_by_itself() -> None:
    source = plan("US").source("confirm")
    source.frame(8000 * 3 // 4)
    source.frame(2000)
    assert not any(source.frame(80))
    assert source.done


@given(st.lists(st.integers(0, 500), max_size=30))
def test_frames_of_any_size_are_the_same_sound(sizes: list[int]) -> None:
    pieces = plan("US").source("stutter")
    whole = plan("US").source("stutter")
    assert b"".join(pieces.frame(n) for n in sizes) == whole.frame(sum(sizes))


# The notation


@pytest.mark.parametrize("text", ["", "x", "440/0", "440/", "/100", "440++350", "440@x", "99999"])
def test_a_malformed_tone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        ToneSpec.parse(text)


def test_the_notation_says_all_there_is_to_say() -> None:
    assert ToneSpec.parse("!440@-10/100,400*25+350/20,0/30") == ToneSpec(
        (Segment((Component(440, Decibels(-10.0)),), Samples(800)),),
        (
            Segment((Component(400, modulation=25), Component(350)), Samples(160)),
            Segment((), Samples(240)),
        ),
    )


# DTMF

LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
KEYS = [(key, LOW[i // 4], HIGH[i % 4]) for i, key in enumerate("123A456B789C*0#D")]


@pytest.mark.parametrize(("key", "low", "high"), KEYS)
def test_dtmf_keys_have_their_two_frequencies(key: str, low: int, high: int) -> None:
    source = tones.dtmf(key.lower())
    source.frame(64)
    lines = np.abs(np.fft.rfft(heard(source, 8000))) / 4000
    assert set(np.flatnonzero(lines > 100)) == {low, high}
    assert 3.14 + 20 * np.log10(lines[low] / 32767) == pytest.approx(-9, abs=0.1)
    assert 20 * np.log10(lines[high] / lines[low]) == pytest.approx(2, abs=0.1)


def test_a_dtmf_tone_of_a_given_length_ends() -> None:
    source = tones.dtmf("5", Decibels(-20.0), Samples(800))
    sound = numbers(source.frame(1000))
    assert sound[790:800].any()
    assert not sound[800:].any()
    assert source.done


def test_a_letter_beyond_d_is_no_key() -> None:
    with pytest.raises(LookupError):
        tones.dtmf("E")


def test_a_tone_too_loud_for_16_bits_saturates() -> None:
    assert peak(tones.dtmf("1", Decibels(3.0)).frame(800)) == 32767


def test_bursts_shorter_than_two_ramps_still_fit_their_time() -> None:
    burst = numbers(tones.burst((Component(1000),), Samples(50)))
    assert len(burst) == 50
    assert max(abs(a - b) for a, b in pairwise(burst)) < 2500
