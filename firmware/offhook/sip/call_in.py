"""How a call to us begins, and what happens on the way (RFC 3261 §13.3)."""

from offhook.sip import party
from offhook.sip.actions import Cause, Confirmed
from offhook.sip.call import RING_AGAIN, Call, Event
from offhook.sip.message import Request, Response
from offhook.sip.resend import Resend
from offhook.sip.session_timer import Grant, SessionExpires, from_grant, grant
from offhook.sip.transactions import TransactionKey
from offhook.sip.wire import SDP
from offhook.units import Seconds


def ring(call: Call, event: Event, now: Seconds) -> None:
    """RING: a provisional answer, again every minute."""
    call.provisional = (event.status, event.body)
    call.ring_again = Seconds(now + RING_AGAIN)
    call.ours = event.body or call.ours
    _, request = _invite(call)
    _respond(call, event.status, event.body or b"", now, dialog_headers(call, request))


def answer(call: Call, event: Event, now: Seconds) -> None:
    """ANSWER: 200 until the ACK comes."""
    key, request = _invite(call)
    call.limit = call.ring_again = None
    agree(call, key, request, event.body or b"", now)


def agree(call: Call, key: TransactionKey, request: Request, body: bytes, now: Seconds) -> None:
    """A 200 to an INVITE, first or later, and the session timer that comes with it."""
    granted = timer_answer(call, request)
    call.ours = body
    headers = [*dialog_headers(call, request), *grant_headers(granted)]
    response = Response.answering(
        request,
        200,
        to_tag=call.local_tag,
        extra=[*headers, *([("Content-Type", SDP)] if body else [])],
        body=body,
    )
    sends = call.wire.respond(key, response, now)
    call.resend = Resend.start(sends, call.wire.timers, now)
    call.awaiting = request.cseq.number
    call.timer = from_grant(granted, now)


def timer_answer(call: Call, request: Request) -> Grant | None:
    """What our 2xx to this INVITE or UPDATE says of the session timer."""
    asked = SessionExpires.parse(request.headers.first("Session-Expires"))
    least = SessionExpires.parse(request.headers.first("Min-SE"))
    supports = "timer" in request.tokens("Supported") | request.tokens("Require")
    account = call.wire.account
    return grant(
        asked, least.interval if least else 0, supports, account.session_expires, account.min_se
    )


def grant_headers(granted: Grant | None) -> list[tuple[str, str]]:
    """The same as headers."""
    if granted is None:
        return []
    require = [("Require", "timer")] if granted.require else []
    return [("Session-Expires", str(granted.header)), *require]


def dialog_headers(call: Call, request: Request) -> list[tuple[str, str]]:
    """Record-Route of the INVITE copied (C-34), our Contact and what we can."""
    routes = [("Record-Route", value) for value in request.headers.raw("Record-Route")]
    return [*routes, *call.identity()]


def confirmed(call: Call, event: Event, now: Seconds) -> None:
    """ACK: the call stands."""
    del now
    call.resend = None
    body = event.body or None
    call.theirs = body or call.theirs
    call.wire.do(Confirmed(call.ref, body))


def reject(call: Call, event: Event, now: Seconds) -> None:
    """REJECT or HANG_UP before the answer."""
    status = event.status or 480
    extra = [("Reason", event.reason)] if event.reason else []
    _refuse(call, status, now, extra)
    call.ended_here(status, now)


def expired(call: Call, event: Event, now: Seconds) -> None:
    """LIMIT: nobody lifted; 487 if the caller set the limit (RFC 3261 §13.3.1)."""
    del event
    _refuse(call, 480 if _invite(call)[1].expires is None else 487, now)
    call.end(Cause(408, "nobody answered"), now)


def cancelled(call: Call, event: Event, now: Seconds) -> None:
    """CANCEL: the caller gave up, or somebody else was quicker (C-39)."""
    _refuse(call, 487, now)
    call.end(party.cause(_request(event), 487), now)


def bye_early(call: Call, event: Event, now: Seconds) -> None:
    """BYE in the early dialog (RFC 3261 §15): answered, and the INVITE with 487."""
    acknowledge_bye(call, event, now)
    cancelled(call, event, now)


def acknowledge_bye(call: Call, event: Event, now: Seconds) -> None:
    """200 to a BYE, without a word to the phone."""
    call.reply(*event.asked, 200, now)


def leave(call: Call, event: Event, now: Seconds) -> None:
    """HANG_UP before the ACK: the BYE follows it (RFC 3261 §15)."""
    del event
    resend = call.resend
    call.ended_here(200, now)
    call.resend = resend


def bye_at_last(call: Call, event: Event, now: Seconds) -> None:
    """The ACK came, or never will."""
    del event
    call.resend = None
    call.bye(now)


def unacknowledged(call: Call, event: Event, now: Seconds) -> None:
    """NO_ACK: the caller vanished, or did not answer our offer (C-33, C-36)."""
    status, text = event.status or 408, "no answer to our offer" if event.status else "no ACK"
    call.bye(now, party.why(status, text))
    call.end(Cause(status, text), now)


def _request(event: Event) -> Request:
    assert event.request is not None  # noqa: S101 -- CANCEL and BYE are requests
    return event.request


def _refuse(
    call: Call, status: int, now: Seconds, extra: list[tuple[str, str]] | None = None
) -> None:
    call.limit = None
    _respond(call, status, b"", now, extra or [])


def _respond(
    call: Call, status: int, body: bytes, now: Seconds, extra: list[tuple[str, str]]
) -> None:
    key, request = _invite(call)
    call.reply(key, request, status, now, extra=extra, body=body)


def _invite(call: Call) -> tuple[TransactionKey, Request]:
    assert call.key is not None  # noqa: S101 -- incoming calls have both
    assert call.invite is not None  # noqa: S101
    return call.key, call.invite
