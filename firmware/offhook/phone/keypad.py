"""The keypad: from closed contacts to keys pressed, held and released.

Two machines for each key.  `Contact` debounces; `Press` says what the finger does, and gives up on
a key that never opens: it counts as released, so that a jammed key can neither send a digit for
ever nor keep the others from working.  In a matrix without diodes three closed corners of a
rectangle close the fourth: while such a rectangle is closed, no key of it is taken for pressed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from offhook.phone.settings import KeypadSettings
from offhook.ports import Crosspoint
from offhook.units import Seconds


class Contact(Enum):
    """One contact, debounced."""

    OPEN = auto()
    CLOSING = auto()
    CLOSED = auto()
    OPENING = auto()


class Move(Enum):
    """What may happen to a contact."""

    MAKE = auto()
    BREAK = auto()
    SETTLED = auto()
    GHOST = auto()  # closed, but perhaps only through three others


class Press(Enum):
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
    contact: Contact = Contact.OPEN
    press: Press = Press.UP
    settles: Seconds | None = None
    patience: dict[Input, Seconds] = field(default_factory=dict)

    def move(self, what: Move, now: Seconds) -> list[Meaning]:
        step = CONTACT.get((self.contact, what))
        if step is None:
            return []  # already so
        self.contact, told = step
        settling = self.contact in (Contact.CLOSING, Contact.OPENING)
        self.settles = Seconds(now + self.settings.debounce) if settling else None
        return [] if told is None else self.step(told, now)

    def step(self, what: Input, now: Seconds) -> list[Meaning]:
        self.press, effect = PRESS[self.press, what]  # CONTACT lets nothing else happen
        return list(effect(self, now))

    def deadline(self) -> Seconds | None:
        times = [*self.patience.values(), *([] if self.settles is None else [self.settles])]
        return min(times, default=None)

    def tick(self, now: Seconds) -> Iterator[Meaning]:
        if self.settles is not None and self.settles <= now:
            yield from self.move(Move.SETTLED, now)
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


CONTACT: Final[Mapping[tuple[Contact, Move], tuple[Contact, Input | None]]] = {
    (Contact.OPEN, Move.MAKE): (Contact.CLOSING, None),
    (Contact.CLOSING, Move.BREAK): (Contact.OPEN, None),
    (Contact.CLOSING, Move.GHOST): (Contact.OPEN, None),
    (Contact.CLOSING, Move.SETTLED): (Contact.CLOSED, Input.CLOSED),
    (Contact.CLOSED, Move.BREAK): (Contact.OPENING, None),
    (Contact.OPENING, Move.MAKE): (Contact.CLOSED, None),
    (Contact.OPENING, Move.SETTLED): (Contact.OPEN, Input.OPENED),
}
"""One contact."""

PRESS: Final[Mapping[tuple[Press, Input], tuple[Press, Effect]]] = {
    (Press.UP, Input.CLOSED): (Press.DOWN, _Key._down),
    (Press.DOWN, Input.LONG): (Press.HELD, _Key._held),
    (Press.DOWN, Input.TOO_LONG): (Press.JAMMED, _Key._jam),
    (Press.DOWN, Input.OPENED): (Press.UP, _Key._up),
    (Press.HELD, Input.TOO_LONG): (Press.JAMMED, _Key._jam),
    (Press.HELD, Input.OPENED): (Press.UP, _Key._up),
    (Press.JAMMED, Input.OPENED): (Press.UP, _Key._free),
}
"""One key."""


class Keypad:
    """All keys of the board; contacts outside its layout are nobody's."""

    def __init__(self, settings: KeypadSettings) -> None:
        self._keys = {point: _Key(name, settings) for point, name in settings.keys.items()}

    def scan(self, closed: frozenset[Crosspoint], now: Seconds) -> list[Meaning]:
        """These contacts are closed now, raw."""
        suspects = ghosts(closed)
        meanings: list[Meaning] = []
        for point, key in self._keys.items():
            move = Move.MAKE if point in closed else Move.BREAK
            if point in suspects and key.press is Press.UP:
                move = Move.GHOST
            meanings += key.move(move, now)
        return meanings

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        times = (key.deadline() for key in self._keys.values())
        return min((at for at in times if at is not None), default=None)

    def tick(self, now: Seconds) -> list[Meaning]:
        """Fire what is due at `now`."""
        return [meaning for key in self._keys.values() for meaning in key.tick(now)]


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
