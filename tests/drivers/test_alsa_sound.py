"""The sound card driver against cards that misbehave, in virtual time."""

import array
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import alsaaudio
import pytest

from offhook.drivers.alsa_pcm import FORMAT, XRUN, SoundError, check
from offhook.drivers.alsa_sound import HOPELESS, STORM, WINDOW, AlsaSound, fade
from offhook.drivers.card import SoundCard
from offhook.drivers.silent_sound import SilentClock, SilentSound
from offhook.ports import Sound
from offhook.units import Hertz, Samples, Seconds

CARD = SoundCard("mic", "ear", period=Samples(80))
FRAME = b"\x01\x00" * CARD.period
SILENCE = bytes(2 * CARD.period)


@dataclass
class Clock:
    at: float = 0.0

    def now(self) -> Seconds:
        return Seconds(self.at)

    def sleep(self, duration: Seconds) -> None:
        self.at += duration


@dataclass
class FakePcm:
    """A card that does as it is told."""

    clock: Clock
    queued: int = 0
    reads: list[tuple[int, bytes]] = field(default_factory=list)
    writes: list[bytes] = field(default_factory=list)
    refuse: list[int] = field(default_factory=list)
    avails: list[int] = field(default_factory=list)
    gone: bool = False
    always: int | None = None
    calls: list[str] = field(default_factory=list)

    def read(self) -> tuple[int, bytes]:
        self._check("read")
        if self.always is not None:
            return self.always, b""
        if self.reads:
            return self.reads.pop(0)
        self.clock.at += CARD.period / CARD.rate
        return CARD.period, FRAME

    def write(self, data: bytes, /) -> int:
        self._check("write")
        if self.refuse:
            return self.refuse.pop(0)
        self.writes.append(data)
        return len(data) // 2

    def avail(self) -> int:
        self._check("avail")
        if self.avails:
            return self.avails.pop(0)
        return CARD.period * 3 - self.queued

    def drop(self) -> int:
        self._check("drop")
        return 0

    def close(self) -> None:
        self.calls.append("close")

    def info(self) -> dict[str, object]:
        return GIVEN

    def _check(self, what: str) -> None:
        self.calls.append(what)
        if self.gone:
            raise alsaaudio.ALSAAudioError("No such device [hw]")


GIVEN: dict[str, object] = {
    "format_name": FORMAT, "rate": 8000, "channels": 1, "period_size": 80, "periods": 4,
}  # fmt: skip


@dataclass
class Shop:
    """Where cards are opened: counts, and refuses while `empty`."""

    clock: Clock
    empty: bool = False
    mic: list[FakePcm] = field(default_factory=list)
    ear: list[FakePcm] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)

    def open_mic(self, card: SoundCard) -> FakePcm:
        self.asked_at.append(self.clock.at)
        if self.empty:
            raise SoundError("not there. Plug it in.")
        self.mic.append(FakePcm(self.clock))
        return self.mic[-1]

    def open_ear(self, card: SoundCard) -> FakePcm:
        self.ear.append(FakePcm(self.clock))
        return self.ear[-1]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop(clock: Clock) -> Shop:
    return Shop(clock)


@pytest.fixture
def sound(clock: Clock, shop: Shop) -> AlsaSound:
    return AlsaSound(CARD, clock.now, clock.sleep, shop.open_mic, shop.open_ear)


def go(sound: Sound, periods: int) -> None:
    for _ in range(periods):
        sound.read()
        sound.write(FRAME)


def test_it_is_open_before_it_is_started(sound: AlsaSound, shop: Shop) -> None:
    assert (len(shop.mic), len(shop.ear)) == (1, 1)
    assert shop.ear[0].writes == []
    sound.start()
    assert (len(shop.mic), len(shop.ear)) == (1, 1)


def test_the_earpiece_is_filled_in_a_single_write(sound: AlsaSound, shop: Shop) -> None:
    sound.start()
    assert shop.ear[0].writes == [SILENCE * 2]


def test_stop_drops_and_keeps_the_device(sound: AlsaSound, shop: Shop) -> None:
    sound.start()
    sound.stop()
    assert shop.ear[0].calls[-1] == shop.mic[0].calls[-1] == "drop"
    sound.start()
    assert len(shop.mic) == 1


