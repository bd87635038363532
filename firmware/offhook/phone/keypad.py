"""The keypad: from closed contacts to keys pressed, held and released.

Two machines for each key.  `contact.Contact` debounces; the one here says what the finger does,
and gives up on a key that never opens: it counts as released, so that a jammed key can neither send
a digit for ever nor keep the others from working.  In a matrix without diodes three closed corners
of a rectangle close the fourth: while such a rectangle is closed, none of its keys is believed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from offhook.phone.contact import Contact
from offhook.phone.contact import Input as Move
from offhook.phone.settings import KeypadSettings
from offhook.ports import Crosspoint
from offhook.units import Seconds


class State(Enum):
    """One key, as a finger sees it."""

    UP = auto()
    DOWN = auto()
    HELD = auto()
    JAMMED = auto()


class Input(Enum):
    """What may happen to a key."""

    CLOSED = auto()
    OPENED = auto()
    LONG = auto()
    TOO_LONG = auto()


@dataclass(frozen=True, slots=True)
class KeyDown:
    """A key was pressed."""

    key: str


@dataclass(frozen=True, slots=True)
class KeyUp:
    """It was released, or given up as jammed."""

    key: str


@dataclass(frozen=True, slots=True)
class LongPress:
    """It is still down after the time of a long press."""

    key: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """It has been down for so long that no finger can be on it."""

    key: str


Meaning = KeyDown | KeyUp | LongPress | Stuck
Effect = Callable[["_Key", Seconds], Iterator[Meaning]]


@dataclass(slots=True)
class _Key:
    name: str
    settings: KeypadSettings
    contact: Contact
    state: State = State.UP
    patience: dict[Input, Seconds] = field(default_factory=dict)

    def move(self, what: Move, now: Seconds) -> list[Meaning]:
        return self.decide(self.contact.move(what, now), now)

    def decide(self, closed: bool | None, now: Seconds) -> list[Meaning]:
        if closed is None:
            return []
        return self.step(Input.CLOSED if closed else Input.OPENED, now)

    def step(self, what: Input, now: Seconds) -> list[Meaning]:
        self.state, effect = TRANSITIONS[self.state, what]  # a contact lets nothing else happen
        return list(effect(self, now))

    def deadline(self) -> Seconds | None:
        times = (self.contact.deadline, *self.patience.values())
        return min((at for at in times if at is not None), default=None)

    def tick(self, now: Seconds) -> Iterator[Meaning]:
        yield from self.decide(self.contact.tick(now), now)
        for what in [what for what, at in self.patience.items() if at <= now]:
            del self.patience[what]
            yield from self.step(what, now)

    def _down(self, now: Seconds) -> Iterator[Meaning]:
        self.patience[Input.LONG] = Seconds(now + self.settings.long_press)
        self.patience[Input.TOO_LONG] = Seconds(now + self.settings.stuck)
        yield KeyDown(self.name)

    def _held(self, _now: Seconds) -> Iterator[Meaning]:
        yield LongPress(self.name)

    def _up(self, _now: Seconds) -> Iterator[Meaning]:
        self.patience.clear()
        yield KeyUp(self.name)

    def _jam(self, _now: Seconds) -> Iterator[Meaning]:
        self.patience.clear()
        yield KeyUp(self.name)
        yield Stuck(self.name)

    def _free(self, _now: Seconds) -> Iterator[Meaning]:
        yield from ()


TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, Effect]]] = {
    (State.UP, Input.CLOSED): (State.DOWN, _Key._down),
    (State.DOWN, Input.LONG): (State.HELD, _Key._held),
    (State.DOWN, Input.TOO_LONG): (State.JAMMED, _Key._jam),
    (State.DOWN, Input.OPENED): (State.UP, _Key._up),
    (State.HELD, Input.TOO_LONG): (State.JAMMED, _Key._jam),
    (State.HELD, Input.OPENED): (State.UP, _Key._up),
    (State.JAMMED, Input.OPENED): (State.UP, _Key._free),
}
"""One key."""


class Keypad:
    """All keys of the board; contacts outside its layout are nobody's."""

    def __init__(self, settings: KeypadSettings) -> None:
        self._keys = {
            point: _Key(name, settings, Contact(settings.debounce))
            for point, name in settings.keys.items()
        }
        self._deadline: Seconds | None = None

    def scan(self, closed: frozenset[Crosspoint], now: Seconds) -> list[Meaning]:
        """These contacts are closed now, raw."""
        suspects = ghosts(closed)
        meanings: list[Meaning] = []
        for point, key in self._keys.items():
            move = Move.MAKE if point in closed else Move.BREAK
            if point in suspects and key.state is State.UP:
                move = Move.GHOST
            meanings += key.move(move, now)
        self._set()
        return meanings

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        return self._deadline

    def tick(self, now: Seconds) -> list[Meaning]:
        """Fire what is due at `now`."""
        if self._deadline is None or now < self._deadline:
            return []
        meanings = [meaning for key in self._keys.values() for meaning in key.tick(now)]
        self._set()
        return meanings

    def _set(self) -> None:
        """Kept, not computed when asked: a flood of datagrams asks thousands of times a second."""
        times = (key.deadline() for key in self._keys.values())
        self._deadline = min((at for at in times if at is not None), default=None)


def ghosts(closed: frozenset[Crosspoint]) -> frozenset[Crosspoint]:
    """The contacts of `closed` at corners of rectangles of which three or more are closed."""
    rows, columns = (
        {
            point.row: {other.column for other in closed if other.row == point.row}
            for point in closed
        },
        {
            point.column: {other.row for other in closed if other.column == point.column}
            for point in closed
        },
    )
    corners = [
        point for point in closed if len(rows[point.row]) > 1 and len(columns[point.column]) > 1
    ]
    return frozenset(
        point
        for corner in corners
        for point in closed
        if point.row in columns[corner.column] and point.column in rows[corner.row]
    )
