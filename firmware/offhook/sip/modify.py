"""Changing a session that stands: re-INVITE and UPDATE, ours and theirs, and their collisions.

RFC 3261 §14, RFC 3311, RFC 4028 §10; one machine for both directions: one offer is open at a time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from offhook.entropy import Entropy
from offhook.sip import call_in
from offhook.sip.actions import Confirmed, OfferAccepted, Offered, OfferRefused
from offhook.sip.call import NOTHING, Call, Event
from offhook.sip.call import Input as CallInput
from offhook.sip.change import Input, State
from offhook.sip.errand import Errand
from offhook.sip.grammar import number_or
from offhook.sip.message import Request, Response
from offhook.sip.session_timer import SessionExpires, from_answer, from_grant
from offhook.sip.transactions import TransactionKey
from offhook.units import Seconds

GLARE_STEP: Final = 0.01
"""RFC 3261 §14.1: waits are drawn in steps of 10 ms."""
OWN_CALL_ID: Final = (210, 400)
"""Steps to wait when we made the Call-ID; the other side waits less."""
THEIR_CALL_ID: Final = (0, 200)
RETRY_AFTER: Final = 10
"""Most seconds a 500 asks for (RFC 3261 §14.2)."""
DECISION_TIME: Final = Seconds(20.0)
"""The phone decides on an offer within this; then it is refused."""
DIALOG_GONE: Final = frozenset({408, 481})


@dataclass(slots=True, eq=False)
class Modification:
    """The state of one call's session."""

    call: Call
    state: State = State.STABLE
    due: Seconds | None = None
    key: TransactionKey | None = None
    request: Request | None = None
    """Theirs, while ASKED or AGREED."""
    _wanted: bytes | None = None
    """The SDP of our re-INVITE, or of the next one."""
    _refreshing: bool = False
    """Our re-INVITE or UPDATE only keeps the session alive."""
    _collided: bool = field(default=False, repr=False)
    _refresh_tried: Seconds | None = None

    def step(self, what: Input, event: Event, now: Seconds) -> None:
        """Something happened; what is not in the table means nothing in this state."""
        found = TRANSITIONS.get((self.state, what))
        if found is not None:
            self.state, effect = found
            effect(self, event, now)
        if self.state is State.STABLE and self._wanted is not None:
            self.step(Input.OFFER, Event(body=self._wanted), now)

    def stop(self, now: Seconds) -> None:
        """The call is over."""
        if self.state is State.ASKED:
            self._answer(487, now)
        self.state, self.due, self._wanted = State.STABLE, None, None
        self.key = self.request = None

    def deadline(self) -> Seconds | None:
        """When `tick` must be called next."""
        return min((at for at in (self.due, self._refresh_at()) if at is not None), default=None)

    def tick(self, now: Seconds) -> None:
        """Try again, refuse what nobody decided on, refresh the session."""
        if self.due is not None and self.due <= now:
            self.due = None
            self.step(Input.TIMER, NOTHING, now)
        refresh_at = self._refresh_at()
        if refresh_at is not None and refresh_at <= now:
            self._refresh(now)

    # Ours

    def _ask(self, event: Event, now: Seconds) -> None:
        self._wanted = None
        self._invite(event.body or b"", now)

    def _invite(self, body: bytes, now: Seconds) -> None:
        call = self.call
        call.ours = body
        headers = [*call.identity(), *call.timer_question()]
        call.send("INVITE", self._heard, now, headers=headers, body=body)

    def _queue(self, event: Event, now: Seconds) -> None:
        del now
        self._wanted = event.body

    def _heard(self, errand: Errand, response: Response | None, now: Seconds) -> None:
        """An answer to our re-INVITE."""
        if response is not None and response.status < 200:
            return
        event = Event(response=response, body=errand.body)
        if response is None or response.status in DIALOG_GONE:
            self._gone(response, now)
        elif response.status < 300:
            self._acknowledge(response, now)
            self.step(Input.SUCCESS, event, now)
        elif response.status == 422 and self.state is State.ASKING and self._longer(response):
            self._invite(errand.body, now)
        elif response.status in {491, 500} and not self._collided:
            self.step(Input.GLARE, event, now)
        else:
            self.step(Input.REFUSED, event, now)

    def _acknowledge(self, response: Response, now: Seconds) -> None:
        call = self.call
        call.inside.refresh_target(response)
        call.acks.send(call.inside, response.cseq.number, now, fallback=call.peer)
        self._timed(response, now)

    def _timed(self, response: Response, now: Seconds) -> None:
        call = self.call
        granted = SessionExpires.parse(response.headers.first("Session-Expires"))
        call.timer = from_answer(granted, call.min_se, now) if call.session_expires else None

    def _longer(self, response: Response) -> bool:
        least = number_or(response.headers.first("Min-SE"), 0) or 0
        return self.call.lengthen(least)

    def _gone(self, response: Response | None, now: Seconds) -> None:
        reason = response.reason if response is not None else "no answer"
        status = response.status if response is not None else 408
        event = Event(response=response, status=status, reason=reason)
        self.call.feed(self.call, CallInput.GONE, event, now)

    def _accepted(self, event: Event, now: Seconds) -> None:
        del now
        call, response = self.call, event.response
        self._collided = False
        body = response.body if response is not None else b""
        quiet, self._refreshing = self._refreshing and body in {b"", call.theirs}, False
        call.theirs = body or call.theirs
        if not quiet:
            call.wire.do(OfferAccepted(call.ref, body or None))

    def _refused(self, event: Event, now: Seconds) -> None:
        del now
        self._collided = False
        quiet, self._refreshing = self._refreshing, False
        if not quiet and event.response is not None:
            self.call.wire.do(OfferRefused(self.call.ref, event.response.status))

    def _wait(self, event: Event, now: Seconds) -> None:
        """C-28: once more, after a time that differs on the two sides."""
        call = self.call
        self._collided = True
        low, high = OWN_CALL_ID if call.inside.caller else THEIR_CALL_ID
        wait = (low + call.wire.entropy.below(high - low + 1)) * GLARE_STEP
        if event.response is not None and event.response.status == 500:
            wait = number_or(event.response.headers.first("Retry-After"), RETRY_AFTER) or 0
        self.due = Seconds(now + min(wait, RETRY_AFTER))
        if self._wanted is None:
            self._wanted = event.body

    def _again(self, event: Event, now: Seconds) -> None:
        del event
        body, self._wanted = self._wanted, None
        self._invite(body or self.call.ours, now)

    # Theirs

    def _tell(self, event: Event, now: Seconds) -> None:
        self.key, self.request = event.asked
        self.due = Seconds(now + DECISION_TIME)
        self.call.wire.do(Offered(self.call.ref, self.request.body or None))

    def _pending(self, event: Event, now: Seconds) -> None:
        """Our own offer is open: 491 (RFC 3261 §14.2)."""
        self._reply(event, 491, now)

    def _busy(self, event: Event, now: Seconds) -> None:
        """Their own offer is open: 500, try later (RFC 3261 §14.2)."""
        self._reply(event, 500, now, [later(self.call.wire.entropy)])

    def _reply(
        self, event: Event, status: int, now: Seconds, extra: list[tuple[str, str]] | None = None
    ) -> None:
        self.call.reply(*event.asked, status, now, extra=extra or [])

    def _agree(self, event: Event, now: Seconds) -> None:
        call = self.call
        key, request = Event(key=self.key, request=self.request).asked
        self.due = None
        call.theirs = request.body or call.theirs
        call.inside.refresh_target(request)
        call_in.agree(call, key, request, event.body or call.ours, now)

    def _update(self, event: Event, now: Seconds) -> None:
        call = self.call
        key, request = Event(key=self.key, request=self.request).asked
        self.due = self.key = self.request = None
        call.theirs = request.body or call.theirs
        call.ours = event.body or call.ours
        update(call, key, request, event.body or b"", now)

    def _decline(self, event: Event, now: Seconds) -> None:
        self.due = None
        self._answer(event.status or 488, now)
        self.key = self.request = None

    def _cancelled(self, event: Event, now: Seconds) -> None:
        self._decline(Event(status=487), now)

    def _answer(self, status: int, now: Seconds) -> None:
        self._reply(Event(key=self.key, request=self.request), status, now)

    def _settled(self, event: Event, now: Seconds) -> None:
        """ACK to our 200; after an INVITE without an offer it must bring the answer (C-36)."""
        call, request = self.call, self.request
        call.resend = self.key = self.request = None
        if request is None or request.body:
            return
        if not event.body:
            gone = Event(status=488, reason="no answer to our offer")
            call.feed(call, CallInput.GONE, gone, now)
            return
        call.theirs = event.body
        call.wire.do(Confirmed(call.ref, event.body))

    # Refreshing (RFC 4028 §10)

    def _refresh_at(self) -> Seconds | None:
        timer = self.call.timer
        if timer is None or not timer.ours or self.state is not State.STABLE:
            return None
        return None if self._refresh_tried == timer.since else timer.refresh_at

    def _refresh(self, now: Seconds) -> None:
        call = self.call
        self._refresh_tried = call.timer.since if call.timer else None
        if "update" in call.allowed:
            headers = [*call.identity(), *call.timer_question()]
            call.send("UPDATE", self._updated, now, headers=headers)
        else:
            self._refresh_by_invite(now)

    def _refresh_by_invite(self, now: Seconds) -> None:
        self._refreshing = True
        self.step(Input.REFRESH, Event(body=self.call.ours), now)

    def _updated(self, errand: Errand, response: Response | None, now: Seconds) -> None:
        del errand
        if self.call.timer is None or (response is not None and response.status < 200):
            return
        if response is None or response.status in DIALOG_GONE:
            self._gone(response, now)
        elif response.status < 300:
            self.call.inside.refresh_target(response)
            self._timed(response, now)
        elif response.status == 422 and self._longer(response):
            self._refresh(now)
        else:
            self._refresh_by_invite(now)  # which every peer takes, and which settles collisions