def test_close_drops_before_it_closes(sound: AlsaSound, shop: Shop) -> None:
    """Closing a playback stream drains it, which would wait."""
    sound.start()
    sound.close()
    assert shop.ear[0].calls[-2:] == shop.mic[0].calls[-2:] == ["drop", "close"]


def test_frames_go_through(sound: AlsaSound, shop: Shop) -> None:
    sound.start()
    assert sound.read() == FRAME
    sound.write(FRAME)
    assert shop.ear[0].writes[-1] == FRAME


def test_an_overrun_is_read_over(sound: AlsaSound, shop: Shop) -> None:
    sound.start()
    shop.mic[0].reads = [(XRUN, b"")]
    assert sound.read() == FRAME
    assert sound.stats.overruns == 1
    assert sound.trouble() is None


def test_an_underrun_is_filled_again_with_the_frame(sound: AlsaSound, shop: Shop) -> None:
    sound.start()
    sound.read()
    shop.ear[0].refuse = [XRUN]
    sound.write(FRAME)
    assert shop.ear[0].writes[-1] == SILENCE + FRAME
    assert sound.stats.underruns == 1


def test_an_underrun_seen_by_avail_is_filled_again(sound: AlsaSound, shop: Shop) -> None:
    sound.start()
    shop.ear[0].avails = [XRUN]
    sound.write(FRAME)
    assert shop.ear[0].writes[-1] == SILENCE + FRAME


def test_a_storm_of_underruns_enlarges_the_reserve_and_calm_restores_it(
    sound: AlsaSound, shop: Shop, clock: Clock
) -> None:
    sound.start()
    for _ in range(STORM):
        sound.read()
        shop.ear[0].refuse = [XRUN]
        sound.write(FRAME)
    assert shop.ear[0].writes[-1] == SILENCE * 2 + FRAME
    sound.stop()
    clock.at += 400
    sound.start()
    assert shop.ear[0].writes[-1] == SILENCE * 2


@pytest.mark.parametrize("way", ["mic", "ear"])
def test_a_card_that_goes_away_is_replaced_by_a_clock(
    sound: AlsaSound, shop: Shop, clock: Clock, way: str
) -> None:
    sound.start()
    go(sound, 3)
    shop.empty = True
    (shop.mic if way == "mic" else shop.ear)[0].gone = True
    go(sound, 1)
    assert shop.mic[0].calls[-1] == shop.ear[0].calls[-1] == "close"
    before = clock.at
    for _ in range(20):
        assert sound.read() == SILENCE
        sound.write(FRAME)
    assert clock.at - before == pytest.approx(0.2, abs=0.011)
    trouble = sound.trouble()
    assert trouble is not None
    assert "Plug it in" in trouble


def test_it_is_tried_again_at_growing_intervals_and_comes_back(
    sound: AlsaSound, shop: Shop, clock: Clock
) -> None:
    sound.start()
    go(sound, 1)
    shop.empty, shop.mic[0].gone = True, True
    lost = clock.at
    go(sound, 1000)
    tries = [at - lost for at in shop.asked_at[1:]]
    gaps = [b - a for a, b in pairwise([0.0, *tries])]
    assert gaps[0] == pytest.approx(0.5, abs=0.03)
    assert max(gaps) <= 2.03
    assert len(tries) <= 7  # in ten seconds
    shop.empty = False
    go(sound, 201)
    assert sound.trouble() is None
    assert sound.read() == FRAME
    assert shop.ear[-1].writes[0] == SILENCE * 2
    assert sound.stats.losses == 1


def test_a_sound_server_that_died_is_noticed(sound: AlsaSound, shop: Shop, clock: Clock) -> None:
    """-EPIPE for ever, at once: it must neither spin nor count as an overrun."""
    sound.start()
    shop.empty, shop.mic[0].always = True, XRUN
    before = clock.at
    go(sound, 20)
    assert sound.trouble() is not None
    assert shop.mic[0].calls.count("read") <= HOPELESS + 1
    assert clock.at - before > 0.15


def test_no_card_at_the_start_is_no_disaster(clock: Clock, shop: Shop) -> None:
    shop.empty = True
    sound = AlsaSound(CARD, clock.now, clock.sleep, shop.open_mic, shop.open_ear)
    sound.start()
    assert sound.trouble() == "not there. Plug it in."
    go(sound, 10)
    shop.empty = False
    go(sound, 300)
    assert sound.trouble() is None


