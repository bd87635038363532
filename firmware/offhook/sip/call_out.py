"""How a call of ours begins, and what happens on the way (RFC 3261 §13.2)."""

from typing import Final

from offhook.sip import party
from offhook.sip.actions import Answered, Cause, Provisional
from offhook.sip.authorization import Trust
from offhook.sip.call import MAX_RINGING, NOTHING, Call, Event, Input
from offhook.sip.dialog import Dialog
from offhook.sip.errand import Errand
from offhook.sip.grammar import number_or, quote, wire_text
from offhook.sip.message import Headers, Response
from offhook.sip.session_timer import SessionExpires, from_answer
from offhook.units import Seconds

MAX_FORKS: Final = 8
"""Further answers to one INVITE that we end one by one (C-25)."""
UNKNOWN_HERE: Final = frozenset({403, 404})
"""Answers by which a server that lost our binding shows it (reliability C #4)."""


def find(call: Call, now: Seconds) -> None:
    """Look for the server."""
    call.limit = Seconds(now + MAX_RINGING)

    def then(hop: object, now: Seconds) -> None:
        del hop
        known = call.wire.peers.endpoint(*call.wire.account.next_hop, call.wire.local)
        found = known is not None and call.wire.local is not None
        call.feed(call, Input.FOUND if found else Input.LOST, Event(hop=known), now)

    call.wire.reach(call.wire.account.next_hop, then, now)


def invite(call: Call, event: Event, now: Seconds) -> None:
    """FOUND: send the INVITE."""
    assert event.hop is not None  # noqa: S101 -- FOUND has it
    call.hop, call.others = event.hop, call.wire.others(event.hop)
    _send(call, now)


def _send(call: Call, now: Seconds) -> None:
    assert call.hop is not None  # noqa: S101 -- set by FOUND

    def next_cseq() -> int:
        call.cseq += 1
        return call.cseq

    def listener(errand: Errand, response: Response | None, now: Seconds) -> None:
        _heard(call, errand, response, now)

    call.ours = call.offer or b""
    call.errand = Errand(
        "INVITE", call.target, _headers(call), call.hop, next_cseq, listener, Trust.LEARN,
        call.ours, call.others,
    )  # fmt: skip
    call.errands.send(call.errand, now)


def _headers(call: Call) -> Headers:
    account = call.wire.account
    name = f"{quote(wire_text(account.display_name))} " if account.display_name else ""
    preferred = account.preferred_identity
    return Headers([
        *account.preloaded,
        ("From", f"{name}<{account.aor}>;tag={call.local_tag}"),
        ("To", f"<{call.target}>"),
        ("Call-ID", call.call_id),
        *call.identity(),
        *call.timer_question(),
        *([("P-Preferred-Identity", f"<{preferred}>")] if preferred else []),
    ])  # fmt: skip


def _heard(call: Call, errand: Errand, response: Response | None, now: Seconds) -> None:
    call.peer, call.hop, call.others = errand.source or call.peer, errand.hop, errand.others
    if response is None:
        call.feed(call, Input.FAILURE, Event(status=408), now)
    elif response.status < 200:
        call.feed(call, Input.PROGRESS, Event(response=response), now)
    elif response.status < 300:
        success(call, response, now)
    elif response.status == 422 and errand.wanted and _longer(call, response):
        _send(call, now)
    else:
        call.feed(call, Input.FAILURE, Event(response=response, status=response.status), now)


def _longer(call: Call, response: Response) -> bool:
    """422: ask for the interval the server wants, if it is longer than ours (C-35)."""
    least = number_or(response.headers.first("Min-SE"), 0) or 0
    return bool(call.session_expires) and call.lengthen(least)


def success(call: Call, response: Response, now: Seconds) -> None:
    """A 2xx to our INVITE that was not acknowledged yet."""
    if call.dialog is not None and (response.to.tag or "") == call.dialog.key[2]:
        return  # a copy, while the ACK waits for our answer or for an address
    kind = Input.OWED if call.offer is None and response.body else Input.SUCCESS
    call.feed(call, kind, Event(response=response), now)


