"""Calls that come in: the bell on its output line."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import pytest

from hil.machine import Report, boot, needs_kernel

pytestmark = [pytest.mark.hil, needs_kernel]

CADENCE: Final = (0.4, 0.2, 0.4, 2.0)  # United Kingdom: on, off, on, off
TOLERANCE: Final = 0.08


@pytest.fixture(scope="module")
def buzzer() -> Report:
    return _played("buzzer")


@pytest.fixture(scope="module")
def tonal() -> Report:
    return _played("tonal")


def _played(scenario: str) -> Report:
    report = boot(scenario)
    assert report.exit_status == 0, report.log
    return report


def test_the_bell_rings_in_the_cadence_of_the_country(buzzer: Report) -> None:
    edges = buzzer.found("answered")["edges"]
    assert [level for _, level in edges] == [1, 0] * (len(edges) // 2)
    spans = [later - earlier for (earlier, _), (later, _) in pairwise(edges)]
    assert spans[:7] == pytest.approx((CADENCE * 2)[:7], abs=TOLERANCE)


def test_lifting_the_handset_stops_the_bell_at_once_and_answers(buzzer: Report) -> None:
    answered = buzzer.found("answered")
    last, level = answered["edges"][-1]
    assert level == 0
    assert 0 < last - answered["lifted"] < 0.15
    assert answered["talking"] - answered["lifted"] < 1
    assert answered["caller"] == "talking"


def test_putting_down_says_bye(buzzer: Report) -> None:
    assert buzzer.found("answered")["byes"] == 1
    assert buzzer.found("answered")["bell"] is False


def test_the_bell_stops_when_the_caller_gives_up(buzzer: Report) -> None:
    given_up = buzzer.found("given up")
    assert given_up["after"] < 0.3
    assert given_up["bell"] is False


def test_a_voice_process_killed_while_it_rings_is_replaced_and_the_call_can_be_taken(
    buzzer: Report,
) -> None:
    assert buzzer.found("voice killed") == {"state": "ringing", "bell": False}
    assert any("voice runner died and was replaced" in line for line in buzzer.found("log"))


def test_the_phone_killed_while_it_rings_leaves_the_bell_off_and_no_process(
    buzzer: Report, tonal: Report
) -> None:
    for killed in (buzzer.found("killed"), tonal.found("killed")):
        assert killed["after"] < 0.3
        assert killed["edges"] == []
        assert killed["bell"] is False
        assert killed["left"] == []


def test_a_tonal_bell_gets_a_square_wave_in_the_same_cadence(tonal: Report) -> None:
    bursts = _bursts([at for at, _ in tonal.found("edges")])
    spans = [end - start for start, end in bursts[:2]]
    assert spans == pytest.approx((CADENCE[0], CADENCE[2]), abs=TOLERANCE)
    start, end = bursts[0]
    changes = sum(start <= at <= end for at, _ in tonal.found("edges"))
    assert changes / (end - start) > 440  # 880 at 440 Hz; some fall between two looks


def test_nothing_was_wrong_with_what_the_phones_sent(buzzer: Report) -> None:
    assert buzzer.found("complaints") == []


def _bursts(times: Sequence[float]) -> list[tuple[float, float]]:
    """Stretches without a pause of 100 ms."""
    cuts = [n for n, (one, other) in enumerate(pairwise(times), 1) if other - one > 0.1]
    bounds = [0, *cuts, len(times)]
    return [(times[first], times[last - 1]) for first, last in pairwise(bounds)]
