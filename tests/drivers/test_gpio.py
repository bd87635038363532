"""Hook, keypad, bell and lamp on gpiozero's mock pins."""

import queue
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin
from hypothesis import given
from hypothesis import strategies as st

from offhook.drivers.gpio_bell import OnOffBell, TonalBell
from offhook.drivers.gpio_hook import GpioHook
from offhook.drivers.gpio_keypad import GpioKeypad
from offhook.drivers.gpio_lamp import GpioLamp
from offhook.lab.board import SimulatedBoard, Wiring
from offhook.ports import Crosspoint
from offhook.units import Hertz, Seconds

ROWS, COLUMNS = (5, 6, 13, 19), (12, 16, 20)
KEYS = {
    key: Crosspoint(row, column)
    for row, line in enumerate(("123", "456", "789", "*0#"))
    for column, key in enumerate(line)
}


@dataclass
class Clock:
    """Ticks once a look."""

    ticks: Iterator[int] = field(default_factory=count)

    def __call__(self) -> Seconds:
        return Seconds(next(self.ticks))


@pytest.fixture
def factory() -> MockFactory:
    return MockFactory(pin_class=MockPWMPin)


class TestHook:
    @pytest.mark.parametrize("pull", ["up", "down", "none"])
    @pytest.mark.parametrize("lifted_high", [True, False])
    def test_levels_mean_what_the_profile_says(
        self, factory: MockFactory, pull: str, lifted_high: bool
    ) -> None:
        hook = GpioHook(4, pull=pull, lifted_high=lifted_high, pin_factory=factory, now=Clock())
        pin, heard = factory.pin("GPIO4"), list[bool]()
        hook.listen(lambda lifted, at: heard.append(lifted))
        heard.clear()
        for high in (True, False, True, False):
            pin.drive_high() if high else pin.drive_low()
            assert hook.lifted() == (high == lifted_high)
        assert heard[-3:] == [(high == lifted_high) for high in (False, True, False)]
        hook.close()

    def test_every_bounce_is_passed_on_with_its_time(self, factory: MockFactory) -> None:
        clock = Clock()
        hook = GpioHook(4, pull="up", lifted_high=True, pin_factory=factory, now=clock)
        heard: list[tuple[bool, Seconds]] = []
        hook.listen(lambda lifted, at: heard.append((lifted, at)))
        pin = factory.pin("GPIO4")
        for _ in range(3):
            pin.drive_low()
            pin.drive_high()
        assert [lifted for lifted, _ in heard] == [False, True] * 3
        assert [float(at) for _, at in heard] == [0, 1, 2, 3, 4, 5]
        hook.close()

    def test_close_lets_go_of_the_line(self, factory: MockFactory) -> None:
        for _ in range(2):
            made = GpioHook(4, pull="up", lifted_high=True, pin_factory=factory, now=Clock())
            made.close()


def matrix() -> SimulatedBoard:
    return SimulatedBoard(Wiring(rows=ROWS, columns=COLUMNS, keys=KEYS, hook=17))


def keypad(board: SimulatedBoard, now: Clock) -> GpioKeypad:
    return GpioKeypad(
        ROWS, COLUMNS, pull="up", rescan=Seconds(0.005), settle=Seconds(0),
        pin_factory=board.pin_factory, now=now,
    )  # fmt: skip


