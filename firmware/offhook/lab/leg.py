"""One dialog of the lab exchange with one telephone: the least of RFC 3261 §12-15, told strictly.

    telephone calls              exchange calls
    INVITED ── 200 ─→ ANSWERED   CALLING ── 2xx ─→ UP
       │                 │ ACK      │ hang up
       │ 4xx-6xx         ↓          ↓
       └──→ OVER ←─ BYE ─ UP     CANCELLING ── final ─→ OVER (a late 2xx: ACK, then BYE)

The leg returns what to send, what to write into the log, and news for whoever connects the legs.
It does not share code with the telephone's own user agent, so that the two can check each other.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from offhook.entropy import Entropy
from offhook.lab.letters import Frame, reply
from offhook.lab.registrar import Binding
from offhook.lab.repetition import Repetition
from offhook.lab.signals import LegOut, Line, News, What
from offhook.sip.actions import Send
from offhook.sip.headers import NameAddr
from offhook.sip.message import Request, Response
from offhook.sip.transactions import TransactionKey, Transactions
from offhook.units import Endpoint, Seconds


class State(Enum):
    """How far the dialog is."""

    INVITED = auto()  # the telephone calls us
    ANSWERED = auto()  # our 200 waits for its ACK
    LEAVING = auto()  # as ANSWERED, but we hang up as soon as it is acknowledged
    CALLING = auto()  # we call the telephone
    CANCELLING = auto()
    UP = auto()
    ENDING = auto()  # our BYE waits for its answer
    OVER = auto()


class Input(Enum):
    """What may happen to it."""

    PROGRESS = auto()  # we send, or get, a provisional
    ANSWER = auto()  # we send, or get, a 2xx
    REFUSE = auto()  # we send, or get, a failure
    CANCEL = auto()  # the telephone gives up
    ACK = auto()
    NO_ACK = auto()
    BYE = auto()
    HANG_UP = auto()  # we want the end
    DONE = auto()  # our BYE was answered, or never will be


Effect = Callable[["Leg", "_Given", Seconds], Iterator[LegOut]]


@dataclass(frozen=True, slots=True)
class _Given:
    """What came with an input."""

    status: int = 0
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    key: TransactionKey | None = None
    request: Request | None = None
    response: Response | None = None


@dataclass(frozen=True, slots=True)
class Trunk:
    """What all legs share."""

    transactions: Transactions
    entropy: Entropy
    address: Endpoint
    """Of the exchange's SIP socket."""


