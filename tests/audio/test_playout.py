"""The playout buffer in virtual time: what comes out, when, and what is counted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.audio.codec import Codec, g711, open_codec
from offhook.audio.playout import MOST_PACKETS, Playout
from offhook.units import RtpTicks, Samples, Seconds
from support.sound import chirp, numbers, sine, steepest

PACKET = 160


@dataclass
class Line:
    """A sender, a network and an ear, 10 ms at a time."""

    sound: bytes
    delay: Callable[[int], float | None] = lambda _: 0.001
    """Of the i-th packet; None: lost."""
    ppm: float = 0.0
    """How much faster the ear's clock runs than the sender's."""
    packet: int = PACKET
    marker: Callable[[int], bool] = lambda i: i == 0
    codec: Codec = field(default_factory=g711.ALaw)
    phase: float = 0.0037
    first: int = 1_000_000

    def __post_init__(self) -> None:
        self.playout = Playout(self.codec)
        self.coder = open_codec(self.codec.name)

    def run(self, seconds: float | None = None) -> bytes:
        n = len(self.sound) // 2 // self.packet
        arrivals = sorted(
            (i * self.packet / 8000 + delay, i)
            for i in range(n)
            if (delay := self.delay(i)) is not None
        )
        end = seconds or n * self.packet / 8000
        heard, now, at = [], self.phase, 0
        while now < end:
            while at < len(arrivals) and arrivals[at][0] <= now:
                self.put(arrivals[at][1], arrivals[at][0])
                at += 1
            heard.append(self.playout.get(80, Seconds(now)))
            now += 0.01 * (1 - self.ppm * 1e-6)
        return b"".join(heard)

    def put(self, i: int, at: float) -> None:
        start = 2 * i * self.packet
        payload = self.coder.encode(self.sound[start : start + 2 * self.packet])
        timestamp = RtpTicks(self.first + i * self.packet)
        self.playout.put(timestamp, payload, Seconds(at), marker=self.marker(i))


def lag_of(heard: bytes, sent: bytes) -> int:
    """How many samples later `heard` is than `sent`, by correlation of its second half."""
    a, b = numbers(heard), numbers(sent)
    n = min(len(a), len(b))
    spectrum = np.fft.rfft(a[:n], 2 * n) * np.conj(np.fft.rfft(b[:n], 2 * n))
    return int(np.fft.irfft(spectrum)[: n // 2].argmax())


def quiet(seed: int) -> Callable[[int], float]:
    dice = Random(seed)
    delays = [abs(dice.gauss(0, 0.0008)) for _ in range(20_000)]
    return lambda i: delays[i]


# The plain case


@pytest.mark.parametrize("packet", [80, 160, 240, 320, 480])
def test_sound_comes_out_whole_and_soon(packet: int) -> None:
    line = Line(chirp(24_000), packet=packet)
    heard = line.run()
    assert 40 <= lag_of(heard[-16_000:], line.sound[-16_000:]) <= 200
    assert not line.playout.stats.concealed
    assert line.playout.stats.lost == 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("phase", [0.0001, 0.003, 0.0055, 0.0099])
def test_a_quiet_network_costs_ten_milliseconds_and_loses_nothing(seed: int, phase: float) -> None:
    line = Line(chirp(8000) * 60, quiet(seed), phase=phase)
    line.run()
    stats = line.playout.stats
    assert stats.late / stats.received <= 0.01
    assert stats.concealed <= 0.3  # of 60 s
    assert stats.mean_delay <= 0.016


@pytest.mark.parametrize("ppm", [-200.0, 200.0])
def test_clock_drift_is_absorbed_without_a_step(ppm: float) -> None:
    """Two minutes at 200 ppm drift by 24 ms: the delay stays, and no seam is heard."""
    line = Line(sine(200, 960_000), ppm=ppm)
    heard = line.run()
    stats = line.playout.stats
    assert 0.005 < stats.delay < 0.020
    assert stats.late <= 3
    assert steepest(heard[16_000:]) < 2 * steepest(sine(200, 800))


@pytest.mark.parametrize("ppm", [-200.0, 200.0])
def test_clock_drift_is_absorbed_in_pauses_too(ppm: float) -> None:
    line = Line(bytes(960_000), ppm=ppm)
    line.run()
    assert 0.005 < line.playout.stats.delay < 0.020


def test_the_same_with_g729() -> None:
    line = Line(chirp(40_000), quiet(1), codec=open_codec("G729"))
    heard = line.run()
    assert len(heard) == 80_000
    assert line.playout.stats.lost == 0
    assert numbers(heard[-16_000:]).std() > 1000


# Loss


@pytest.mark.parametrize("name", ["PCMU", "PCMA", "G729"])
def test_losses_are_filled_and_counted(name: str) -> None:
    line = Line(chirp(40_000), lambda i: None if i % 10 == 5 else 0.001, codec=open_codec(name))
    heard = line.run()
    stats = line.playout.stats
    assert stats.lost == 25
    assert stats.received == 225
    assert stats.concealed == pytest.approx(0.5, abs=0.01)
    level = numbers(heard[4000:]).reshape(-1, 80).std(axis=1)
    assert level.min() > 200  # no hole anywhere


class Marked(g711.MuLaw):
    """A codec with a concealment one can recognise."""

    def conceal(self, n: Samples) -> bytes | None:
        return b"\x01\x00" * n


def test_a_codec_conceals_by_its_own_means_where_it_has_any() -> None:
    line = Line(bytes(8000), lambda i: None if i == 10 else 0.001, codec=Marked())
    assert line.run().count(b"\x01\x00" * 160) == 1


def test_a_burst_of_losses_fades_and_the_voice_returns() -> None:
    line = Line(chirp(40_000), lambda i: None if 100 <= i < 130 else 0.001)
    heard = line.run()
    assert line.playout.stats.lost == 30
    assert numbers(heard[2 * 20_000 : 2 * 20_400]).std() < 100
    assert 40 <= lag_of(heard[-16_000:], line.sound[-16_000:]) <= 200


# Late packets


def test_a_packet_that_comes_too_late_is_still_heard_and_the_wait_grows() -> None:
    line = Line(
        chirp(40_000), lambda i: max(0.001, 0.101 - 0.02 * (i - 100)) if i >= 100 else 0.001
    )
    heard = line.run(3.2)
    stats = line.playout.stats
    assert stats.late >= 1
    assert stats.lost == 0
    assert stats.concealed == pytest.approx(0.09, abs=0.02)
    assert stats.delay > 0.03
    assert len(heard) == 2 * 80 * 320


def test_after_a_stall_the_wait_shrinks_again() -> None:
    line = Line(
        chirp(8000) * 15, lambda i: max(0.001, 0.101 - 0.02 * (i - 100)) if i >= 100 else 0.001
    )
    heard = line.run()
    assert line.playout.stats.delay < 0.025
    assert lag_of(heard[-16_000:], line.sound[-16_000:]) <= 200
    assert steepest(heard[2 * 18_000 :]) < 2 * steepest(line.sound)


def test_a_growing_delay_is_followed_within_speech() -> None:
    """3 ms a second, for twenty seconds: time is stretched, nothing is lost."""
    line = Line(chirp(8000) * 20, lambda i: 0.001 + i * 0.02 * 0.003)
    line.run()
    stats = line.playout.stats
    assert stats.lost == 0
    assert stats.concealed < 0.2
    assert stats.delay < 0.025


def test_a_growing_delay_is_followed_in_a_pause() -> None:
    line = Line(bytes(2 * 160_000), lambda i: 0.001 + i * 0.02 * 0.003)
    line.run()
    assert line.playout.stats.concealed < 0.2


def test_reordered_packets_are_put_in_order() -> None:
    line = Line(chirp(24_000), lambda i: 0.023 if i % 10 == 5 else 0.001)
    heard = line.run()
    assert line.playout.stats.lost == 0
    late = line.playout.stats.late
    assert late <= 2
    assert 150 <= lag_of(heard[-16_000:], line.sound[-16_000:]) <= 400


def test_a_packet_that_comes_after_its_successor_was_heard_is_late_and_dropped() -> None:
    line = Line(chirp(8000))
    for i in (0, 1, 3):
        line.put(i, i * 0.02)
    for period in range(10):
        line.playout.get(80, Seconds(period * 0.01 + 0.04))
    assert line.playout.stats.lost == 1
    line.put(2, 0.15)
    assert line.playout.stats.late == 1
    assert line.playout.stats.lost == 0


def test_a_stall_longer_than_the_longest_wait_loses_what_is_too_old() -> None:
    line = Line(
        chirp(8000) * 10, lambda i: max(0.001, 0.6 - 0.02 * (i - 100)) if i >= 100 else 0.001
    )
    line.run(4.0)
    stats = line.playout.stats
    assert stats.dropped > 5
    assert stats.delay <= 0.32


def test_a_delay_that_grows_by_half_a_second_for_good_is_accepted() -> None:
    line = Line(chirp(8000) * 10, lambda i: 0.5 if i >= 100 else 0.001)
    heard = line.run()
    assert numbers(heard[-16_000:]).std() > 1000
    assert line.playout.stats.delay < 0.1


# Gaps


def test_silence_before_the_first_packet() -> None:
    line = Line(b"")
    assert line.playout.get(80, Seconds(0.0)) == bytes(160)
    assert not line.playout.stats.mean_delay


def test_a_talk_spurt_after_a_pause_is_not_a_loss() -> None:
    line = Line(
        chirp(8000) * 5,
        lambda i: None if 100 <= i < 150 else 0.001,
        marker=lambda i: i in (0, 150),
    )
    line.run()
    stats = line.playout.stats
    assert stats.lost == 0
    assert not stats.concealed


def test_a_pause_takes_away_the_delay_of_a_stall_at_once() -> None:
    def delay(i: int) -> float | None:
        if 100 <= i < 110:
            return 0.001 + 0.02 * (110 - i)
        return None if 120 <= i < 720 else 0.001

    line = Line(chirp(8000) * 16, delay, marker=lambda i: i in (0, 720))
    line.run(2.6)
    before = line.playout.stats.delay
    line = Line(chirp(8000) * 16, delay, marker=lambda i: i in (0, 720))
    line.run(14.5)
    assert before > 0.15
    assert line.playout.stats.delay < 0.03


def test_a_held_call_comes_back() -> None:
    line = Line(chirp(8000) * 40, lambda i: None if 100 <= i < 1900 else 0.001)
    heard = line.run()
    assert line.playout.stats.delay < 0.03
    assert 40 <= lag_of(heard[-16_000:], line.sound[-16_000:]) <= 300


# Other time bases


def test_one_packet_from_another_time_is_ignored() -> None:
    line = Line(chirp(24_000))
    line.run(1.5)
    line.playout.put(RtpTicks(99_000_000), bytes(160), Seconds(1.5))
    assert line.playout.stats.dropped == 1
    line.playout.put(RtpTicks(5), bytes(160), Seconds(1.5))
    assert line.playout.stats.dropped == 2


def test_two_packets_from_another_time_are_the_new_stream() -> None:
    line = Line(chirp(24_000))
    line.run(1.5)
    line.first = 99_000_000
    for i in range(75, 100):
        line.put(i, i * 0.02)
        heard = line.playout.get(160, Seconds(i * 0.02))
    assert line.playout.stats.dropped == 1
    assert numbers(heard).std() > 1000


def test_reset_forgets_the_stream_but_not_the_statistics() -> None:
    line = Line(chirp(24_000))
    line.run(1.0)
    line.playout.reset(g711.MuLaw())
    assert line.playout.stats.received > 0
    assert line.playout.get(80, Seconds(1.0)) == bytes(160)
    line.playout.put(RtpTicks(7), g711.encode_ulaw(sine(400, 160)), Seconds(2.0))
    heard = line.playout.get(800, Seconds(2.0))
    assert numbers(heard).std() > 1000


# Abuse


def test_duplicates_are_dropped_before_and_after_they_are_played() -> None:
    line = Line(chirp(8000))
    line.put(0, 0.0)
    line.put(0, 0.001)
    for period in range(10):
        line.playout.get(80, Seconds(period * 0.01))
    line.put(0, 0.1)
    assert line.playout.stats.dropped == 2
    assert line.playout.stats.received == 1


@pytest.mark.parametrize("payload", [b"", bytes(1601)])
def test_a_packet_of_nothing_or_of_too_much_is_dropped(payload: bytes) -> None:
    line = Line(b"")
    line.playout.put(RtpTicks(0), payload, Seconds(0.0))
    assert line.playout.stats.dropped == 1


def test_the_buffer_is_bounded_when_nobody_listens() -> None:
    line = Line(bytes(2 * PACKET * 200))
    for i in range(200):
        line.put(i, i * 0.02)
    assert line.playout.stats.dropped == 200 - MOST_PACKETS
    heard = line.playout.get(80, Seconds(4.0))
    assert len(heard) == 160


def test_a_listener_who_was_away_skips_what_is_old() -> None:
    line = Line(chirp(8000) * 5)
    for i in range(50):
        line.put(i, i * 0.02)
    line.playout.get(80, Seconds(0.03))
    line.playout.get(80, Seconds(1.0))
    line.playout.get(800, Seconds(1.01))
    assert line.playout.stats.delay < 0.1


def test_packets_that_overlap_are_heard_once() -> None:
    line = Line(b"")
    line.playout.put(RtpTicks(0), bytes(160), Seconds(0.0))
    line.playout.put(RtpTicks(80), b"\xff" * 160, Seconds(0.0))
    heard = b"".join(line.playout.get(80, Seconds(i * 0.01)) for i in range(12))
    assert heard.count(g711.decode_alaw(b"\xff") * 80) == 1


packets = st.tuples(
    st.integers(-2, 400).map(lambda i: i * 80),
    st.binary(max_size=500),
    st.floats(0, 10),
    st.booleans(),
)
steps = st.lists(st.one_of(packets, st.integers(0, 300), st.none()), max_size=80)


@pytest.mark.parametrize("name", ["PCMU", "G729"])
@settings(deadline=None)
@given(script=steps)
def test_whatever_comes_the_ear_gets_what_it_asks_for(
    name: str, script: list[tuple[int, bytes, float, bool] | int | None]
) -> None:
    line = Playout(open_codec(name))
    now = 0.0
    for step in script:
        match step:
            case None:
                line.reset()
            case int(n):
                now += n / 8000
                assert len(line.get(n, Seconds(now))) == 2 * n
            case (timestamp, payload, arrival, marker):
                line.put(RtpTicks(timestamp), payload, Seconds(arrival), marker=marker)
    stats = line.stats
    assert 0 <= stats.late <= stats.received
    assert len(line._packets) <= MOST_PACKETS
    assert stats.concealed <= now + 1


def test_time_is_never_pressed_by_more_than_fifteen_percent() -> None:
    """The listener was away for 100 ms: catching up takes two thirds of a second at least."""
    line = Line(sine(200, 40_000))
    for i in range(40):
        line.put(i, i * 0.02)
        line.playout.get(160, Seconds(i * 0.02))
    delays = []
    for i in range(40, 200):
        line.put(i, i * 0.02)
        if i >= 45:
            line.playout.get(160, Seconds(i * 0.02))
            delays.append(line.playout.stats.delay)
    assert 0.1 < delays[0] < 0.13
    assert delays[-1] < 0.02
    assert max(a - b for a, b in pairwise(delays[::10])) < 0.2 * 0.15 + 0.016
    assert line.playout.stats.lost == 0
