"""The limiter, in virtual time."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from offhook.service.repeats import MAX_KINDS, Repeats
from offhook.units import Seconds


def at(seconds: float) -> Seconds:
    return Seconds(seconds)


def test_the_first_of_a_kind_is_written_at_once() -> None:
    assert Repeats[str]().offer("dropped", "a", at(0))


def test_the_same_within_a_second_is_held_and_then_told_with_its_count() -> None:
    repeats = Repeats[str]()
    repeats.offer("dropped", "a", at(0))
    assert not any(repeats.offer("dropped", f"b{n}", at(0.1)) for n in range(5))
    assert repeats.deadline() == 1.0
    assert repeats.due(at(0.9)) == []
    assert repeats.due(at(1.0)) == [("b4", 5)]


def test_kinds_do_not_hold_back_each_other() -> None:
    repeats = Repeats[str]()
    assert repeats.offer("a", "", at(0))
    assert repeats.offer("b", "", at(0))


def test_a_kind_that_stopped_is_forgotten() -> None:
    repeats = Repeats[str]()
    repeats.offer("a", "", at(0))
    assert repeats.due(at(1)) == []
    assert repeats.deadline() is None
    assert repeats.offer("a", "", at(1))


def test_an_endless_number_of_kinds_shares_one_line_a_second() -> None:
    repeats = Repeats[str]()
    written = sum(repeats.offer(str(n), "", at(0)) for n in range(10 * MAX_KINDS))
    assert written == MAX_KINDS + 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 0.4)), max_size=60))
def test_nothing_is_lost_and_no_kind_is_written_twice_in_a_second(
    offers: list[tuple[str, float]],
) -> None:
    repeats, now, told = Repeats[str](), 0.0, list[tuple[float, str, int]]()
    for kind, wait in offers:
        now += wait
        told += [(now, kind, count) for kind, count in repeats.due(at(now))]
        if repeats.offer(kind, kind, at(now)):
            told.append((now, kind, 1))
    told += [(now + 1, kind, count) for kind, count in repeats.due(at(now + 1))]
    assert sum(count for *_, count in told) == len(offers)
    for kind in "abc":
        times = [time for time, each, _ in told if each == kind]
        assert all(b - a > 0.99 for a, b in pairwise(times))
