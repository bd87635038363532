"""Requests that were let in: whose they are, and answers that need no call (RFC 3261 §8.2)."""

from typing import Final

from offhook.sip.call import Call, Event, Input, State
from offhook.sip.calls import Calls
from offhook.sip.change import Input as ModifyInput
from offhook.sip.errors import SipError
from offhook.sip.message import Request, Response
from offhook.sip.modify import later, update
from offhook.sip.session_timer import LEAST, SessionExpires, too_brief
from offhook.sip.transactions import NewRequest, TransactionKey
from offhook.sip.wire import ALLOW, SDP, SUPPORTED, Wire
from offhook.units import Endpoint, Seconds

METHODS: Final = frozenset(ALLOW.split(", "))
EXTENSIONS: Final = frozenset({SUPPORTED})
CAPABILITIES: Final = (
    ("Allow", ALLOW),
    ("Accept", SDP),
    ("Accept-Encoding", "identity"),
    ("Supported", SUPPORTED),
)

Objection = tuple[int, tuple[tuple[str, str], ...]]


class Reception:
    """Hands each new request to its call, or answers it."""

    def __init__(self, wire: Wire, calls: Calls) -> None:
        self._wire = wire
        self._calls = calls

    def take(self, up: NewRequest, now: Seconds) -> None:
        """A request that is no copy."""
        objection = _objection(up.request)
        if objection is not None:
            self._refuse(up, *objection, now)
        elif up.request.to.tag is None:
            self._outside(up, now)
        else:
            self._inside(up, now)

    def acknowledged(self, request: Request, source: Endpoint, now: Seconds) -> None:
        """An ACK to a 2xx of ours."""
        call = self._calls.of_request(request)
        if call is None or call.resend is None or request.cseq.number != call.awaiting:
            return
        call.peer = source
        if call.state is State.ANSWERED and call.invite is not None:
            owes = not call.invite.body and not request.body
            what = Input.NO_ACK if owes else Input.ACK
            call.feed(call, what, Event(body=request.body, status=488 if owes else 0), now)
        elif call.state is State.LEAVING:
            call.feed(call, Input.ACK, Event(), now)
        else:
            call.resend = None
            call.modify.step(ModifyInput.ACK, Event(body=request.body), now)

    def cancelled(self, key: TransactionKey, request: Request, now: Seconds) -> None:
        """The CANCEL is answered already; its INVITE is one of ours to answer."""
        call = self._calls.of_invite(key)
        if call is None:  # pragma: no cover -- an INVITE that is not answered has its call
            return
        if key == call.key:
            call.feed(call, Input.CANCEL, Event(request=request), now)
        else:
            call.modify.step(ModifyInput.CANCEL, Event(request=request), now)

    # Outside dialogs

    def _outside(self, up: NewRequest, now: Seconds) -> None:
        match up.request.method:
            case "INVITE":
                self._invite(up, now)
            case "OPTIONS":
                self._refuse(up, 200, CAPABILITIES, now)
            case _:  # BYE and UPDATE need a dialog
                self._refuse(up, 481, (), now)

    def _invite(self, up: NewRequest, now: Seconds) -> None:
        brief = self._too_brief(up.request)
        if self._calls.merged(up.request):
            self._refuse(up, 482, (), now)
        elif brief is not None:
            self._refuse(up, *brief, now)
        elif self._calls.busy:
            self._refuse(up, 486, (), now)
        else:
            try:
                self._calls.invited(up.key, up.request, up.source, now)
            except SipError:
                self._refuse(up, 400, (), now)

    def _too_brief(self, request: Request) -> Objection | None:
        least = max(self._wire.account.min_se, LEAST)
        asked = SessionExpires.parse(request.headers.first("Session-Expires"))
        supports = "timer" in request.tokens("Supported") | request.tokens("Require")
        if supports and too_brief(asked, least):
            return 422, (("Min-SE", str(least)),)
        return None

    # Inside dialogs

    def _inside(self, up: NewRequest, now: Seconds) -> None:
        call = self._calls.of_request(up.request)
        if call is None or call.dialog is None:
            self._refuse(up, 481, (), now)
        elif not call.dialog.in_order(up.request):
            self._refuse(up, 500, (), now)
        else:
            call.peer = up.source
            self._within(call, up, now)

    def _within(self, call: Call, up: NewRequest, now: Seconds) -> None:
        brief = self._too_brief(up.request)
        match up.request.method:
            case "BYE":
                call.feed(call, Input.BYE, Event(request=up.request, key=up.key), now)
            case "OPTIONS":
                self._refuse(up, 200, CAPABILITIES, now)
            case _ if brief is not None:
                self._refuse(up, *brief, now)
            case "UPDATE" if not up.request.body:
                update(call, up.key, up.request, b"", now)
            case _:
                self._offer(call, up, now)

    def _offer(self, call: Call, up: NewRequest, now: Seconds) -> None:
        """Re-INVITE, or UPDATE with an offer (RFC 3261 §14.2, RFC 3311 §5.2)."""
        if call.state is State.TALKING:
            if up.request.method == "INVITE":
                call.allowed = up.request.tokens("Allow") or call.allowed
            event = Event(request=up.request, key=up.key)
            call.modify.step(ModifyInput.ASK, event, now)
        elif call.state is State.ANSWERED and not call.theirs:  # the open offer is ours
            self._refuse(up, 491, (), now)
        else:
            self._refuse(up, 500, (later(self._wire.entropy),), now)

    def _refuse(
        self, up: NewRequest, status: int, extra: tuple[tuple[str, str], ...], now: Seconds
    ) -> None:
        tag = self._wire.entropy.token(64)
        response = Response.answering(up.request, status, to_tag=tag, extra=extra)
        self._wire.respond(up.key, response, now)


def _objection(request: Request) -> Objection | None:
    """What forbids to look any further (RFC 3261 §8.2.1 to §8.2.3)."""
    if request.method not in METHODS:
        return 405, (("Allow", ALLOW),)
    if request.target.scheme != "sip":
        return 416, ()
    unknown = [one for one in request.headers.all("Require") if one.lower() not in EXTENSIONS]
    if unknown:
        return 420, (("Unsupported", ", ".join(unknown)),)
    return _body_objection(request)


def _body_objection(request: Request) -> Objection | None:
    if not request.body or request.method not in {"INVITE", "UPDATE"}:
        return None
    disposition = (request.headers.first("Content-Disposition") or "").lower()
    if "handling=optional" in disposition.replace(" ", ""):
        return None
    coded = request.tokens("Content-Encoding") - {"identity"}
    if coded or request.content_type != SDP:
        return 415, (("Accept", SDP), ("Accept-Encoding", "identity"))
    return None
