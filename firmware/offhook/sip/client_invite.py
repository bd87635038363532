"""INVITE client transaction (RFC 3261 §17.1.1 with RFC 6026 §7.2), CANCEL included (§9.1).

INVITE ─A─A─A─ 1xx ────────── 2xx ─── each copy is passed up ─── M      (the dialog acknowledges)
       └ B: nobody answers    3xx-6xx ─ each copy gets our ACK ─ D
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from offhook.sip.actions import Send
from offhook.sip.header_map import Headers
from offhook.sip.headers import CSeq
from offhook.sip.message import Request, Response
from offhook.sip.transaction import CancelNow, Output, Passed, Transaction, Unanswered
from offhook.units import Seconds


class State(Enum):
    """States of figure 5, ACCEPTED of RFC 6026, and two for a call that is being given up."""

    CALLING = auto()
    CANCELLING = auto()  # wanted back, but nobody has answered yet
    PROCEEDING = auto()
    CANCELLED = auto()  # CANCEL is out; the final response is awaited
    ACCEPTED = auto()
    COMPLETED = auto()
    TERMINATED = auto()


class Input(Enum):
    """What may happen to the transaction."""

    REPLY_1XX = auto()
    REPLY_2XX = auto()
    REPLY_ERROR = auto()  # 300-699
    CANCEL = auto()
    UNREACHABLE = auto()
    TIMER_A = auto()  # send the INVITE again
    TIMER_B = auto()  # stop waiting for any response
    TIMER_C = auto()  # stop waiting for the final response to a cancelled INVITE
    TIMER_D = auto()  # stop absorbing copies of a failure
    TIMER_M = auto()  # stop absorbing copies of a 2xx


Effect = Callable[["InviteClient", Seconds], Iterator[Output]]


@dataclass(slots=True)
class InviteClient(Transaction[State, Input]):
    """One INVITE of ours."""

    LAST = State.TERMINATED
    state: State = field(default=State.CALLING, init=False)
    _got: Response | None = field(default=None, init=False)

    def start(self, now: Seconds) -> list[Output]:
        """Send it and start timers A and B."""
        self._interval = self.timers.t1
        self._arm(Input.TIMER_A, self._interval, now)
        self._arm(Input.TIMER_B, self.timers.timeout, now)
        return [Send(bytes(self.request), self.to)]

    def receive(self, response: Response, now: Seconds) -> list[Output]:
        """A response of this transaction arrived."""
        kinds = {1: Input.REPLY_1XX, 2: Input.REPLY_2XX}
        self._got = response
        return self._step(kinds.get(response.status // 100, Input.REPLY_ERROR), now)

    def cancel(self, now: Seconds) -> list[Output]:
        """The user gives up."""
        return self._step(Input.CANCEL, now)

    def unreachable(self, now: Seconds) -> list[Output]:
        """The network refused the request."""
        return self._step(Input.UNREACHABLE, now)

    def _step(self, what: Input, now: Seconds) -> list[Output]:
        return self._follow(TRANSITIONS.get((self.state, what)), now)

    def _again(self, now: Seconds) -> Iterator[Output]:
        self._interval = Seconds(self._interval * 2)
        self._arm(Input.TIMER_A, self._interval, now)
        yield Send(bytes(self.request), self.to)

    def _note(self, _now: Seconds) -> Iterator[Output]:
        yield from ()

    def _pass(self, _now: Seconds) -> Iterator[Output]:
        if self._got is not None:
            yield Passed(self._got)

    def _proceed(self, now: Seconds) -> Iterator[Output]:
        self._deadlines.clear()
        yield from self._pass(now)

    def _withdraw(self, now: Seconds) -> Iterator[Output]:
        self._deadlines.clear()
        self._arm(Input.TIMER_C, self.timers.timeout, now)
        yield CancelNow()

    def _withdraw_late(self, now: Seconds) -> Iterator[Output]:
        yield from self._withdraw(now)
        yield from self._pass(now)

    def _accept(self, now: Seconds) -> Iterator[Output]:
        self._deadlines.clear()
        self._arm(Input.TIMER_M, self.timers.timeout, now)
        yield from self._pass(now)

    def _fail(self, now: Seconds) -> Iterator[Output]:
        self._deadlines.clear()
        self._arm(Input.TIMER_D, self.timers.absorb, now)
        yield from self._acknowledge(now)
        yield from self._pass(now)

    def _acknowledge(self, _now: Seconds) -> Iterator[Output]:
        if self._got is not None:
            yield Send(bytes(acknowledgement(self.request, self._got)), self.to)

    def _give_up(self, _now: Seconds) -> Iterator[Output]:
        self._deadlines.clear()
        yield Unanswered()


def acknowledgement(invite: Request, failure: Response) -> Request:
    """The ACK for a 300-699: the INVITE's branch and URI, the response's To (§17.1.1.3, row 42)."""
    return _companion(invite, "ACK", failure.headers.first("To") or "")


def cancellation(invite: Request, reason: str = "") -> Request:
    """The CANCEL of `invite`: same branch, URI, CSeq number, From, To and Route (§9.1)."""
    return _companion(invite, "CANCEL", invite.headers.first("To") or "", reason)


def _companion(invite: Request, method: str, to: str, reason: str = "") -> Request:
    asked = invite.headers
    headers = [
        ("Via", str(invite.top_via)),
        ("From", asked.first("From") or ""),
        ("To", to),
        ("Call-ID", invite.call_id),
        ("CSeq", str(CSeq(invite.cseq.number, method))),
        *(("Route", route) for route in asked.raw("Route")),
        ("Max-Forwards", "70"),
        *([("Reason", reason)] if reason else []),
    ]
    return Request(method, invite.uri, Headers(headers))


TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, Effect]]] = {
    (State.CALLING, Input.TIMER_A): (State.CALLING, InviteClient._again),
    (State.CALLING, Input.TIMER_B): (State.TERMINATED, InviteClient._give_up),
    (State.CALLING, Input.UNREACHABLE): (State.TERMINATED, InviteClient._give_up),
    (State.CALLING, Input.CANCEL): (State.CANCELLING, InviteClient._note),
    (State.CALLING, Input.REPLY_1XX): (State.PROCEEDING, InviteClient._proceed),
    (State.CALLING, Input.REPLY_2XX): (State.ACCEPTED, InviteClient._accept),
    (State.CALLING, Input.REPLY_ERROR): (State.COMPLETED, InviteClient._fail),
    (State.CANCELLING, Input.TIMER_A): (State.CANCELLING, InviteClient._again),
    (State.CANCELLING, Input.TIMER_B): (State.TERMINATED, InviteClient._give_up),
    (State.CANCELLING, Input.UNREACHABLE): (State.TERMINATED, InviteClient._give_up),
    (State.CANCELLING, Input.REPLY_1XX): (State.CANCELLED, InviteClient._withdraw_late),
    (State.CANCELLING, Input.REPLY_2XX): (State.ACCEPTED, InviteClient._accept),
    (State.CANCELLING, Input.REPLY_ERROR): (State.COMPLETED, InviteClient._fail),
    (State.PROCEEDING, Input.REPLY_1XX): (State.PROCEEDING, InviteClient._pass),
    (State.PROCEEDING, Input.REPLY_2XX): (State.ACCEPTED, InviteClient._accept),
    (State.PROCEEDING, Input.REPLY_ERROR): (State.COMPLETED, InviteClient._fail),
    (State.PROCEEDING, Input.CANCEL): (State.CANCELLED, InviteClient._withdraw),
    (State.CANCELLED, Input.REPLY_1XX): (State.CANCELLED, InviteClient._pass),
    (State.CANCELLED, Input.REPLY_2XX): (State.ACCEPTED, InviteClient._accept),
    (State.CANCELLED, Input.REPLY_ERROR): (State.COMPLETED, InviteClient._fail),
    (State.CANCELLED, Input.TIMER_C): (State.TERMINATED, InviteClient._give_up),
    (State.ACCEPTED, Input.REPLY_2XX): (State.ACCEPTED, InviteClient._pass),
    (State.ACCEPTED, Input.TIMER_M): (State.TERMINATED, InviteClient._end),
    (State.COMPLETED, Input.REPLY_ERROR): (State.COMPLETED, InviteClient._acknowledge),
    (State.COMPLETED, Input.TIMER_D): (State.TERMINATED, InviteClient._end),
}
