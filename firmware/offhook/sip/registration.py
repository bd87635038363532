"""When to REGISTER: the states of one binding and the gaps between attempts (RFC 3261 §10.2).

TRANSITIONS says which state follows; what a REGISTER looks like stands in `registrar`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Protocol

from offhook.entropy import Entropy
from offhook.notes import Diary, Severity
from offhook.units import Seconds

FIRST_RETRY: Final = Seconds(2.0)
LONGEST_RETRY: Final = Seconds(60.0)
"""Retries come 2, 4, 8 … 60 s apart, times 0.5 to 1.5, never more, for ever (reliability C #5)."""
DENIED_RETRIES: Final = (Seconds(600.0), Seconds(1800.0), Seconds(3600.0), Seconds(7200.0))
"""After a refused password: a server that bans (fail2ban) counts each try.

Twelve a day after the first hour and a half (reliability A.3 #9).
"""
LONGEST_RETRY_AFTER: Final = Seconds(600.0)
"""A Retry-After puts the next attempt off, by no more than this, and never brings it forward."""
LEAVING_TIME: Final = Seconds(2.0)
"""Unregistering takes no longer, answer or not (C-12)."""
LEAST_REFRESH: Final = Seconds(5.0)
SHORT_BINDING: Final = Seconds(120.0)


class State(Enum):
    """States of the binding we keep."""

    OFF = auto()  # nobody wants a binding
    OFFLINE = auto()  # wanted, but the machine has no address
    TRYING = auto()  # a REGISTER, or the search for the registrar's address, is under way
    BOUND = auto()  # confirmed; a refresh is due later
    WAITING = auto()  # the last attempt failed; the next is due later
    LEAVING = auto()  # the binding is being given back


class Input(Enum):
    """What may happen to it."""

    START = auto()  # register, or: register at once
    STOP = auto()
    UP = auto()  # there is a network, perhaps a new one
    DOWN = auto()
    DONE = auto()  # 2xx
    FAILED = auto()
    DENIED = auto()  # not with this password
    TIMER = auto()
    GONE = auto()  # given back, or nothing to give back


class Owner(Protocol):
    """What the machine sets off."""

    def attempt(self, now: Seconds) -> None:
        """Send a REGISTER, or look for the server first."""

    def leave(self, now: Seconds) -> None:
        """Give the binding back; say GONE when done."""

    def left(self, now: Seconds) -> None:
        """It is given back, or time is up."""


@dataclass(slots=True)
class Registration:
    """The machine.  Feed it with `step`; `retry_in` says after a failure how long the wait is."""

    owner: Owner
    entropy: Entropy
    state: State = State.OFF
    due: Seconds | None = None
    retry_in: Seconds = Seconds(0.0)
    retry_after: Seconds | None = None
    """The server's wish for the next retry."""
    granted: Seconds = Seconds(0.0)
    """Set before DONE."""
    diary: Diary = field(default_factory=Diary, repr=False)
    _failures: int = field(default=0, repr=False)
    _denials: int = field(default=0, repr=False)

    def step(self, what: Input, now: Seconds) -> None:
        """Something happened; what is not in the table means nothing in this state."""
        found = TRANSITIONS.get((self.state, what))
        if found is not None:
            before, (self.state, effect) = self.state, found
            self.diary.moved("registration", before, what, self.state, severity=Severity.DEBUG)
            effect(self, now)

    def tick(self, now: Seconds) -> None:
        """Fire the one timer if it is due."""
        if self.due is not None and self.due <= now:
            self.due = None
            self.step(Input.TIMER, now)

    def _attempt(self, now: Seconds) -> None:
        self.due = None
        self.owner.attempt(now)

    def _anew(self, now: Seconds) -> None:
        self._failures = self._denials = 0
        self._attempt(now)

    def _bound(self, now: Seconds) -> None:
        self._failures = self._denials = 0
        self.due = Seconds(now + refresh_after(self.granted, self.entropy))

    def _back_off(self, now: Seconds) -> None:
        gap = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(self._failures, 10))
        self._failures += 1
        wait = min(LONGEST_RETRY, gap * self.entropy.uniform(0.5, 1.5))
        if self.retry_after is not None:
            wait = max(wait, min(self.retry_after, LONGEST_RETRY_AFTER))
        self._wait(wait, now)

    def _slow_down(self, now: Seconds) -> None:
        gap = DENIED_RETRIES[min(self._denials, len(DENIED_RETRIES) - 1)]
        self._denials += 1
        self._wait(gap, now)

    def _wait(self, gap: float, now: Seconds) -> None:
        self.retry_in = Seconds(gap)
        self.retry_after = None
        self.due = Seconds(now + gap)

    def _rest(self, now: Seconds) -> None:
        self.due = None

    def _leave(self, now: Seconds) -> None:
        self.due = Seconds(now + LEAVING_TIME)
        self.owner.leave(now)

    def _left(self, now: Seconds) -> None:
        self.due = None
        self.owner.left(now)


def refresh_after(granted: Seconds, entropy: Entropy) -> Seconds:
    """Row 19: half of a short binding, else all but 10 % (at least 30 s); ±5 %, at least 5 s."""
    short = granted < SHORT_BINDING
    gap = granted / 2 if short else granted - max(30.0, granted / 10)
    return Seconds(max(LEAST_REFRESH, gap * entropy.uniform(0.95, 1.05)))


Effect = Callable[[Registration, Seconds], None]
_R = Registration
_ALIVE: Final = (State.TRYING, State.BOUND, State.WAITING)

TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, Effect]]] = {
    (State.OFF, Input.START): (State.OFFLINE, _R._rest),
    (State.OFFLINE, Input.UP): (State.TRYING, _R._anew),
    (State.OFFLINE, Input.STOP): (State.LEAVING, _R._leave),
    **{(alive, Input.START): (State.TRYING, _R._anew) for alive in _ALIVE},
    **{(alive, Input.UP): (State.TRYING, _R._anew) for alive in _ALIVE},
    **{(alive, Input.DOWN): (State.OFFLINE, _R._rest) for alive in _ALIVE},
    **{(alive, Input.STOP): (State.LEAVING, _R._leave) for alive in _ALIVE},
    (State.TRYING, Input.DONE): (State.BOUND, _R._bound),
    (State.TRYING, Input.FAILED): (State.WAITING, _R._back_off),
    (State.TRYING, Input.DENIED): (State.WAITING, _R._slow_down),
    (State.BOUND, Input.TIMER): (State.TRYING, _R._attempt),
    (State.WAITING, Input.TIMER): (State.TRYING, _R._attempt),
    (State.LEAVING, Input.TIMER): (State.OFF, _R._left),
    (State.LEAVING, Input.GONE): (State.OFF, _R._left),
    (State.LEAVING, Input.START): (State.OFFLINE, _R._rest),
}
