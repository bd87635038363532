"""The simulated board behaves as wires do."""

from collections.abc import Iterator

import pytest
from gpiozero import (
    Button,
    Buzzer,
    DigitalInputDevice,
    DigitalOutputDevice,
    OutputDevice,
    TonalBuzzer,
)
from gpiozero.pins.mock import MockFactory

from offhook.lab.board import ON_OFF_BUZZER, Outputs, SimulatedBoard, Wiring
from offhook.ports import Crosspoint
from offhook.units import Hertz

LABELS = ("123", "456", "789", "*0#")
WIRING = Wiring(
    rows=(5, 6, 13, 19),
    columns=(12, 16, 20),
    keys={key: Crosspoint(r, c) for r, row in enumerate(LABELS) for c, key in enumerate(row)},
    hook=17,
    bell=18,
    lamp=27,
)


class Scanner:
    """A keypad driver as simple as can be: rows pulled low one by one, columns read."""

    def __init__(self, factory: MockFactory) -> None:
        self.rows = [
            OutputDevice(pin, active_high=False, pin_factory=factory) for pin in WIRING.rows
        ]
        self.columns = [
            DigitalInputDevice(pin, pull_up=True, pin_factory=factory) for pin in WIRING.columns
        ]

    def scan(self) -> frozenset[str]:
        closed = set()
        for row, driver in enumerate(self.rows):
            driver.on()
            closed |= {LABELS[row][c] for c, column in enumerate(self.columns) if column.value}
            driver.off()
        return frozenset(closed)

    def close(self) -> None:
        for device in [*self.rows, *self.columns]:
            device.close()


@pytest.fixture
def board() -> SimulatedBoard:
    return SimulatedBoard(WIRING)


@pytest.fixture
def scanner(board: SimulatedBoard) -> Iterator[Scanner]:
    scanner = Scanner(board.pin_factory)
    yield scanner
    scanner.close()


@pytest.mark.parametrize("key", list(WIRING.keys))
def test_a_driven_row_pulls_the_column_of_the_pressed_key_and_no_other(
    board: SimulatedBoard, scanner: Scanner, key: str
) -> None:
    board.press(key)
    assert scanner.scan() == {key}
    board.release(key)
    assert scanner.scan() == frozenset()


def test_two_keys_are_seen_as_two(board: SimulatedBoard, scanner: Scanner) -> None:
    board.press("1")
    board.press("9")
    assert scanner.scan() == {"1", "9"}
    assert board.pressed == {"1", "9"}


def test_three_corners_of_a_rectangle_close_the_fourth() -> None:
    board = SimulatedBoard(WIRING)
    rows = [
        DigitalInputDevice(pin, pull_up=True, pin_factory=board.pin_factory) for pin in WIRING.rows
    ]
    columns = [
        DigitalInputDevice(pin, pull_up=True, pin_factory=board.pin_factory)
        for pin in WIRING.columns
    ]
    for key in "125":  # 4 is the ghost: row 1 reaches column 0 through 5, 2 and 1
        board.press(key)
    rows[1].close()
    driver = OutputDevice(
        WIRING.rows[1], active_high=False, initial_value=True, pin_factory=board.pin_factory
    )
    assert [column.value for column in columns] == [1, 1, 0]
    for device in [rows[0], rows[2], rows[3], driver, *columns]:
        device.close()


def test_pressing_a_key_makes_an_edge_where_its_row_is_held_low(board: SimulatedBoard) -> None:
    row = OutputDevice(
        WIRING.rows[0], active_high=False, initial_value=True, pin_factory=board.pin_factory
    )
    column = DigitalInputDevice(WIRING.columns[2], pull_up=True, pin_factory=board.pin_factory)
    edges: list[str] = []
    column.when_activated = lambda: edges.append("closed")
    column.when_deactivated = lambda: edges.append("open")
    board.press("3")
    board.press("6")
    board.release("3")
    assert edges == ["closed", "open"]
    row.close()
    column.close()


def test_a_key_that_the_board_lacks_is_refused(board: SimulatedBoard) -> None:
    with pytest.raises(KeyError):
        board.press("A")
    assert board.pressed == frozenset()


@pytest.mark.parametrize("closed_when_lifted", [False, True])
def test_the_hook_switch_follows_the_handset(closed_when_lifted: bool) -> None:
    board = SimulatedBoard(Wiring((), (), {}, hook=17, hook_closed_when_lifted=closed_when_lifted))
    hook = Button(17, pull_up=True, pin_factory=board.pin_factory)
    edges: list[bool] = []
    hook.when_pressed = lambda: edges.append(True)
    hook.when_released = lambda: edges.append(False)
    assert bool(hook.is_pressed) is not closed_when_lifted
    board.lift()
    assert bool(hook.is_pressed) is closed_when_lifted
    assert board.lifted
    board.put_down()
    assert edges == [closed_when_lifted, not closed_when_lifted]
    hook.close()


def test_a_handset_lifted_before_the_telephone_starts_is_seen(board: SimulatedBoard) -> None:
    board.lift()
    hook = Button(WIRING.hook, pull_up=True, pin_factory=board.pin_factory)
    assert not hook.is_pressed
    hook.close()


def test_the_bell_is_heard_at_its_pitch_and_silent_after(board: SimulatedBoard) -> None:
    heard: list[Outputs] = []
    board.watch(heard.append)
    bell = TonalBuzzer(18, pin_factory=board.pin_factory)
    bell.play(440.0)
    bell.stop()
    assert [outputs.bell for outputs in heard] == [Hertz(440), None]
    bell.close()


def test_an_on_off_buzzer_has_no_pitch(board: SimulatedBoard) -> None:
    bell = Buzzer(18, pin_factory=board.pin_factory)
    heard: list[Outputs] = []
    board.watch(heard.append)
    bell.on()
    bell.close()
    assert [outputs.bell for outputs in heard] == [ON_OFF_BUZZER, None]


@pytest.mark.parametrize("active_high", [True, False])
def test_the_lamp_is_lit_whichever_way_it_is_wired(active_high: bool) -> None:
    board = SimulatedBoard(Wiring((), (), {}, hook=17, lamp=27, lamp_active_high=active_high))
    lamp = DigitalOutputDevice(27, active_high=active_high, pin_factory=board.pin_factory)
    assert not board.outputs.lamp
    seen: list[Outputs] = []
    board.watch(seen.append)
    lamp.on()
    lamp.off()
    assert [outputs.lamp for outputs in seen] == [True, False]
    lamp.close()


def test_nothing_grows_while_the_matrix_is_scanned(board: SimulatedBoard, scanner: Scanner) -> None:
    for _ in range(50):
        scanner.scan()
    assert all(len(pin.states) <= 1 for pin in board.pin_factory.pins.values())