@dataclass(slots=True)
class Leg:
    """See the file's head.  Made by `incoming` and `outgoing`."""

    trunk: Trunk
    state: State
    peer: Endpoint
    """Where packets go: where the telephone's came from."""
    call_id: str
    local: NameAddr
    remote: NameAddr
    target: str
    """The telephone's Contact."""
    contact: str
    """Ours."""
    invite: Request
    key: TransactionKey
    """Of the INVITE that began it."""
    sequence: int
    """Our last CSeq."""
    remote_sequence: int = 0
    _waiting: Repetition | None = None
    _ack: bytes = b""
    _asked: dict[TransactionKey, Request] = field(default_factory=dict)
    """Our requests inside the dialog that have no final answer."""

    @classmethod
    def incoming(
        cls, trunk: Trunk, key: TransactionKey, invite: Request, source: Endpoint
    ) -> "Leg":
        """The telephone's INVITE, already authorised."""
        user = invite.target.user or "exchange"
        return cls(
            trunk=trunk,
            state=State.INVITED,
            peer=source,
            call_id=invite.call_id,
            local=invite.to.with_param("tag", trunk.entropy.token(64)),
            remote=invite.from_,
            target=str(invite.contacts[0].uri),
            contact=f"sip:{user}@{trunk.address}",
            invite=invite,
            key=key,
            sequence=trunk.entropy.below(2**30),
            remote_sequence=invite.cseq.number,
        )

    @classmethod
    def outgoing(
        cls,
        trunk: Trunk,
        caller: NameAddr,
        callee: Binding,
        body: bytes,
        now: Seconds,
    ) -> tuple["Leg", list[LegOut]]:
        """Call a telephone that is registered."""
        local = caller.with_param("tag", trunk.entropy.token(64))
        contact = f"sip:{caller.uri.user or 'exchange'}@{trunk.address}"
        call_id, sequence = trunk.entropy.token(128), trunk.entropy.below(2**30)
        remote = NameAddr.parse(f"<sip:{callee.user}@{trunk.address}>")
        branch = trunk.entropy.token(64)
        frame = Frame(trunk.address, local, remote, contact, call_id)
        invite = frame.request("INVITE", callee.contact, sequence, branch, body)
        key, sends = trunk.transactions.request(invite, callee.source, now)
        leg = cls(
            trunk=trunk,
            state=State.CALLING,
            peer=callee.source,
            call_id=call_id,
            local=local,
            remote=remote,
            target=callee.contact,
            contact=contact,
            invite=invite,
            key=key,
            sequence=sequence,
        )
        return leg, [*sends, Line(f"calls {callee.user} at {callee.source}")]

    @property
    def over(self) -> bool:
        """Nothing will come of it any more."""
        return self.state is State.OVER and not self._asked

    @property
    def tag(self) -> str:
        """Ours."""
        return self.local.tag or ""

    def progress(self, status: int, body: bytes, now: Seconds) -> list[LegOut]:
        """Send 180 or 183."""
        return self._step(Input.PROGRESS, _Given(status, body), now)

    def answer(self, body: bytes, now: Seconds) -> list[LegOut]:
        """Send 200."""
        return self._step(Input.ANSWER, _Given(200, body), now)

    def refuse(self, status: int, now: Seconds, *headers: tuple[str, str]) -> list[LegOut]:
        """Send a failure."""
        return self._step(Input.REFUSE, _Given(status, headers=headers), now)

    def hang_up(self, now: Seconds) -> list[LegOut]:
        """CANCEL, BYE or 480: what the state demands."""
        return self._step(Input.HANG_UP, _Given(480), now)

    def acknowledge(self, body: bytes = b"") -> list[LegOut]:
        """ACK the 2xx that the telephone sent; with the answer when its 2xx held the offer."""
        ack = self._make("ACK", self.invite.cseq.number, body)
        self._ack = bytes(ack)
        return [Send(self._ack, self.peer)]

    def ask(self, method: str, body: bytes, now: Seconds) -> tuple[TransactionKey, list[LegOut]]:
        """A request inside the dialog; its final answer comes as `What.REPLIED`."""
        self.sequence += 1
        request = self._make(method, self.sequence, body)
        key, sends = self.trunk.transactions.request(request, self.peer, now)
        self._asked[key] = request
        if method == "INVITE":
            self.invite = request  # whose number the ACK carries
        return key, list(sends)

    def reply(
        self, key: TransactionKey, request: Request, status: int, body: bytes, now: Seconds
    ) -> list[LegOut]:
        """Answer a request inside the dialog."""
        response = self._response(request, _Given(status, body))
        if request.method == "INVITE" and status < 300:
            self._await_ack(response, request, now)
        return list(self.trunk.transactions.respond(key, response, now))

    def receive(self, key: TransactionKey, request: Request, now: Seconds) -> list[LegOut]:
        """A request of this dialog."""
        if request.cseq.number <= self.remote_sequence:
            line = Line(f"{request.method} with old CSeq {request.cseq.number}", complaint=True)
            return [line, *self.reply(key, request, 500, b"", now)]
        self.remote_sequence = request.cseq.number
        match request.method:
            case "BYE":
                return [
                    *self.reply(key, request, 200, b"", now),
                    *self._step(Input.BYE, _Given(request=request), now),
                ]
            case "INVITE" | "UPDATE":
                return [News(What.OFFERED, body=request.body, key=key, request=request)]
            case "OPTIONS" | "INFO":
                return self.reply(key, request, 200, b"", now)
            case _:
                return self.reply(key, request, 501, b"", now)

    def cancelled(self, now: Seconds) -> list[LegOut]:
        """The telephone sent CANCEL for its INVITE."""
        return self._step(Input.CANCEL, _Given(487), now)

    def acknowledged(self, ack: Request, now: Seconds) -> list[LegOut]:
        """An ACK for a 2xx of ours."""
        waiting = self._waiting
        if waiting is None:
            return []  # a copy
        if ack.cseq.number != waiting.number:
            return [Line(f"ACK numbered {ack.cseq.number}, not {waiting.number}", complaint=True)]
        self._waiting = None
        wrong = [] if ack.uri == self.contact else [Line(f"ACK to {ack.uri}", complaint=True)]
        news = News(What.CONFIRMED, body=ack.body)
        return [*wrong, news, *self._step(Input.ACK, _Given(request=ack), now)]

    def answered(self, key: TransactionKey, response: Response, now: Seconds) -> list[LegOut]:
        """A response to a request of ours."""
        if key != self.key:
            return self._replied(key, response, now)
        given = _Given(response.status, response.body, response=response)
        if response.status < 200:
            return self._step(Input.PROGRESS, given, now)
        if response.status < 300:
            return self._step(Input.ANSWER, given, now)
        return self._step(Input.REFUSE, given, now)

    def unanswered(self, key: TransactionKey, now: Seconds) -> list[LegOut]:
        """Nobody answered a request of ours."""
        line = Line(f"nobody answers {key.method}", complaint=True)
        if key == self.key:
            return [line, *self._step(Input.REFUSE, _Given(408), now)]
        request = self._asked.pop(key, None)
        if request is not None and request.method == "BYE":
            return [line, *self._step(Input.DONE, _Given(), now)]
        return [line, News(What.REPLIED, 408, key=key)]

    def again(self, response: Response) -> list[Send]:
        """A copy of a 2xx after its transaction ended: its ACK was lost."""
        return [Send(self._ack, self.peer)] if _repeated(response) and self._ack else []

    def owns(self, key: TransactionKey) -> bool:
        """Whether this transaction is ours."""
        return key == self.key or key in self._asked

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        return None if self._waiting is None else self._waiting.deadline()

    def tick(self, now: Seconds) -> list[LegOut]:
        """Repeat the 2xx, or give up waiting for its ACK."""
        waiting = self._waiting
        if waiting is None:
            return []
        if now >= waiting.given_up:
            self._waiting = None
            line = Line("nobody acknowledges our 200", complaint=True)
            return [line, *self._step(Input.NO_ACK, _Given(), now)]
        return [Send(waiting.data, self.peer)] if waiting.again(now) else []

    def _replied(self, key: TransactionKey, response: Response, now: Seconds) -> list[LegOut]:
        if response.status < 200 or key not in self._asked:
            return [*self.again(response)]
        request = self._asked.pop(key)
        if request.method == "BYE":
            return self._step(Input.DONE, _Given(response.status), now)
        return [News(What.REPLIED, response.status, response.body, key, request)]

    def _step(self, what: Input, given: _Given, now: Seconds) -> list[LegOut]:
        match TRANSITIONS.get((self.state, what)):
            case None:
                return []  # not in the table: nothing happens
            case (state, effect):
                self.state = state
                return list(effect(self, given, now))

    # -- effects: what happens on the way ---------------------------------------------------

    def _nothing(self, given: _Given, now: Seconds) -> Iterator[LegOut]:
        yield from ()

    def _send_reply(self, given: _Given, now: Seconds) -> Iterator[LegOut]:
        response = self._response(self.invite, given)
        if 200 <= given.status < 300:
            self._await_ack(response, self.invite, now)
        yield from self.trunk.transactions.respond(self.key, response, now)

    def _send_failure(self, given: _Given, now: Seconds) -> Iterator[LegOut]:
        yield from self._send_reply(given, now)
        yield News(What.ENDED, given.status)

    def _tell_progress(self, given: _Given, now: Seconds) -> Iterator[LegOut]:
        if given.status > 100:
            yield News(What.PROGRESS, given.status, given.body)

    def _tell_answer(self, given: _Given, now: Seconds) -> Iterator[LegOut]:
        self._enter(given.response)
        yield News(What.ANSWERED, given.status, given.body)

    def _tell_failure(self, given: _Given, now: Seconds) -> Iterator[LegOut]:
        yield News(What.REFUSED, given.status)

    def _tell_end(self, given: _Given, now: Seconds) -> Iterator[LegOut]:
        self._waiting = None
        yield News(What.ENDED)

    def _again(self, given: _Given, now: Seconds) -> Iterator[LegOut]:
        """A copy of the 2xx: its ACK was lost."""
        if self._ack:
            yield Send(self._ack, self.peer)

    def _give_up(self, given: _Given, now: Seconds) -> Iterator[LegOut]:
        yield from self.trunk.transactions.cancel(self.key, now)

    def _too_late(self, given: _Given, now: Seconds) -> Iterator[LegOut]:
        """The telephone answered what we were cancelling (RFC 3261 §15)."""
        self._enter(given.response)
        yield from self.acknowledge()
        yield from self._send_bye(given, now)

    def _send_bye(self, given: _Given, now: Seconds) -> Iterator[LegOut]:
        yield from self.ask("BYE", b"", now)[1]

    # -- making messages ----------------------------------------------------------------------

    def _enter(self, response: Response | None) -> None:
        """The 2xx makes the dialog: its tag and its Contact (RFC 3261 §12.1.2)."""
        if response is None:
            return
        self.remote = response.to
        if response.contacts:
            self.target = str(response.contacts[0].uri)

    def _await_ack(self, response: Response, request: Request, now: Seconds) -> None:
        self._waiting = Repetition(bytes(response), request.cseq.number, now)

    def _response(self, request: Request, given: _Given) -> Response:
        headers = [("Contact", f"<{self.contact}>"), *given.headers]
        return reply(request, given.status, self.tag, headers, given.body)

    def _make(self, method: str, sequence: int, body: bytes) -> Request:
        address, branch = self.trunk.address, self.trunk.entropy.token(64)
        frame = Frame(address, self.local, self.remote, self.contact, self.call_id)
        return frame.request(method, self.target, sequence, branch, body)


