"""Which datagrams are read, and which messages reach the transactions (reliability A.3 #3 to #6).

Requests are taken from our servers and from the peers of our calls, for our own Contact.  Whoever
else speaks gets no answer.  While we ask, a response may come from anywhere: see
`Transactions.receive`.
"""

from dataclasses import dataclass
from typing import Final

from offhook.notes import Severity, note
from offhook.sip.actions import Send
from offhook.sip.allowance import Allowance
from offhook.sip.calls import Calls
from offhook.sip.errors import MessageError
from offhook.sip.message import Message, Request, Response
from offhook.sip.parser import parse
from offhook.sip.wire import Wire
from offhook.units import Endpoint, Seconds

NOTE_GAP: Final = Seconds(60.0)
"""Dropped datagrams are told of once in so long."""


class Admission:
    """Reads datagrams and turns away what nobody here wants."""

    def __init__(self, wire: Wire, calls: Calls) -> None:
        self._wire = wire
        self._calls = calls
        self._allowance = Allowance()
        self._strangers = _Tally("stranger ignored")
        self._floods = _Tally("too many requests")

    @property
    def strangers(self) -> int:
        """Datagrams dropped because their sender may not talk to us."""
        return self._strangers.total

    def read(self, data: bytes, source: Endpoint, now: Seconds) -> Message | None:
        """The message, if it is one and its sender may send it."""
        awaited = data.startswith(b"SIP/") and self._wire.transactions.asking
        if not awaited and not self._knows(source):
            self._drop(self._strangers, source, "unread", now)  # a flood must be cheap
            return None
        try:
            message = parse(data)
        except MessageError as error:
            self._unreadable(error, source, now)
            return None
        if isinstance(message, Response):
            return message
        if not self._admits(message, source):
            self._drop(self._strangers, source, message.method, now)
        elif not (self._awaited(message) or self._allowance.take(source.host, now)):
            self._drop(self._floods, source, message.method, now)
        else:
            return message
        return None

    def _knows(self, source: Endpoint) -> bool:
        """Somebody there may have something to say: one of our servers, or a dialog's peer."""
        return self._wire.peers.trusts(source) or self._calls.know(source)

    def _admits(self, request: Request, source: Endpoint) -> bool:
        """It comes from our servers, or our dialog's peer, and for our own Contact (row 44)."""
        if not (self._wire.peers.trusts(source) or self._calls.trusts(request, source)):
            return False
        target = request.target  # the parser has read it
        return target.scheme not in {"sip", "sips"} or target.user == self._wire.contact.token

    def _awaited(self, request: Request) -> bool:
        """It belongs to what is under way, or makes nothing new: never limited."""
        return (
            request.method == "ACK"
            or self._wire.transactions.knows(request)
            or self._calls.of_request(request) is not None
        )

    def _unreadable(self, error: MessageError, source: Endpoint, now: Seconds) -> None:
        """Answer what is nearly a request, if its sender deserves it."""
        request = error.partial
        if (
            not isinstance(request, Request)
            or request.method == "ACK"
            or not self._wire.peers.trusts(source)
        ):
            self._drop(self._strangers, source, "unreadable", now)
        elif not self._allowance.take(source.host, now):
            self._drop(self._floods, source, "unreadable", now)
        else:
            tag = self._wire.entropy.token(64)
            answer = Response.answering(request, error.status, to_tag=tag, source=source)
            self._wire.do(Send(bytes(answer), source))

    def _drop(self, tally: "_Tally", source: Endpoint, what: str, now: Seconds) -> None:
        count = tally.count(now)
        if count:
            fields = {"source": str(source), "what": what}
            self._wire.do(note(tally.what, Severity.NOTICE, count=count, **fields))


@dataclass(slots=True)
class _Tally:
    what: str
    total: int = 0
    _untold: int = 0
    _quiet_until: Seconds | None = None

    def count(self, now: Seconds) -> int:
        """One more; once a minute how many since the last time, else 0."""
        self.total += 1
        self._untold += 1
        if self._quiet_until is not None and now < self._quiet_until:
            return 0
        self._quiet_until = Seconds(now + NOTE_GAP)
        count, self._untold = self._untold, 0
        return count
