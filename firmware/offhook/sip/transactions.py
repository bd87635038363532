"""All transactions of one user agent (RFC 3261 §17): whose message it is, when to wake up.

    message ─ matched by branch, sent-by and method ─ one machine ─ datagrams out, events up
    tick    ─ heap of deadlines                     ─┘

CANCEL is done here from end to end: ours goes out when the INVITE allows it, theirs is answered.
ACK to a failure too; ACK to a 2xx is the dialog's.
"""

import hashlib
import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, assert_never

from offhook.sip import server_invite
from offhook.sip.actions import Send
from offhook.sip.client import Client
from offhook.sip.client_invite import InviteClient, cancellation
from offhook.sip.errors import SipError
from offhook.sip.headers import BRANCH_COOKIE, DEFAULT_PORT
from offhook.sip.message import Message, Request, Response
from offhook.sip.server import Server
from offhook.sip.server_invite import InviteServer
from offhook.sip.timers import Timers
from offhook.sip.transaction import CancelNow, Output, Passed, Unacknowledged, Unanswered
from offhook.units import Endpoint, Seconds

MAX_SERVER: Final = 2048
"""Transactions of others; further requests are dropped; CANCEL has as much again.

A source that uses up its `allowance`, each INVITE with its CANCEL, has 2·(20·32 + 40) = 1360.
"""
MAX_CLIENT: Final = 128  # of ours, counted apart: a flood cannot keep us from saying BYE


class TransactionKey(NamedTuple):
    """Names a transaction (RFC 3261 §17.1.3, §17.2.3)."""

    client: bool
    """Whether the request is ours."""
    branch: str
    """Branch, or what stands for it when the peer is older than RFC 3261."""
    sent_by: str
    method: str


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request that is no copy; its top Via is stamped.  Answer it with `respond`."""

    key: TransactionKey
    request: Request
    source: Endpoint


@dataclass(frozen=True, slots=True)
class GotResponse:
    """A response to our request; of copies only those of 2xx to INVITE are told (one ACK each)."""

    key: TransactionKey
    response: Response
    source: Endpoint


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Nobody answered our request (timer B or F), or it could not be delivered."""

    key: TransactionKey


@dataclass(frozen=True, slots=True)
class StrayResponse:
    """A response to no transaction: a late copy of a 2xx, or noise."""

    response: Response
    source: Endpoint


@dataclass(frozen=True, slots=True)
class GotAck:
    """An ACK for a 2xx: no transaction's, a dialog's."""

    request: Request
    source: Endpoint


