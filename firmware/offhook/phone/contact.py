"""One contact of the keypad, debounced: closed, or open, when it has been so for long enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from offhook.units import Seconds


class State(Enum):
    """Of one contact."""

    OPEN = auto()
    CLOSING = auto()
    CLOSED = auto()
    OPENING = auto()


class Input(Enum):
    """What may happen to it."""

    MAKE = auto()
    BREAK = auto()
    SETTLED = auto()
    GHOST = auto()  # closed, but perhaps only through three others


@dataclass(slots=True)
class Contact:
    """A contact that may bounce."""

    debounce: Seconds
    state: State = State.OPEN
    deadline: Seconds | None = None
    """When the level has stayed long enough."""

    def move(self, what: Input, now: Seconds) -> bool | None:
        """Tell what happened; True when it has closed by that, False when it has opened."""
        step = TRANSITIONS.get((self.state, what))
        if step is None:
            return None  # already so
        self.state, decided = step
        settling = self.state in (State.CLOSING, State.OPENING)
        self.deadline = Seconds(now + self.debounce) if settling else None
        return decided

    def tick(self, now: Seconds) -> bool | None:
        """As `move`, when the level stayed until `now`."""
        due = self.deadline is not None and self.deadline <= now
        return self.move(Input.SETTLED, now) if due else None


TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, bool | None]]] = {
    (State.OPEN, Input.MAKE): (State.CLOSING, None),
    (State.CLOSING, Input.BREAK): (State.OPEN, None),
    (State.CLOSING, Input.GHOST): (State.OPEN, None),
    (State.CLOSING, Input.SETTLED): (State.CLOSED, True),
    (State.CLOSED, Input.BREAK): (State.OPENING, None),
    (State.OPENING, Input.MAKE): (State.CLOSED, None),
    (State.OPENING, Input.SETTLED): (State.OPEN, False),
}
"""One contact; with each step, what is decided by it."""
