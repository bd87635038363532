"""Media time follows the microphone, and skips what the card lost."""

import pytest

from offhook.phone.voice_clock import CaptureClock
from offhook.units import Seconds

N = 80
STEP = N / 8000


def run(clock: CaptureClock, begin: float, count: int, ppm: float = 0.0) -> tuple[list[int], float]:
    at = begin
    found: list[int] = []
    for _ in range(count):
        at += STEP * (1 + ppm * 1e-6)
        found.append(clock.advance(N, Seconds(at)))
    return found, at


def test_media_time_counts_samples() -> None:
    clock = CaptureClock()
    found, _ = run(clock, 100, 500)
    assert found == list(range(0, 500 * N, N))
    assert clock.time == 500 * N


@pytest.mark.parametrize("ppm", [-200, 200])
def test_a_card_that_drifts_is_let_be(ppm: float) -> None:
    """Ten minutes: 120 ms of drift are not a loss."""
    found, _ = run(CaptureClock(), 100, 60_000, ppm)
    assert found[-1] == 59_999 * N


@pytest.mark.parametrize("lost_ms", [20, 40, 100, 400])
def test_samples_that_were_lost_are_skipped_within_a_second(lost_ms: int) -> None:
    clock = CaptureClock()
    before, at = run(clock, 100, 200)
    after, _ = run(clock, at + lost_ms / 1000, 200)
    expected = before[-1] + N * 200 + lost_ms * 8
    assert after[-1] == pytest.approx(expected, abs=8)
    assert after[150] - after[100] == 50 * N


def test_a_late_reader_that_catches_up_lost_nothing() -> None:
    clock = CaptureClock()
    before, at = run(clock, 100, 200)
    late = [clock.advance(N, Seconds(at + 0.2)) for _ in range(20)]
    after, _ = run(clock, at + 0.2, 200)
    assert [*before, *late, *after] == list(range(0, 420 * N, N))


def test_a_capture_that_was_stopped_goes_on_in_time() -> None:
    clock = CaptureClock()
    _, at = run(clock, 100, 100)
    found, _ = run(clock, at + 30, 3)
    assert found == [100 * N + 30 * 8000 + N * each for each in range(3)]