def _repeated(response: Response) -> bool:
    return response.cseq.method == "INVITE" and 200 <= response.status < 300


_S, _I = State, Input
TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, Effect]]] = {
    (_S.INVITED, _I.PROGRESS): (_S.INVITED, Leg._send_reply),
    (_S.INVITED, _I.ANSWER): (_S.ANSWERED, Leg._send_reply),
    (_S.INVITED, _I.REFUSE): (_S.OVER, Leg._send_failure),
    (_S.INVITED, _I.CANCEL): (_S.OVER, Leg._send_failure),
    (_S.INVITED, _I.HANG_UP): (_S.OVER, Leg._send_failure),
    (_S.INVITED, _I.BYE): (_S.OVER, Leg._tell_end),
    (_S.ANSWERED, _I.ACK): (_S.UP, Leg._nothing),
    (_S.ANSWERED, _I.NO_ACK): (_S.ENDING, Leg._send_bye),
    (_S.ANSWERED, _I.BYE): (_S.OVER, Leg._tell_end),
    (_S.ANSWERED, _I.HANG_UP): (_S.LEAVING, Leg._nothing),
    (_S.LEAVING, _I.ACK): (_S.ENDING, Leg._send_bye),
    (_S.LEAVING, _I.NO_ACK): (_S.ENDING, Leg._send_bye),
    (_S.LEAVING, _I.BYE): (_S.OVER, Leg._tell_end),
    (_S.CALLING, _I.PROGRESS): (_S.CALLING, Leg._tell_progress),
    (_S.CALLING, _I.ANSWER): (_S.UP, Leg._tell_answer),
    (_S.CALLING, _I.REFUSE): (_S.OVER, Leg._tell_failure),
    (_S.CALLING, _I.HANG_UP): (_S.CANCELLING, Leg._give_up),
    (_S.CANCELLING, _I.ANSWER): (_S.ENDING, Leg._too_late),
    (_S.CANCELLING, _I.REFUSE): (_S.OVER, Leg._tell_end),
    (_S.UP, _I.ANSWER): (_S.UP, Leg._again),
    (_S.UP, _I.BYE): (_S.OVER, Leg._tell_end),
    (_S.UP, _I.HANG_UP): (_S.ENDING, Leg._send_bye),
    (_S.UP, _I.NO_ACK): (_S.ENDING, Leg._send_bye),  # of a re-INVITE
    (_S.ENDING, _I.ANSWER): (_S.ENDING, Leg._again),
    (_S.ENDING, _I.BYE): (_S.ENDING, Leg._nothing),  # both hang up at once
    (_S.ENDING, _I.DONE): (_S.OVER, Leg._tell_end),
}
