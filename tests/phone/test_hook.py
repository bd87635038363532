"""The cradle switch: debounce, flash, healing (reliability C #16)."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.phone.hook import TRANSITIONS, HookSwitch, Input, Meaning, State
from offhook.phone.settings import FlashWindow, HookSettings
from offhook.units import Seconds

PLAIN = HookSettings()
WITH_FLASH = HookSettings(flash=FlashWindow())


def play(switch: HookSwitch, *edges: tuple[float, bool]) -> list[tuple[float, Meaning]]:
    """Feed edges at their times, firing deadlines between and afterwards."""
    log: list[tuple[float, Meaning]] = []

    def fire(until: float) -> None:
        while (at := switch.deadline()) is not None and at <= until:
            log.extend((round(at, 3), meaning) for meaning in switch.tick(at))

    for time, lifted in edges:
        fire(time)
        log.extend((time, meaning) for meaning in switch.edge(lifted, Seconds(time)))
    fire(float("inf"))
    return log


def up(settings: HookSettings = PLAIN) -> HookSwitch:
    switch = HookSwitch(settings)
    switch.force(True)
    switch.level = True
    return switch


def test_a_clean_lift_counts_after_the_debounce_time() -> None:
    assert play(HookSwitch(PLAIN), (1.0, True)) == [(1.03, Meaning.LIFTED)]


def test_bounce_while_lifting_gives_one_lift_counted_from_the_last_edge() -> None:
    edges = [(0.0, True), (0.004, False), (0.009, True), (0.020, False), (0.021, True)]
    assert play(HookSwitch(PLAIN), *edges) == [(0.051, Meaning.LIFTED)]


def test_a_touch_of_the_cradle_that_falls_back_means_nothing() -> None:
    assert play(HookSwitch(PLAIN), (0.0, True), (0.02, False)) == []


def test_the_raw_edge_down_breaks_at_once_and_ends_after_the_on_hook_time() -> None:
    assert play(up(), (2.0, False)) == [(2.0, Meaning.BROKEN), (2.06, Meaning.PUT_DOWN)]


def test_a_short_break_is_mended_and_ends_nothing() -> None:
    log = play(up(), (2.0, False), (2.05, True))
    assert log == [(2.0, Meaning.BROKEN), (2.08, Meaning.MENDED)]


def test_a_bouncing_return_is_still_broken_until_it_settles() -> None:
    log = play(up(), (2.0, False), (2.02, True), (2.03, False), (2.04, True))
    assert log == [(2.0, Meaning.BROKEN), (2.07, Meaning.MENDED)]


def test_a_flash_inside_the_window_flashes() -> None:
    log = play(up(WITH_FLASH), (2.0, False), (2.4, True))
    assert log == [(2.0, Meaning.BROKEN), (2.43, Meaning.FLASHED)]


def test_a_break_shorter_than_a_flash_is_bounce() -> None:
    log = play(up(WITH_FLASH), (2.0, False), (2.15, True))
    assert log == [(2.0, Meaning.BROKEN), (2.18, Meaning.MENDED)]


def test_with_a_flash_window_the_end_is_certain_only_after_its_longest() -> None:
    log = play(up(WITH_FLASH), (2.0, False))
    assert log == [(2.0, Meaning.BROKEN), (2.9, Meaning.PUT_DOWN)]


def test_without_a_window_nothing_flashes() -> None:
    log = play(up(), (2.0, False), (2.05, True))
    assert Meaning.FLASHED not in [meaning for _, meaning in log]


def test_a_level_that_is_already_known_changes_nothing() -> None:
    log = play(HookSwitch(PLAIN), (0.0, True), (0.25, True), (0.5, True))
    assert log == [(0.03, Meaning.LIFTED)]


def test_a_missed_edge_heals_when_the_level_is_read_again() -> None:
    switch = up()
    assert play(switch, (7.0, False))[-1] == (7.06, Meaning.PUT_DOWN)


def test_a_commanded_lift_survives_the_regular_reading_of_the_level() -> None:
    switch = HookSwitch(PLAIN)
    assert switch.force(True) == [Meaning.LIFTED]
    assert play(switch, (1.0, False), (2.0, False)) == []
    assert switch.lifted


def test_after_a_commanded_lift_a_real_lift_and_hang_up_end_it() -> None:
    switch = HookSwitch(PLAIN)
    switch.force(True)
    log = play(switch, (1.0, True), (5.0, False))
    assert log == [(5.0, Meaning.BROKEN), (5.06, Meaning.PUT_DOWN)]


def test_a_command_to_be_where_it_is_already_means_nothing() -> None:
    switch = HookSwitch(PLAIN)
    assert switch.force(False) == []
    assert switch.force(True) == [Meaning.LIFTED]
    assert switch.force(True) == []
    assert switch.force(False) == [Meaning.PUT_DOWN]


def test_a_tick_too_early_means_nothing() -> None:
    switch = HookSwitch(PLAIN)
    switch.edge(True, Seconds(1))
    assert switch.tick(Seconds(1.01)) == []
    assert HookSwitch(PLAIN).tick(Seconds(1)) == []


@settings(max_examples=1000)
@given(
    st.lists(st.floats(0.0005, 0.02), min_size=1, max_size=40),
    st.booleans(),
    st.sampled_from([PLAIN, WITH_FLASH]),
)
def test_any_train_of_bounces_gives_exactly_the_intended_event(
    gaps: list[float], lifting: bool, timing: HookSettings
) -> None:
    switch = HookSwitch(timing) if lifting else up(timing)
    level, time, edges = not lifting, 0.0, []
    for gap in gaps if len(gaps) % 2 else gaps[1:] or [0.001]:
        level, time = not level, time + gap
        edges.append((time, level))
    if edges[-1][1] != lifting:
        edges.append((time + 0.001, lifting))
    meanings = [meaning for _, meaning in play(switch, *edges)]
    final = Meaning.LIFTED if lifting else Meaning.PUT_DOWN
    assert [meaning for meaning in meanings if meaning is not Meaning.BROKEN] == [final]
    assert meanings.count(Meaning.BROKEN) == (0 if lifting else 1)


@given(st.lists(st.tuples(st.floats(0.001, 2), st.booleans()), max_size=40))
def test_lifts_and_put_downs_always_take_turns(steps: list[tuple[float, bool]]) -> None:
    time, edges = 0.0, []
    for gap, level in steps:
        time += gap
        edges.append((time, level))
    decided = [
        meaning
        for _, meaning in play(HookSwitch(WITH_FLASH), *edges)
        if meaning in (Meaning.LIFTED, Meaning.PUT_DOWN)
    ]
    assert all(one is not other for one, other in pairwise(decided))
    assert decided[:1] in ([], [Meaning.LIFTED])


def test_every_state_is_reachable_and_every_input_is_used() -> None:
    assert {state for state, _ in TRANSITIONS.values()} == set(State)
    assert {what for _, what in TRANSITIONS} == set(Input)
