"""One call from our INVITE or theirs to its end: what it knows, and what its dialog sends.

Which state follows which stands in `call_table`; how a call begins in `call_out` and `call_in`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Protocol

from offhook.notes import Severity
from offhook.sip import change
from offhook.sip.acks import Acks
from offhook.sip.actions import CallRef, Cause, Ended
from offhook.sip.authorization import Trust
from offhook.sip.dialog import Dialog
from offhook.sip.errand import Errand, Errands
from offhook.sip.message import Headers, Request, Response
from offhook.sip.resend import Resend
from offhook.sip.session_timer import MAX_INTERVAL, Refresher, SessionExpires, SessionTimer
from offhook.sip.transactions import TransactionKey
from offhook.sip.wire import ALLOW, SDP, SUPPORTED, Wire
from offhook.units import Endpoint, Seconds

MAX_RINGING: Final = Seconds(300.0)
"""An unanswered call ends by then, whoever made it."""
MAX_BRIEFED: Final = 3
"""422s obeyed in one call."""
RING_AGAIN: Final = Seconds(60.0)
"""Provisional answers are repeated, or a proxy would give up (RFC 3261 §13.3.1.1)."""


class State(Enum):
    """States of a call; OUT and IN meet in TALKING."""

    FINDING = auto()  # out: the server's address is looked up
    CALLING = auto()  # out: INVITE sent, no final answer
    OWING = auto()  # out: the 200 brought an offer, our answer goes with the ACK
    CANCELLING = auto()  # out: given up, the final answer is awaited in silence
    RINGING = auto()  # in: INVITE not answered
    ANSWERED = auto()  # in: 200 sent, no ACK
    LEAVING = auto()  # in: hung up, but a BYE must wait for the ACK
    TALKING = auto()
    OVER = auto()


class Input(Enum):
    """What may happen to a call."""

    FOUND = auto()  # the server has an address
    LOST = auto()  # it has none
    PROGRESS = auto()  # 101-199
    SUCCESS = auto()  # a first 2xx of a dialog
    OWED = auto()  # the same with the peer's offer
    FAILURE = auto()  # 300-699, or silence
    CANCEL = auto()
    ACK = auto()
    NO_ACK = auto()  # in 64·T1, or without the answer it should carry
    BYE = auto()
    LIMIT = auto()  # the state lasted too long
    GONE = auto()  # the peer does not know the dialog any more, or its session expired
    RING = auto()
    ANSWER = auto()
    REJECT = auto()
    ACCEPT = auto()
    HANG_UP = auto()


@dataclass(frozen=True, slots=True)
class Event:
    """What comes with an input, as far as it has any."""

    request: Request | None = None
    response: Response | None = None
    key: TransactionKey | None = None
    hop: Endpoint | None = None
    body: bytes | None = None
    status: int = 0
    reason: str = ""

    @property
    def asked(self) -> tuple[TransactionKey, Request]:
        """The request to answer, of an event that is one."""
        assert self.key is not None  # noqa: S101 -- the reception gives both
        assert self.request is not None  # noqa: S101
        return self.key, self.request


NOTHING: Final = Event()


class Changes(Protocol):
    """The machine of `modify`, seen from its call."""

    key: TransactionKey | None
    request: Request | None
    """Theirs, while it waits for the phone or for its ACK."""

    def step(self, what: change.Input, event: Event, now: Seconds) -> None:
        """Something happened."""

    def stop(self, now: Seconds) -> None:
        """The call is over."""

    def deadline(self) -> Seconds | None:
        """When `tick` must be called next."""

    def tick(self, now: Seconds) -> None:
        """Do what is due."""


@dataclass(slots=True, eq=False)
class Call:
    """Everything known of one call."""

    ref: CallRef
    wire: Wire
    errands: Errands
    acks: Acks
    feed: Callable[["Call", Input, Event, Seconds], None]
    unknown: Callable[[Seconds], None]
    """The server does not know us."""
    state: State
    call_id: str
    local_tag: str
    cseq: int
    """Of our INVITE."""
    dialog: Dialog | None = None
    modify: Changes = field(init=False)
    timer: SessionTimer | None = None
    session_expires: int = 0
    min_se: int = 0
    limit: Seconds | None = None
    resend: Resend | None = None
    awaiting: int | None = None
    """CSeq number of the INVITE whose 2xx waits for its ACK."""
    briefed: int = 0
    """How often a 422 made us lengthen the session interval."""
    peer: Endpoint | None = None
    """Where its last message came from."""
    hop: Endpoint | None = None
    """Where our INVITE goes."""
    others: tuple[Endpoint, ...] = ()
    """Where else it may go."""
    allowed: frozenset[str] = frozenset()
    """Methods the peer takes, in lower case."""
    ours: bytes = b""
    """The SDP we sent last."""
    theirs: bytes = b""

    # Outgoing
    target: str = ""
    offer: bytes | None = None
    errand: Errand | None = None
    forks: int = 0
    reason: str = ""
    """Of our CANCEL; a BYE to who answers all the same has it too (RFC 3326)."""
    # Incoming
    invite: Request | None = None
    key: TransactionKey | None = None
    provisional: tuple[int, bytes | None] | None = None
    ring_again: Seconds | None = None

    @property
    def under_way(self) -> bool:
        """Somebody may still talk: it counts as a call."""
        return self.state not in {State.OVER, State.CANCELLING, State.LEAVING}

    @property
    def inside(self) -> Dialog:
        """The dialog of a call that has one, as all have that are answered."""
        assert self.dialog is not None  # noqa: S101 -- the table sees to it
        return self.dialog

    def moved(self, before: State | None, what: Input | str) -> None:
        """Write the transition down (row 80)."""
        diary = self.wire.diary
        diary.moved("dialog", before, what, self.state, call=self.call_id, severity=Severity.DEBUG)

    def end(self, cause: Cause, now: Seconds) -> None:
        """Tell the phone; the table sees to it that this happens once."""
        self.timer = self.ring_again = self.resend = None
        self.modify.stop(now)
        self.wire.do(Ended(self.ref, cause))

    def ended_here(self, status: int, now: Seconds, text: str = "") -> None:
        """We ended it."""
        self.end(Cause(status, text, local=True), now)

    def lengthen(self, least: int) -> bool:
        """A 422 wants a longer session interval: whether to ask again with it (C-35)."""
        self.briefed += 1
        if self.briefed > MAX_BRIEFED or not self.min_se < least <= MAX_INTERVAL:
            return False
        self.min_se = least
        return True

    # Messages inside the dialog

    def send(
        self,
        method: str,
        listener: Callable[[Errand, Response | None, Seconds], None],
        now: Seconds,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        dialog: Dialog | None = None,
    ) -> None:
        """A request inside the dialog (RFC 3261 §12.2.1.1), when its next hop has an address."""
        inside = dialog or self.inside
        uri, routes = inside.start_line()
        base = Headers([
            *(("Route", route) for route in routes),
            ("From", str(inside.local)),
            ("To", str(inside.remote)),
            ("Call-ID", inside.call_id),
            *headers,
        ])  # fmt: skip

        def then(hop: Endpoint | None, now: Seconds) -> None:
            assert hop is not None  # noqa: S101 -- the fallback: who has a dialog was heard
            trust = Trust.KNOWN if self.wire.peers.trusts(hop) else Trust.NONE
            errand = Errand(method, uri, base, hop, inside.next_cseq, listener, trust, body)
            self.errands.send(errand, now)

        self.wire.reach(inside.next_hop(), then, now, self.peer)

    def bye(self, now: Seconds, reason: str = "", dialog: Dialog | None = None) -> None:
        """End the dialog; whatever the answer, it is over."""
        headers = [("Reason", reason)] if reason else []
        self.send("BYE", _ignore, now, headers=headers, dialog=dialog)

    def reply(
        self,
        key: TransactionKey,
        request: Request,
        status: int,
        now: Seconds,
        *,
        extra: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> None:
        """Answer a request of this call."""
        headers = [*extra, *([("Content-Type", SDP)] if body else [])]
        response = Response.answering(
            request, status, to_tag=self.local_tag, extra=headers, body=body
        )
        self.wire.respond(key, response, now)

    def identity(self) -> list[tuple[str, str]]:
        """What messages that make or move a dialog tell of us."""
        return [
            ("Contact", f"<{self.wire.contact.uri}>"),
            ("Allow", ALLOW),
            ("Supported", SUPPORTED),
        ]

    def timer_question(self) -> list[tuple[str, str]]:
        """Session-Expires and Min-SE of a request of ours (RFC 4028 §7.1, §7.4)."""
        if not self.session_expires:
            return []
        role = None
        if self.timer is not None:
            role = Refresher.UAC if self.timer.ours else Refresher.UAS
        interval = max(self.session_expires, self.min_se)
        asked = SessionExpires(interval, role)
        return [("Session-Expires", str(asked)), ("Min-SE", str(self.min_se))]

    def trusts(self, source: Endpoint) -> bool:
        """Messages of this call may come from our servers, or from where its next hop is.

        A proxy that does not stay in the path (no Record-Route) leaves the two ends alone.
        """
        return self.wire.peers.trusts(source) or (
            self.dialog is not None
            and self.wire.peers.is_at(self.dialog.next_hop(), source, self.wire.local)
        )

    # Time

    def deadline(self) -> Seconds | None:
        """When `tick` must be called next."""
        times = [self.limit, self.ring_again, self.modify.deadline()]
        if self.resend is not None:
            times.append(self.resend.due)
        if self.timer is not None:
            times.append(self.timer.expires_at)
        return min((at for at in times if at is not None), default=None)

    def tick(self, now: Seconds) -> None:
        """Do what is due."""
        if self.limit is not None and self.limit <= now:
            self.limit = None
            self.feed(self, Input.LIMIT, NOTHING, now)
        if self.ring_again is not None and self.ring_again <= now:
            self.ring_again = None
            status, body = self.provisional or (180, None)
            self.feed(self, Input.RING, Event(status=status, body=body), now)
        self._tick_resend(now)
        if self.timer is not None and self.timer.expires_at <= now:
            self.timer = None
            self.feed(self, Input.GONE, Event(status=408, reason="session expired"), now)
        self.modify.tick(now)

    def _tick_resend(self, now: Seconds) -> None:
        if self.resend is None:
            return
        again = self.resend.tick(now)
        if again is None:
            self.resend = None
            self.feed(self, Input.NO_ACK, NOTHING, now)
        else:
            self.wire.do(*again)


def _ignore(errand: Errand, response: Response | None, now: Seconds) -> None:
    """A BYE needs no answer to be final (RFC 3261 §15.1.1)."""
    del errand, response, now
