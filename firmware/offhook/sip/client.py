"""Non-INVITE client transaction (RFC 3261 §17.1.2): REGISTER, BYE, CANCEL and so on.

request ─E─E─E─ 1xx ─E(T2)─E─ final ─ copies absorbed ─ K
        └──────────────────── F: nobody answers; it stays armed after a 1xx (C-43)
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from offhook.sip.actions import Send
from offhook.sip.message import Response
from offhook.sip.transaction import Output, Passed, Transaction, Unanswered
from offhook.units import Seconds


class State(Enum):
    """States of figure 6."""

    TRYING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    TERMINATED = auto()


class Input(Enum):
    """What may happen to the transaction."""

    REPLY_1XX = auto()
    REPLY_FINAL = auto()
    UNREACHABLE = auto()
    TIMER_E = auto()  # send the request again
    TIMER_F = auto()  # stop waiting
    TIMER_K = auto()  # stop absorbing copies


Effect = Callable[["Client", Seconds], Iterator[Output]]


@dataclass(slots=True)
class Client(Transaction[State, Input]):
    """One request of ours that is neither INVITE nor ACK."""

    LAST = State.TERMINATED
    state: State = field(default=State.TRYING, init=False)
    _got: Response | None = field(default=None, init=False)

    def start(self, now: Seconds) -> list[Output]:
        """Send it and start timers E and F."""
        self._interval = self.timers.t1
        self._arm(Input.TIMER_E, self._interval, now)
        self._arm(Input.TIMER_F, self.timers.timeout, now)
        return [Send(bytes(self.request), self.to)]

    def receive(self, response: Response, now: Seconds) -> list[Output]:
        """A response of this transaction arrived."""
        self._got = response
        return self._step(Input.REPLY_1XX if response.status < 200 else Input.REPLY_FINAL, now)

    def unreachable(self, now: Seconds) -> list[Output]:
        """The network refused the request."""
        return self._step(Input.UNREACHABLE, now)

    def _step(self, what: Input, now: Seconds) -> list[Output]:
        return self._follow(TRANSITIONS.get((self.state, what)), now)

    def _again(self, now: Seconds) -> Iterator[Output]:
        self._interval = min(Seconds(self._interval * 2), self.timers.t2)
        yield from self._resend(now)

    def _again_slowly(self, now: Seconds) -> Iterator[Output]:
        self._interval = self.timers.t2
        yield from self._resend(now)

    def _resend(self, now: Seconds) -> Iterator[Output]:
        self._arm(Input.TIMER_E, self._interval, now)
        yield Send(bytes(self.request), self.to)

    def _pass(self, _now: Seconds) -> Iterator[Output]:
        if self._got is not None:
            yield Passed(self._got)

    def _finish(self, now: Seconds) -> Iterator[Output]:
        self._deadlines.clear()
        self._arm(Input.TIMER_K, self.timers.t4, now)
        yield from self._pass(now)

    def _give_up(self, _now: Seconds) -> Iterator[Output]:
        self._deadlines.clear()
        yield Unanswered()


TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, Effect]]] = {
    (State.TRYING, Input.TIMER_E): (State.TRYING, Client._again),
    (State.TRYING, Input.TIMER_F): (State.TERMINATED, Client._give_up),
    (State.TRYING, Input.UNREACHABLE): (State.TERMINATED, Client._give_up),
    (State.TRYING, Input.REPLY_1XX): (State.PROCEEDING, Client._pass),
    (State.TRYING, Input.REPLY_FINAL): (State.COMPLETED, Client._finish),
    (State.PROCEEDING, Input.TIMER_E): (State.PROCEEDING, Client._again_slowly),
    (State.PROCEEDING, Input.TIMER_F): (State.TERMINATED, Client._give_up),
    (State.PROCEEDING, Input.UNREACHABLE): (State.TERMINATED, Client._give_up),
    (State.PROCEEDING, Input.REPLY_1XX): (State.PROCEEDING, Client._pass),
    (State.PROCEEDING, Input.REPLY_FINAL): (State.COMPLETED, Client._finish),
    (State.COMPLETED, Input.TIMER_K): (State.TERMINATED, Client._end),
}