def progress(call: Call, event: Event, now: Seconds) -> None:
    """A provisional answer: 100 says nothing (row 28), each To tag is a phone (C-26, C-27)."""
    del now
    response = event.response
    if response is not None and response.status > 100:
        tag = response.to.tag or ""
        body = response.body or None
        who = party.callee(response)
        call.wire.do(Provisional(call.ref, response.status, body, tag, who))


def answered(call: Call, event: Event, now: Seconds) -> None:
    """The first 2xx: the dialog is confirmed and acknowledged."""
    dialog = _confirm(call, event, now)
    call.acks.send(dialog, call.cseq, now, fallback=call.peer)


def owed(call: Call, event: Event, now: Seconds) -> None:
    """The first 2xx brought the offer: the ACK waits for `accept` (C-36)."""
    _confirm(call, event, now)
    call.limit = Seconds(now + call.wire.timers.timeout)


def _confirm(call: Call, event: Event, now: Seconds) -> Dialog:
    response, errand = event.response, call.errand
    assert response is not None and errand is not None  # noqa: S101, PT018 -- SUCCESS has both
    assert errand.request is not None  # noqa: S101 -- it was sent
    call.dialog = Dialog.from_response(errand.request, response)
    call.limit = None
    call.theirs = response.body
    call.allowed = response.tokens("Allow")
    granted = SessionExpires.parse(response.headers.first("Session-Expires"))
    call.timer = from_answer(granted, call.min_se, now) if call.session_expires else None
    tag = response.to.tag or ""
    call.wire.do(Answered(call.ref, response.body or None, tag, party.callee(response)))
    return call.dialog


def settle(call: Call, event: Event, now: Seconds) -> None:
    """ACCEPT: our answer goes with the ACK."""
    call.limit = None
    call.ours = event.body or b""
    call.acks.send(call.inside, call.cseq, now, body=call.ours, fallback=call.peer)


def acknowledge_and_end(call: Call, event: Event, now: Seconds) -> None:
    """Nobody wants this 2xx: ACK, then BYE (C-25, C-32)."""
    response, errand = event.response, call.errand
    if response is None or errand is None or errand.request is None or call.forks >= MAX_FORKS:
        return
    call.forks += 1
    dialog = Dialog.from_response(errand.request, response)
    call.acks.send(dialog, response.cseq.number, now, fallback=call.peer)
    call.bye(now, call.reason or party.COMPLETED, dialog)


def refuse_owed(call: Call, event: Event, now: Seconds) -> None:
    """HANG_UP or LIMIT while we owe an answer: ACK without one, then BYE."""
    settle(call, NOTHING, now)
    call.bye(now, event.reason)
    call.ended_here(200, now)


def failed(call: Call, event: Event, now: Seconds) -> None:
    """A final refusal, or silence."""
    call.limit = None
    if event.response is None:
        call.end(Cause(event.status, "no answer"), now)
        return
    if event.response.status in UNKNOWN_HERE:
        call.unknown(now)
    call.end(party.cause(event.response, event.response.status), now)


def lost(call: Call, event: Event, now: Seconds) -> None:
    """There is no network or no server."""
    del event
    call.limit = None
    reason = "no network" if call.wire.local is None else "no address of the server"
    call.end(Cause(503, reason), now)


def cancel(call: Call, event: Event, now: Seconds) -> None:
    """HANG_UP: CANCEL, which waits for a 1xx if none came (C-31)."""
    assert call.errand is not None and call.errand.key is not None  # noqa: S101, PT018 -- CALLING
    call.errand.wanted = False
    call.reason = event.reason or party.HUNG_UP
    call.wire.do(*call.wire.transactions.cancel(call.errand.key, now, call.reason))
    call.limit = Seconds(now + 2 * call.wire.timers.timeout)
    call.ended_here(event.status or 487, now)


def give_up(call: Call, event: Event, now: Seconds) -> None:
    """LIMIT: nobody answers, nor does a voicemail."""
    del event
    cancel(call, Event(status=408, reason=party.NO_ANSWER), now)


def abandon(call: Call, event: Event, now: Seconds) -> None:
    """HANG_UP before anything was sent."""
    call.limit = None
    call.ended_here(event.status or 487, now)
