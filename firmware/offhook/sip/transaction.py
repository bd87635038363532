"""What the four transactions have in common: timers as data, and what they hand back."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Generic, Self, TypeVar

from offhook.sip.actions import Send
from offhook.sip.message import Request, Response
from offhook.sip.timers import Timers
from offhook.units import Endpoint, Seconds

State = TypeVar("State", bound=Enum)
Input = TypeVar("Input", bound=Enum)


@dataclass(frozen=True, slots=True)
class Passed:
    """A response for the user agent."""

    response: Response


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No final response will come."""


@dataclass(frozen=True, slots=True)
class Unacknowledged:
    """No ACK came for a failure."""


@dataclass(frozen=True, slots=True)
class CancelNow:
    """A provisional is there, so the CANCEL may go out (RFC 3261 §9.1)."""


Output = Send | Passed | Unanswered | Unacknowledged | CancelNow


@dataclass(slots=True)
class Transaction(ABC, Generic[State, Input]):
    """One machine: a subclass brings states, inputs and the table."""

    LAST: ClassVar[Enum]
    """The state in which it may be forgotten."""
    timers: Timers
    request: Request
    to: Endpoint
    """The other end."""
    state: State = field(init=False)
    _deadlines: dict[Input, Seconds] = field(default_factory=dict, init=False)
    _interval: Seconds = field(default=Seconds(0), init=False)

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        return min(self._deadlines.values(), default=None)

    def tick(self, now: Seconds) -> list[Output]:
        """Fire every timer due at `now`, earliest first."""
        outputs: list[Output] = []
        while (at := self.deadline()) is not None and at <= now:
            timer = min(self._deadlines, key=self._deadlines.__getitem__)
            del self._deadlines[timer]
            outputs += self._step(timer, now)
        return outputs

    @property
    def over(self) -> bool:
        """Whether it may be forgotten."""
        return self.state is self.LAST

    @abstractmethod
    def _step(self, what: Input, now: Seconds) -> list[Output]:
        """Look `what` up in the table and follow it."""

    def _follow(
        self, found: tuple[State, Callable[[Self, Seconds], Iterator[Output]]] | None, now: Seconds
    ) -> list[Output]:
        """Do what the table says; what is not in it means nothing in this state."""
        if found is None:
            return []
        self.state, effect = found
        return list(effect(self, now))

    def _arm(self, timer: Input, after: Seconds, now: Seconds) -> None:
        self._deadlines[timer] = Seconds(now + after)

    def _end(self, _now: Seconds) -> Iterator[Output]:
        self._deadlines.clear()
        yield from ()
