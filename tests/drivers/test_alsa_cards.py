"""The sound card driver on real ALSA, on cards without hardware."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from offhook.drivers.alsa_pcm import SoundError, open_capture, open_playback, shut
from offhook.drivers.alsa_sound import AlsaSound
from offhook.drivers.card import SoundCard
from offhook.units import Hertz, Samples
from support import vloop
from support.vloop import Cards

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(vloop.missing() is not None, reason=str(vloop.missing())),
]
CARD = SoundCard("mic", "ear", period=Samples(80))
FRAME = b"\x34\x12" * CARD.period


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("alsa")
    vloop.build(directory)
    return directory


@pytest.fixture
def cards(built: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cards]:
    with vloop.cards(built, "mic", "ear") as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def sound(cards: Cards) -> Iterator[AlsaSound]:
    made = AlsaSound(CARD)
    assert made.trouble() is None
    made.start()
    yield made
    made.close()


def go(sound: AlsaSound, periods: int, frame: bytes = FRAME) -> list[bytes]:
    heard = []
    for _ in range(periods):
        heard.append(sound.read())
        sound.write(frame)
    return heard


def played_since(cards: Cards, start: int) -> int:
    line = cards.line("ear")
    return line.get(start, vloop.sample_now() - start).count(0x1234)


def test_what_is_asked_for_is_given(cards: Cards) -> None:
    for opened in (open_capture(CARD), open_playback(CARD)):
        info = opened.info()
        shut(opened)
        assert (info["format_name"], info["rate"], info["period_size"]) == ("S16_LE", 8000, 80)


def test_another_rate_than_asked_for_is_noticed(cards: Cards) -> None:
    """The library itself says nothing."""
    with pytest.raises(SoundError, match="rate 8000 for 48000"):
        open_capture(replace(CARD, rate=Hertz(48000)))


def test_a_card_that_is_not_there_is_told_by_name(cards: Cards) -> None:
    with pytest.raises(SoundError, match=r"'nowhere'.*plugged in"):
        open_playback(replace(CARD, playback="nowhere"))


def test_a_card_of_the_kernel_that_is_not_there_costs_no_line_on_stderr(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """It is tried again every 2 s for as long as it is away, and stderr is the journal."""
    for name in ("hw:nowhere", "plughw:CARD=nowhere,DEV=0", "sysdefault:CARD=nowhere"):
        with pytest.raises(SoundError, match=r"nowhere.* is not there.*plugged in"):
            open_capture(replace(CARD, capture=name))
    assert capfd.readouterr() == ("", "")


def test_sound_goes_both_ways_at_the_pace_of_the_card(sound: AlsaSound, cards: Cards) -> None:
    start = vloop.sample_now()
    cards.line("mic").put(start, [777] * 8000)
    before = time.monotonic()
    heard = go(sound, 50)
    assert time.monotonic() - before == pytest.approx(0.5, abs=0.2)
    assert b"".join(heard[5:]).count(b"\x09\x03") > 40 * 80
    assert played_since(cards, start) > 3000


def test_an_xrun_costs_little(sound: AlsaSound, cards: Cards) -> None:
    go(sound, 10)
    time.sleep(0.1)  # longer than the buffers
    start = vloop.sample_now()
    go(sound, 30)
    assert (sound.stats.overruns, sound.stats.underruns) == (1, 1)
    assert sound.trouble() is None
    assert played_since(cards, start) > 2000


def test_a_card_that_goes_away_and_comes_back(sound: AlsaSound, cards: Cards) -> None:
    go(sound, 10)
    for name in ("mic", "ear"):
        cards.line(name).unplug()
    before = time.monotonic()
    assert set(go(sound, 40)[1:]) == {bytes(2 * CARD.period)}
    assert time.monotonic() - before == pytest.approx(0.4, abs=0.2)  # the pace is kept
    trouble = sound.trouble()
    assert trouble is not None
    assert "No such device" in trouble
    for name in ("mic", "ear"):
        cards.line(name).unplug(gone=False)
    until = time.monotonic() + 5
    while sound.trouble() is not None and time.monotonic() < until:
        go(sound, 1)
    start = vloop.sample_now()
    go(sound, 50)
    assert sound.trouble() is None
    assert played_since(cards, start) > 3000


def test_stop_and_start_take_no_time(sound: AlsaSound) -> None:
    go(sound, 5)
    before = time.process_time()
    for _ in range(20):
        sound.stop()
        sound.start()
    assert time.process_time() - before < 0.2
    go(sound, 5)
    assert sound.trouble() is None


def test_two_cards_whose_clocks_differ_do_not_run_dry(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earpiece that is 0.3 % too fast needs a period more every three seconds."""
    with vloop.cards(built, "mic", "ear", ppm={"ear": 3_000}, step={"ear": 8}) as cards:
        for name, value in cards.environment.items():
            monkeypatch.setenv(name, value)
        sound = AlsaSound(CARD)
        sound.start()
        go(sound, 800)
        stats = sound.stats
        sound.close()
    # A machine that is too busy for it underruns, and then fills the queue anew instead.
    assert stats.repeated + stats.underruns >= 2
