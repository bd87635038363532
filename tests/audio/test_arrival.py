"""How long to wait for packets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.arrival import FALL, MARGIN, MOST, MOST_PACKETS, START, Arrivals, transit
from offhook.units import RtpTicks, Seconds

FLOOR = 72.0


def noted(transits: list[float], every: float = 0.02, arrivals: Arrivals | None = None) -> Arrivals:
    arrivals = arrivals or Arrivals()
    for i, took in enumerate(transits):
        arrivals.note(took, Seconds(i * every), FLOOR)
    return arrivals


def test_transit_is_late_minus_early_in_samples() -> None:
    assert transit(RtpTicks(160), Seconds(0.03)) == 80


def test_nothing_is_known_before_the_first_packet() -> None:
    assert Arrivals().apart(5.0) == 0
    assert noted([5.0]).apart(8.0) == noted([5.0]).apart(2.0) == 3


def test_the_first_wait_is_generous() -> None:
    assert noted([1000.0]).offset == 1000 + FLOOR + START


def test_on_a_still_network_the_wait_falls_to_the_floor() -> None:
    assert noted([1000.0] * 200).offset == 1000 + FLOOR


def test_it_falls_no_faster_than_20_ms_a_second() -> None:
    arrivals = noted([1000.0])
    before = arrivals.offset
    arrivals.note(1000.0, Seconds(0.5), FLOOR)
    assert before - arrivals.offset == FALL / 2


def test_a_late_packet_raises_it_at_once() -> None:
    assert noted([0.0] * 500 + [900.0]).offset == 900


def test_one_stall_is_forgotten_at_the_pace_of_the_fall() -> None:
    """Spike: 100 ms, then quiet: after five seconds the wait is at the floor again."""
    assert noted([0.0] * 500 + [800.0] + [0.0] * 250).offset == FLOOR


def test_a_jitter_that_stays_is_waited_for() -> None:
    transits = [0.0, 300.0, 100.0, 400.0] * 200
    assert noted(transits).offset == 400 + MARGIN


def test_the_wait_follows_a_drift_of_200_ppm() -> None:
    drift = [i * 160 * 200e-6 for i in range(3000)]
    arrivals = noted(drift)
    assert arrivals.offset - drift[-1] == pytest.approx(FLOOR, abs=20)
    backwards = [-d for d in drift]
    arrivals = noted(backwards)
    assert arrivals.offset - backwards[-1] == pytest.approx(FLOOR, abs=20)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(-1, 1))
def test_the_wait_is_bounded_whatever_comes(transits: list[float], every: float) -> None:
    arrivals = noted(transits, every)
    assert arrivals.offset <= arrivals.fastest + MOST


def test_the_window_is_bounded() -> None:
    arrivals = noted([float(i) for i in range(3 * MOST_PACKETS)], every=0.0)
    assert arrivals.fastest == 2 * MOST_PACKETS


def test_what_is_forgotten_is_forgotten() -> None:
    arrivals = noted([0.0] * 10)
    arrivals.forget()
    assert arrivals.apart(50_000.0) == 0
    arrivals.note(50_000.0, Seconds(1.0), FLOOR)
    assert arrivals.offset == 50_000 + FLOOR + START