@dataclass(frozen=True, slots=True)
class AckTimedOut:
    """Nobody acknowledged our failure (timer H)."""

    key: TransactionKey


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The peer gives up the INVITE `key`; the CANCEL is answered; answer the INVITE with 487."""

    key: TransactionKey
    request: Request


Up = NewRequest | GotResponse | TimedOut | StrayResponse | GotAck | AckTimedOut | Cancelled


_Machine = InviteClient | Client | InviteServer | Server


@dataclass(slots=True)
class _Entry:
    machine: _Machine
    at: Seconds | None = None
    """The deadline that stands in the heap for it."""
    tag: str | None = None
    """To tag of our answers."""
    reason: str = ""
    """Of our CANCEL, when it may go out."""


@dataclass(slots=True)
class Transactions:
    """Every transaction, bounded, with one deadline."""

    timers: Timers = field(default_factory=Timers)
    _entries: dict[TransactionKey, _Entry] = field(default_factory=dict, init=False)
    _heap: list[tuple[Seconds, TransactionKey]] = field(default_factory=list, init=False)
    _refused: list[tuple[Seconds, TransactionKey]] = field(default_factory=list, init=False)
    _clients: int = field(default=0, init=False)

    def request(
        self, request: Request, to: Endpoint, now: Seconds
    ) -> tuple[TransactionKey, list[Send]]:
        """Start a client transaction; any method but ACK; top Via with our fresh branch.

        Beyond MAX_CLIENT nothing is sent and the next `tick` tells `TimedOut`.
        """
        key = TransactionKey(True, request.top_via.branch, "", request.method)
        if self._clients >= MAX_CLIENT:
            self._refused.append((now, key))
            return key, []
        if key in self._entries:
            raise SipError("a branch must not be used twice")
        kind = InviteClient if request.method == "INVITE" else Client
        machine = kind(self.timers, request, to)
        entry = self._entries[key] = _Entry(machine)
        self._clients += 1
        sends, _ = self._after(key, entry, machine.start(now), now)
        return key, sends

    def respond(self, key: TransactionKey, response: Response, now: Seconds) -> list[Send]:
        """Answer a request; what comes too late or twice is dropped."""
        entry = self._entries.get(key)
        if entry is None or not isinstance(entry.machine, InviteServer | Server):
            return []
        entry.tag = response.to.tag or entry.tag
        return self._after(key, entry, entry.machine.reply(response, now), now)[0]

    def receive(
        self, message: Message, source: Endpoint, now: Seconds
    ) -> tuple[list[Send], list[Up]]:
        """A message arrived.

        A response is known by its branch alone (RFC 3261 §17.1.3), wherever it comes from: the
        random branch is known only on the path, where a source is forged as easily.  RFC 3581 §4
        has answers come from where we sent to, but servers with two addresses are not so exact,
        and gateways rewrite the sent-by that §18.1.2 would compare (C-1).
        """
        if isinstance(message, Response):
            return self._response(message, source, now)
        key = _server_key(message)
        if message.method == "ACK":
            return self._ack(key, message, source, now)
        entry = self._entries.get(key)
        if entry is not None:
            machine = entry.machine
            again = machine.receive(now) if isinstance(machine, InviteServer | Server) else []
            return self._after(key, entry, again, now)
        return self._new(key, message, source, now)

    @property
    def asking(self) -> bool:
        """A request of ours may still be answered."""
        return self._clients > 0

    def knows(self, request: Request) -> bool:
        """It is a copy of a request that is here, or the CANCEL of an INVITE that is."""
        key = _server_key(request)
        invite = key._replace(method="INVITE")
        return key in self._entries or (request.method == "CANCEL" and invite in self._entries)

    def cancel(self, key: TransactionKey, now: Seconds, reason: str = "") -> list[Send]:
        """Cancel our INVITE: at once when a provisional came, else as soon as one comes.

        `reason` is the value of a Reason header of the CANCEL (RFC 3326).  After 64·T1 without a
        final response the INVITE counts as timed out (RFC 3261 §9.1).
        """
        entry = self._entries.get(key)
        if entry is None or not isinstance(entry.machine, InviteClient):
            return []
        entry.reason = reason
        return self._after(key, entry, entry.machine.cancel(now), now)[0]

    def unreachable(self, peer: Endpoint, now: Seconds) -> tuple[list[Send], list[Up]]:
        """The network says that `peer` cannot be reached: what waits for it times out now."""
        sends: list[Send] = []
        ups: list[Up] = []
        for key, entry in list(self._entries.items()):
            machine = entry.machine
            if isinstance(machine, InviteClient | Client) and machine.to == peer:
                more = self._after(key, entry, machine.unreachable(now), now)
                sends += more[0]
                ups += more[1]
        return sends, ups

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        while self._heap and self._stale(*self._heap[0]):
            heapq.heappop(self._heap)
        due = [queue[0][0] for queue in (self._refused, self._heap) if queue]
        return min(due, default=None)

    def tick(self, now: Seconds) -> tuple[list[Send], list[Up]]:
        """Fire every timer that is due."""
        sends: list[Send] = []
        ups: list[Up] = [TimedOut(key) for _, key in self._refused]
        self._refused.clear()
        while self._heap and self._heap[0][0] <= now:
            at, key = heapq.heappop(self._heap)
            if self._stale(at, key):
                continue
            entry = self._entries[key]
            entry.at = None
            more = self._after(key, entry, entry.machine.tick(now), now)
            sends += more[0]
            ups += more[1]
        return sends, ups

    @property
    def count(self) -> int:
        """How many transactions there are."""
        return len(self._entries)

    def _response(
        self, response: Response, source: Endpoint, now: Seconds
    ) -> tuple[list[Send], list[Up]]:
        if len(response.vias) != 1:
            return [], []  # somebody else's (RFC 3261 §8.1.3.3)
        cseq = response.cseq
        key = TransactionKey(True, response.top_via.branch, "", cseq.method)
        entry = self._entries.get(key)
        if entry is None:
            late = cseq.method == "INVITE" and response.status // 100 == 2
            return [], [StrayResponse(response, source)] if late else []
        machine = entry.machine
        outputs = (
            machine.receive(response, now) if isinstance(machine, InviteClient | Client) else []
        )
        return self._after(key, entry, outputs, now, source)

    def _ack(
        self, key: TransactionKey, ack: Request, source: Endpoint, now: Seconds
    ) -> tuple[list[Send], list[Up]]:
        entry = self._entries.get(key)
        machine = entry.machine if entry is not None else None
        if entry is None or not isinstance(machine, InviteServer):
            return [], [GotAck(ack, source)]
        if machine.state is server_invite.State.ACCEPTED:  # an older peer's, on the same branch
            return [], [GotAck(ack, source)]
        return self._after(key, entry, machine.acknowledge(now), now)

    def _new(
        self, key: TransactionKey, request: Request, source: Endpoint, now: Seconds
    ) -> tuple[list[Send], list[Up]]:
        room = 2 * MAX_SERVER if request.method == "CANCEL" else MAX_SERVER
        if self.count - self._clients >= room:
            return [], []
        asked = request.seen_from(source)
        kind = InviteServer if request.method == "INVITE" else Server
        machine = kind(self.timers, asked, _way_back(request, source))
        entry = self._entries[key] = _Entry(machine)
        sends, ups = self._after(key, entry, machine.start(now), now)
        if request.method == "CANCEL":
            return self._cancelled(key, asked, now)
        return sends, [*ups, NewRequest(key, asked, source)]

    def _cancelled(
        self, key: TransactionKey, cancel: Request, now: Seconds
    ) -> tuple[list[Send], list[Up]]:
        """Answer a CANCEL: 200 when its INVITE is here, else 481 (RFC 3261 §9.2)."""
        invite = key._replace(method="INVITE")
        entry = self._entries.get(invite)
        tag = (entry.tag if entry is not None else None) or _spare_tag(key)
        status = 481 if entry is None else 200
        sends = self.respond(key, Response.answering(cancel, status, to_tag=tag), now)
        waiting = (
            entry is not None
            and isinstance(entry.machine, InviteServer)
            and entry.machine.state is server_invite.State.PROCEEDING
        )
        return sends, [Cancelled(invite, cancel)] if waiting else []

    def _after(
        self,
        key: TransactionKey,
        entry: _Entry,
        outputs: Iterable[Output],
        now: Seconds,
        source: Endpoint | None = None,
    ) -> tuple[list[Send], list[Up]]:
        """Sort what a machine handed back, then book its next deadline or forget it."""
        sends: list[Send] = []
        ups: list[Up] = []
        for output in outputs:
            match output:
                case Send():
                    sends.append(output)
                case CancelNow():
                    sends += self._send_cancel(entry, now)
                case _ if key.method == "CANCEL":
                    pass  # the INVITE's own end is what counts
                case Passed(response):
                    ups.append(GotResponse(key, response, source or entry.machine.to))
                case Unanswered():
                    ups.append(TimedOut(key))
                case Unacknowledged():
                    ups.append(AckTimedOut(key))
                case _:
                    assert_never(output)
        self._book(key, entry)
        return sends, ups

    def _send_cancel(self, entry: _Entry, now: Seconds) -> list[Send]:
        cancel = cancellation(entry.machine.request, entry.reason)
        return self.request(cancel, entry.machine.to, now)[1]

    def _book(self, key: TransactionKey, entry: _Entry) -> None:
        if entry.machine.over:
            del self._entries[key]
            self._clients -= key.client
            return
        at = entry.machine.deadline()
        if at != entry.at:
            entry.at = at
            if at is not None:
                heapq.heappush(self._heap, (at, key))

    def _stale(self, at: Seconds, key: TransactionKey) -> bool:
        entry = self._entries.get(key)
        return entry is None or entry.at != at


def _server_key(request: Request) -> TransactionKey:
    """RFC 3261 §17.2.3; ACK belongs to its INVITE."""
    method = "INVITE" if request.method == "ACK" else request.method
    via = request.top_via
    branch = via.branch
    if branch.startswith(BRANCH_COOKIE) and branch != BRANCH_COOKIE:
        return TransactionKey(False, branch, via.sent_by.lower(), method)
    old = (
        request.uri,
        request.from_.tag or "",
        request.call_id,
        str(request.cseq.number),
        str(via),
    )
    return TransactionKey(False, " ".join(old), via.sent_by.lower(), method)


def _way_back(request: Request, source: Endpoint) -> Endpoint:
    """Where answers go: the source if the peer asked for it, else its own port (RFC 3581 §4)."""
    via = request.top_via
    if via.param("rport") is not None:
        return source
    return Endpoint(source.host, via.port or DEFAULT_PORT)


def _spare_tag(key: TransactionKey) -> str:
    """A To tag for an answer outside any dialog, the same for every copy."""
    return hashlib.sha256(repr(key).encode()).hexdigest()[:16]
