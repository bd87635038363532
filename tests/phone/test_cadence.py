"""The bell's pattern over time."""

import pytest

from offhook.audio.tones import ring_cadence
from offhook.phone.cadence import Cadence
from offhook.units import Seconds


def look(bell: Cadence) -> tuple[bool, bool, float | None]:
    return bell.sounding, bell.running, bell.deadline()


def changes(cadence: Cadence, until: float) -> list[tuple[float, bool]]:
    log = []
    while (at := cadence.deadline()) is not None and at <= until:
        cadence.tick(at)
        log.append((round(at, 3), cadence.sounding))
    return log


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        ("us", [(3.0, False), (7.0, True), (9.0, False)]),
        ("uk", [(1.4, False), (1.6, True), (2.0, False), (4.0, True), (4.4, False), (4.6, True)]),
        ("de", [(2.0, False), (6.0, True), (7.0, False)]),
    ],
)
def test_the_bell_rings_as_the_country_does(
    country: str, expected: list[tuple[float, bool]]
) -> None:
    bell = Cadence(ring_cadence(country))
    bell.start(Seconds(1))
    assert bell.sounding
    assert changes(bell, expected[-1][0] + 0.01) == expected


def test_silent_until_started_and_after_stop() -> None:
    bell = Cadence((Seconds(1), Seconds(2)))
    bell.tick(Seconds(5))
    assert look(bell) == (False, False, None)
    bell.start(Seconds(5))
    assert look(bell) == (True, True, 6.0)
    bell.stop()
    assert look(bell) == (False, False, None)


def test_a_tick_too_early_changes_nothing() -> None:
    bell = Cadence((Seconds(1), Seconds(2)))
    bell.start(Seconds(0))
    bell.tick(Seconds(0.5))
    assert bell.sounding


def test_rings_that_were_slept_through_are_not_caught_up_with() -> None:
    bell = Cadence((Seconds(1), Seconds(2)))
    bell.start(Seconds(0))
    bell.tick(Seconds(1000))
    assert not bell.sounding
    assert bell.deadline() == Seconds(1000)
