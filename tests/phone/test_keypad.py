"""The keypad: debounce, long press, stuck keys, ghosts (reliability C #15)."""

from hypothesis import given
from hypothesis import strategies as st

from offhook.phone import contact, keypad
from offhook.phone.keypad import (
    KeyDown,
    Keypad,
    KeyUp,
    LongPress,
    Meaning,
    Stuck,
    ghosts,
)
from offhook.phone.settings import KEYS_4X3, KeypadSettings
from offhook.ports import Crosspoint
from offhook.units import Seconds

SETTINGS = KeypadSettings(keys=KEYS_4X3)
AT = {key: point for point, key in KEYS_4X3.items()}


def play(*scans: tuple[float, str], until: float = 1000) -> list[tuple[float, Meaning]]:
    """`scans`: time and the names of the closed keys."""
    pad = Keypad(SETTINGS)
    log: list[tuple[float, Meaning]] = []

    def fire(limit: float) -> None:
        while (at := pad.deadline()) is not None and at <= limit:
            log.extend((round(at, 3), meaning) for meaning in pad.tick(at))

    for time, names in scans:
        fire(time)
        closed = frozenset(AT[name] for name in names)
        log.extend((time, meaning) for meaning in pad.scan(closed, Seconds(time)))
    fire(until)
    return log


def test_a_key_is_down_and_up_once_each_after_the_debounce_time() -> None:
    log = play((0.0, "5"), (0.1, ""))
    assert log == [(0.02, KeyDown("5")), (0.12, KeyUp("5"))]


def test_bouncing_contacts_press_once() -> None:
    log = play((0.0, "5"), (0.004, ""), (0.006, "5"), (0.1, ""), (0.103, "5"), (0.105, ""))
    assert log == [(0.026, KeyDown("5")), (0.125, KeyUp("5"))]


def test_a_touch_shorter_than_the_debounce_time_is_no_key() -> None:
    assert play((0.0, "5"), (0.01, "")) == []


def test_a_held_key_is_long_once_and_never_repeats() -> None:
    log = play((0.0, "*"), (4.0, ""))
    assert log == [(0.02, KeyDown("*")), (1.02, LongPress("*")), (4.02, KeyUp("*"))]


def test_a_stuck_key_counts_once_and_is_given_up_and_the_others_still_work() -> None:
    log = play((0.0, "1"), (15.0, "16"), (15.2, "1"), (20.0, ""), (21.0, "1"), (21.1, ""))
    assert log == [
        (0.02, KeyDown("1")),
        (1.02, LongPress("1")),
        (10.02, KeyUp("1")),
        (10.02, Stuck("1")),
        (15.02, KeyDown("6")),
        (15.22, KeyUp("6")),
        (21.02, KeyDown("1")),
        (21.12, KeyUp("1")),
    ]


def test_a_key_that_jams_before_it_could_be_long_is_given_up_too() -> None:
    hasty = KeypadSettings(keys=KEYS_4X3, long_press=Seconds(30), stuck=Seconds(10))
    pad = Keypad(hasty)
    pad.scan(frozenset({AT["1"]}), Seconds(0))
    pad.tick(Seconds(0.02))
    assert pad.tick(Seconds(10.02)) == [KeyUp("1"), Stuck("1")]


def test_two_keys_at_once_are_two_keys() -> None:
    log = play((0.0, "1"), (0.05, "15"), (0.2, "5"), (0.3, ""))
    assert [meaning for _, meaning in log] == [
        KeyDown("1"),
        KeyDown("5"),
        KeyUp("1"),
        KeyUp("5"),
    ]


def test_the_fourth_corner_of_a_rectangle_is_not_taken_for_a_key() -> None:
    log = play((0.0, "1"), (0.1, "12"), (0.2, "1245"), (0.3, "12"), (0.4, ""))
    assert {meaning for _, meaning in log} == {
        KeyDown("1"),
        KeyDown("2"),
        KeyUp("1"),
        KeyUp("2"),
    }


def test_three_corners_at_once_press_none_of_them() -> None:
    assert play((0.0, "124"), (0.3, "")) == []


def test_a_key_that_was_settling_when_the_rectangle_closed_waits_until_it_is_honest() -> None:
    log = play((0.0, "1"), (0.01, "124"), (0.1, "1"), (0.2, ""))
    assert log == [(0.12, KeyDown("1")), (0.22, KeyUp("1"))]


def test_a_key_outside_the_rectangle_is_honest() -> None:
    assert [meaning for _, meaning in play((0.0, "1245"), (0.1, "12459"), (0.2, ""))] == [
        KeyDown("9"),
        KeyUp("9"),
    ]


def test_contacts_that_no_key_has_are_nobodys() -> None:
    pad = Keypad(SETTINGS)
    assert pad.scan(frozenset({Crosspoint(9, 9)}), Seconds(0)) == []
    assert pad.deadline() is None


def test_ghosts_are_the_corners_of_rectangles_of_which_three_are_closed() -> None:
    assert ghosts(frozenset()) == frozenset()
    assert ghosts(frozenset({AT["1"], AT["5"]})) == frozenset()
    assert ghosts(frozenset({AT["1"], AT["2"], AT["3"]})) == frozenset()
    assert ghosts(frozenset({AT["1"], AT["3"], AT["9"]})) == {AT["1"], AT["3"], AT["9"]}


@given(
    st.lists(
        st.tuples(st.floats(0.001, 12), st.sets(st.sampled_from(sorted(AT)), max_size=5)),
        max_size=30,
    )
)
def test_each_key_goes_down_before_it_goes_up_whatever_is_closed(
    steps: list[tuple[float, set[str]]],
) -> None:
    time, scans = 0.0, []
    for gap, names in steps:
        time += gap
        scans.append((time, "".join(names)))
    down: set[str] = set()
    for _, meaning in play(*scans, (time + 1, ""), until=time + 100):
        match meaning:
            case KeyDown(key):
                assert key not in down
                down.add(key)
            case KeyUp(key):
                down.remove(key)
            case LongPress(key):
                assert key in down
            case Stuck(key):
                assert key not in down
    assert not down


def test_every_state_is_reachable() -> None:
    assert {state for state, _ in contact.TRANSITIONS.values()} == set(contact.State)
    assert {state for state, _ in keypad.TRANSITIONS.values()} == set(keypad.State)
