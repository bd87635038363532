"""How many new requests a source may make."""

from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.allowance import BURST, MAX_SOURCES, RATE, Allowance
from offhook.units import Seconds


def test_a_burst_is_served_and_then_a_steady_rate() -> None:
    allowance = Allowance()
    assert sum(allowance.take("a", Seconds(0)) for _ in range(1000)) == BURST
    assert sum(allowance.take("a", Seconds(1 + i / 1000)) for i in range(10_000)) == RATE * 11 - 1
    assert allowance.take("b", Seconds(1))


@given(st.lists(st.floats(0, 3), max_size=300))
def test_no_window_serves_more_than_burst_and_rate(gaps: list[float]) -> None:
    allowance, now, served = Allowance(), 0.0, 0
    for gap in gaps:
        now += gap
        served += allowance.take("a", Seconds(now))
    assert served <= BURST + RATE * now + 1e-6


def test_the_addresses_remembered_are_few() -> None:
    allowance = Allowance()
    for number in range(1000):
        assert allowance.take(f"192.0.2.{number}", Seconds(0))
    assert len(allowance._left) == MAX_SOURCES
