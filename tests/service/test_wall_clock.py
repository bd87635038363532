"""The exchange's Date beside our wall clock, row 16."""

from offhook.notes import Note, Severity
from offhook.service.wall_clock import WallClock
from offhook.units import Seconds

NOW = Seconds(1)
SEED = 1535451259


def clock(at: float) -> tuple[WallClock, list[Note]]:
    told: list[Note] = []
    return WallClock(lambda note, _now: told.append(note), lambda: at), told


def test_a_clock_that_agrees_is_no_news() -> None:
    wall, told = clock(SEED + 119.4)
    assert wall.trouble == ""
    wall.told(SEED, NOW)
    assert wall.off == -119
    assert wall.trouble == ""
    assert not told


def test_a_clock_that_differs_a_lot_is_told_once_and_so_is_that_it_was_mended() -> None:
    wall, told = clock(0)  # a Pi that has just booted
    for _ in range(3):
        wall.told(SEED, NOW)
    assert wall.trouble.startswith("the clock is 17771 days behind the exchange's: if it is ours")
    wall.read = lambda: SEED
    wall.told(SEED, NOW)
    assert wall.trouble == ""
    assert [(note.what, note.severity) for note in told] == [
        ("the clock may be wrong", Severity.WARNING),
        ("the clock agrees with the exchange", Severity.NOTICE),
    ]
    assert told[0].fields["server_ahead_s"] == SEED


def test_how_far_is_told_in_a_unit_that_fits() -> None:
    spans = []
    for off in (121, 7300, 200_000):
        wall, _ = clock(SEED + off)
        wall.told(SEED, NOW)
        spans.append(wall.trouble.partition(" the exchange")[0].removeprefix("the clock is "))
    assert spans == ["2 minutes ahead of", "2 hours ahead of", "2 days ahead of"]


def test_without_a_test_it_reads_the_real_clock() -> None:
    wall = WallClock(lambda note, _now: None)
    wall.told(SEED, NOW)
    assert wall.off is not None
    assert wall.off < 0
