"""INVITE server transaction (RFC 3261 §17.2.1 with RFC 6026 §7.1).

INVITE → 100 ─ 1xx ─ 2xx ─── copies of the INVITE absorbed ─── L    (the dialog resends the 2xx)
                     3xx-6xx ─G─G─G─ ACK ─ copies absorbed ─── I
                             └ H: nobody acknowledges
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from offhook.sip.actions import Send
from offhook.sip.message import Response
from offhook.sip.transaction import Output, Transaction, Unacknowledged
from offhook.units import Seconds


class State(Enum):
    """States of figure 7, and ACCEPTED of RFC 6026."""

    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    TERMINATED = auto()


class Input(Enum):
    """What may happen to the transaction."""

    REQUEST = auto()  # the INVITE again
    ACK = auto()
    REPLY_1XX = auto()
    REPLY_2XX = auto()
    REPLY_ERROR = auto()  # 300-699
    TIMER_G = auto()  # resend the failure
    TIMER_H = auto()  # stop waiting for ACK
    TIMER_I = auto()  # stop absorbing ACKs
    TIMER_L = auto()  # stop accepting 2xx


Effect = Callable[["InviteServer", Seconds], Iterator[Output]]


@dataclass(slots=True)
class InviteServer(Transaction[State, Input]):
    """One INVITE we are answering."""

    LAST = State.TERMINATED
    state: State = field(default=State.PROCEEDING, init=False)
    _last: bytes = field(default=b"", init=False)

    def start(self, now: Seconds) -> list[Output]:
        """Send 100 at once, so that the caller stops resending."""
        return self.reply(Response.answering(self.request, 100), now)

    def receive(self, now: Seconds) -> list[Output]:
        """The INVITE came again."""
        return self._step(Input.REQUEST, now)

    def acknowledge(self, now: Seconds) -> list[Output]:
        """An ACK of this transaction came."""
        return self._step(Input.ACK, now)

    def reply(self, response: Response, now: Seconds) -> list[Output]:
        """Send a response; one that comes too late is dropped."""
        kinds = {1: Input.REPLY_1XX, 2: Input.REPLY_2XX}
        kind = kinds.get(response.status // 100, Input.REPLY_ERROR)
        if (self.state, kind) in TRANSITIONS:
            self._last = bytes(response)
        return self._step(kind, now)

    def _step(self, what: Input, now: Seconds) -> list[Output]:
        return self._follow(TRANSITIONS.get((self.state, what)), now)

    def _resend(self, _now: Seconds) -> Iterator[Output]:
        yield Send(self._last, self.to)

    def _reject(self, now: Seconds) -> Iterator[Output]:
        self._interval = self.timers.t1
        self._arm(Input.TIMER_G, self._interval, now)
        self._arm(Input.TIMER_H, self.timers.timeout, now)
        yield Send(self._last, self.to)

    def _again(self, now: Seconds) -> Iterator[Output]:
        self._interval = min(Seconds(self._interval * 2), self.timers.t2)
        self._arm(Input.TIMER_G, self._interval, now)
        yield Send(self._last, self.to)

    def _accept(self, now: Seconds) -> Iterator[Output]:
        self._arm(Input.TIMER_L, self.timers.timeout, now)
        yield Send(self._last, self.to)

    def _confirm(self, now: Seconds) -> Iterator[Output]:
        self._deadlines.clear()
        self._arm(Input.TIMER_I, self.timers.t4, now)
        yield from ()

    def _give_up(self, _now: Seconds) -> Iterator[Output]:
        self._deadlines.clear()
        yield Unacknowledged()


TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, Effect]]] = {
    (State.PROCEEDING, Input.REQUEST): (State.PROCEEDING, InviteServer._resend),
    (State.PROCEEDING, Input.REPLY_1XX): (State.PROCEEDING, InviteServer._resend),
    (State.PROCEEDING, Input.REPLY_2XX): (State.ACCEPTED, InviteServer._accept),
    (State.PROCEEDING, Input.REPLY_ERROR): (State.COMPLETED, InviteServer._reject),
    (State.ACCEPTED, Input.REPLY_2XX): (State.ACCEPTED, InviteServer._resend),
    (State.ACCEPTED, Input.TIMER_L): (State.TERMINATED, InviteServer._end),
    (State.COMPLETED, Input.REQUEST): (State.COMPLETED, InviteServer._resend),
    (State.COMPLETED, Input.TIMER_G): (State.COMPLETED, InviteServer._again),
    (State.COMPLETED, Input.TIMER_H): (State.TERMINATED, InviteServer._give_up),
    (State.COMPLETED, Input.ACK): (State.CONFIRMED, InviteServer._confirm),
    (State.CONFIRMED, Input.TIMER_I): (State.TERMINATED, InviteServer._end),
}