def later(entropy: Entropy) -> tuple[str, str]:
    """The Retry-After of a 500 to an offer that came too early (RFC 3261 §14.2)."""
    return "Retry-After", str(entropy.below(RETRY_AFTER + 1))


def update(call: Call, key: TransactionKey, request: Request, body: bytes, now: Seconds) -> None:
    """200 to an UPDATE: it moves the target and the session timer."""
    granted = call_in.timer_answer(call, request)
    call.inside.refresh_target(request)
    call.timer = from_grant(granted, now)
    extra = [*call.identity(), *call_in.grant_headers(granted)]
    call.reply(key, request, 200, now, extra=extra, body=body)


Effect = Callable[[Modification, Event, Seconds], None]
_M = Modification

TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, Effect]]] = {
    (State.STABLE, Input.OFFER): (State.ASKING, _M._ask),
    (State.STABLE, Input.REFRESH): (State.ASKING, _M._ask),
    (State.STABLE, Input.ASK): (State.ASKED, _M._tell),
    (State.ASKING, Input.OFFER): (State.ASKING, _M._queue),
    (State.ASKING, Input.ASK): (State.ASKING, _M._pending),
    (State.ASKING, Input.SUCCESS): (State.STABLE, _M._accepted),
    (State.ASKING, Input.REFUSED): (State.STABLE, _M._refused),
    (State.ASKING, Input.GLARE): (State.WAITING, _M._wait),
    (State.WAITING, Input.OFFER): (State.WAITING, _M._queue),
    (State.WAITING, Input.ASK): (State.ASKED, _M._tell),
    (State.WAITING, Input.TIMER): (State.ASKING, _M._again),
    (State.ASKED, Input.OFFER): (State.ASKED, _M._queue),
    (State.ASKED, Input.ASK): (State.ASKED, _M._busy),
    (State.ASKED, Input.ACCEPT): (State.AGREED, _M._agree),
    (State.ASKED, Input.ACCEPT_UPDATE): (State.STABLE, _M._update),
    (State.ASKED, Input.REFUSE): (State.STABLE, _M._decline),
    (State.ASKED, Input.CANCEL): (State.STABLE, _M._cancelled),
    (State.ASKED, Input.TIMER): (State.STABLE, _M._decline),
    (State.AGREED, Input.OFFER): (State.AGREED, _M._queue),
    (State.AGREED, Input.ASK): (State.ASKED, _M._tell),
    (State.AGREED, Input.ACK): (State.STABLE, _M._settled),
}