class TestKeypad:
    """Scanned by hand: no thread, no time."""

    @given(st.sets(st.sampled_from(sorted(KEYS)), max_size=2))
    def test_up_to_two_keys_are_seen_exactly(self, keys: set[str]) -> None:
        board = matrix()
        pad = keypad(board, Clock())
        for key in keys:
            board.press(key)
        assert pad.scan() == {KEYS[key] for key in keys}
        for key in keys:
            board.release(key)
        assert pad.scan() == frozenset()
        pad.close()

    def test_three_corners_show_the_fourth(self) -> None:
        """Ghosts are passed on: the core decides."""
        board = matrix()
        pad = keypad(board, Clock())
        for key in "124":
            board.press(key)
        assert pad.scan() == {KEYS[key] for key in "1245"}
        pad.close()

    def test_only_the_driven_row_is_an_output_while_scanning(self) -> None:
        """Two keys in a column must not short two rows."""
        board = matrix()
        outputs: list[int] = []
        pad = keypad(board, Clock())
        board.press("1")
        board.press("4")
        pins = [board.pin_factory.pin(f"GPIO{row}") for row in ROWS]
        drive = pad._drive

        def spy(row: object) -> None:
            drive(row)
            outputs.append(sum(pin.function == "output" for pin in pins))

        pad._drive = spy  # type: ignore[method-assign]
        assert pad.scan() == {KEYS["1"], KEYS["4"]}
        assert outputs[: len(ROWS)] == [1] * len(ROWS)
        assert outputs[-1] == len(ROWS)  # armed again
        pad.close()

    def test_the_matrix_is_armed_at_rest(self) -> None:
        board = matrix()
        pad = keypad(board, Clock())
        for row in ROWS:
            pin = board.pin_factory.pin(f"GPIO{row}")
            assert (pin.function, bool(pin.state)) == ("output", False)
        pad.close()

    def test_a_change_is_told_once_with_its_time(self) -> None:
        board, clock = matrix(), Clock()
        pad = keypad(board, clock)
        told: list[tuple[frozenset[Crosspoint], Seconds]] = []
        pad._tell = lambda closed, at: told.append((closed, at))
        board.press("5")
        before = clock()
        pad.scan()
        pad.scan()
        board.release("5")
        pad.scan()
        assert [closed for closed, _ in told] == [{KEYS["5"]}, frozenset()]
        assert told[0][1] == before + 1
        pad.close()

    def test_a_pin_in_use_leaves_the_others_free(self, factory: MockFactory) -> None:
        taken = GpioLamp(COLUMNS[-1], active_high=True, pin_factory=factory)
        with pytest.raises(Exception, match="already in use"):
            GpioKeypad(
                ROWS, COLUMNS, pull="up", rescan=Seconds(0.005), settle=Seconds(0),
                pin_factory=factory, now=Clock(),
            )  # fmt: skip
        for pin in (*ROWS, *COLUMNS[:-1]):
            GpioLamp(pin, active_high=True, pin_factory=factory).close()
        taken.close()


@pytest.mark.integration
class TestScanner:
    """With its thread."""

    def test_an_edge_wakes_it_and_the_release_is_seen(self) -> None:
        board = matrix()
        pad = keypad(board, Clock())
        told: queue.Queue[frozenset[Crosspoint]] = queue.Queue()
        pad.listen(lambda closed, at: told.put(closed))
        board.press("8")
        assert told.get(timeout=5) == {KEYS["8"]}
        board.press("2")
        assert told.get(timeout=5) == {KEYS["8"], KEYS["2"]}
        board.release("8")
        board.release("2")
        while told.get(timeout=5):
            pass
        pad.close()

    def test_close_ends_the_thread(self) -> None:
        pad = keypad(matrix(), Clock())
        pad.listen(lambda closed, at: None)
        pad.close()
        assert not pad._thread.is_alive()


class TestBell:
    def test_it_is_silent_from_the_start(self, factory: MockFactory) -> None:
        bell = TonalBell(18, active_high=True, pin_factory=factory)
        assert factory.pin("GPIO18").state == 0
        bell.close()

    def test_it_sounds_at_the_frequency_asked(self, factory: MockFactory) -> None:
        bell = TonalBell(18, active_high=True, pin_factory=factory)
        pin = factory.pin("GPIO18")
        for frequency in (440, 880):
            bell.sound(Hertz(frequency))
            assert (pin.frequency, pin.state) == (frequency, 0.5)
        bell.sound(None)
        assert pin.state == 0
        bell.close()

    @pytest.mark.parametrize("active_high", [True, False])
    def test_a_buzzer_is_on_or_off(self, factory: MockFactory, active_high: bool) -> None:
        bell = OnOffBell(18, active_high=active_high, pin_factory=factory)
        pin = factory.pin("GPIO18")
        assert bool(pin.state) != active_high
        bell.sound(Hertz(440))
        assert bool(pin.state) == active_high
        bell.sound(None)
        assert bool(pin.state) != active_high
        bell.close()

    def test_close_silences_and_may_come_twice(self, factory: MockFactory) -> None:
        for bell in (
            TonalBell(18, active_high=True, pin_factory=factory),
            OnOffBell(21, active_high=True, pin_factory=factory),
        ):
            bell.sound(Hertz(440))
            bell.close()
            bell.close()
        assert factory.pin("GPIO18").state == 0
        assert (factory.pin("GPIO21").function, bool(factory.pin("GPIO21").state)) == (
            "input", False,
        )  # fmt: skip


@pytest.mark.parametrize("active_high", [True, False])
def test_the_lamp_lights(factory: MockFactory, active_high: bool) -> None:
    lamp = GpioLamp(27, active_high=active_high, pin_factory=factory)
    pin = factory.pin("GPIO27")
    for on in (True, False):
        lamp.light(on)
        assert bool(pin.state) == (on == active_high)
    lamp.close()
    lamp.close()