def test_a_card_plugged_in_again_while_idle_works_at_once(sound: AlsaSound, shop: Shop) -> None:
    """The old handles are dead: lifting the handset opens new ones and gives dial tone."""
    sound.start()
    sound.stop()
    shop.mic[0].gone = shop.ear[0].gone = True
    sound.start()
    assert sound.trouble() is None
    assert shop.ear[1].writes == [SILENCE * 2]
    assert sound.read() == FRAME


def test_an_idle_phone_notices_that_its_card_is_back(clock: Clock, shop: Shop) -> None:
    shop.empty = True
    sound = AlsaSound(CARD, clock.now, clock.sleep, shop.open_mic, shop.open_ear)
    assert sound.trouble() is not None
    shop.empty = False
    assert sound.trouble() is not None  # not at every look
    clock.at += 3
    assert sound.trouble() is None
    assert shop.ear[0].writes == []


def test_a_growing_queue_loses_a_period_now_and_then(sound: AlsaSound, shop: Shop) -> None:
    sound.start()
    shop.ear[0].queued = CARD.period * 2 - 240 + 160  # more than usual lies ahead
    shop.ear[0].avails = [40] * WINDOW  # of 320: 280 queued, usual are 80
    go(sound, WINDOW + 2)
    assert sound.stats.merged >= 1


def test_a_full_queue_never_makes_write_wait(sound: AlsaSound, shop: Shop) -> None:
    sound.start()
    shop.ear[0].avails = [CARD.period - 1]
    before = len(shop.ear[0].writes)
    sound.write(FRAME)
    assert len(shop.ear[0].writes) == before


def test_a_shrinking_queue_gains_a_period(sound: AlsaSound, shop: Shop) -> None:
    sound.start()
    shop.ear[0].avails = [320] * (WINDOW + 1)  # nothing lies ahead
    go(sound, WINDOW)
    assert sound.stats.repeated == 1
    assert len(shop.ear[0].writes) == 1 + WINDOW + 1


def test_a_steady_queue_is_left_alone(sound: AlsaSound, shop: Shop) -> None:
    sound.start()
    shop.ear[0].avails = [240] * 500
    go(sound, 500)
    assert (sound.stats.merged, sound.stats.repeated) == (0, 0)
    assert len(shop.ear[0].writes) == 501


def test_a_fade_begins_as_one_and_ends_as_the_other() -> None:

    faded = array.array("h", fade(b"\xe8\x03" * 80, b"\x18\xfc" * 80))
    assert faded[0] == 1000
    assert faded[-1] == pytest.approx(-1000, abs=30)
    assert max(abs(a - b) for a, b in pairwise(faded)) <= 26


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format_name", "MU_LAW"), ("format_name", "S8"), ("rate", 48000), ("channels", 2),
        ("period_size", 160), ("periods", 2),
    ],
)  # fmt: skip
def test_each_parameter_that_was_replaced_is_told(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, key: str, value: object
) -> None:
    monkeypatch.setitem(GIVEN, key, value)
    with pytest.raises(SoundError, match=f"{key} {value}"):
        check(FakePcm(clock), CARD, "hw:0")


class TestSilence:
    def test_the_clock_does_not_drift(self, clock: Clock) -> None:
        sound = SilentSound(Hertz(8000), Samples(80), clock.now, clock.sleep)
        sound.start()
        for _ in range(1000):
            assert sound.read() == SILENCE
            clock.at += 0.003  # work
        assert clock.at == pytest.approx(10, abs=0.02)

    def test_a_long_stall_is_not_made_up_for(self, clock: Clock) -> None:
        made = SilentClock(Seconds(0.01), clock.now, clock.sleep)
        made.start()
        clock.at += 5
        ticks = 0
        while clock.at < 5.1:
            made.wait()
            ticks += 1
            assert ticks < 30

    def test_it_tells_why_there_is_no_card(self, clock: Clock) -> None:
        sound: Sound = SilentSound(
            Hertz(8000), Samples(80), clock.now, clock.sleep, "no card was chosen"
        )
        assert sound.trouble() == "no card was chosen"


_: Callable[..., Sound] = AlsaSound  # it has the shape of the port
