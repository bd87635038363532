"""One request of ours until its final answer, challenges answered on the way (RFC 3261 §22.3)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from offhook.sip.authorization import Attempt, Trust
from offhook.sip.message import Headers, Request, Response
from offhook.sip.transactions import TransactionKey
from offhook.sip.wire import Wire
from offhook.units import Endpoint, Seconds

UNAVAILABLE: Final = 503
MAX_UDP: Final = 1300
"""Bytes: a longer request over UDP may be lost on the way (RFC 3261 §18.1.1; C-20)."""


@dataclass(slots=True, eq=False)
class Errand:
    """A request that may have to be sent several times, each with its own branch and CSeq."""

    method: str
    uri: str
    headers: Headers
    """All but Via, Max-Forwards, CSeq, User-Agent, Content-Type and credentials."""
    hop: Endpoint
    """Every round of challenges goes to the same address (C-16)."""
    next_cseq: Callable[[], int]
    listener: Callable[["Errand", Response | None, Seconds], None]
    """Told of each provisional and the one final answer; None: nobody answered."""
    trust: Trust
    body: bytes = b""
    others: tuple[Endpoint, ...] = ()
    """Tried one after the other when `hop` is silent, unreachable or out of service."""
    cached: bool = False
    """Credentials of earlier requests are sent along at once."""
    extra: tuple[tuple[str, str], ...] = ()
    """Credentials to use while no server has challenged us (the empty nonce of row 8)."""
    challenged: Callable[["Errand", Response], None] | None = None
    """Told before the request is sent again; may change `headers`."""
    wanted: bool = True
    """Whether a challenge is still worth an answer, and a failure another address."""
    attempt: Attempt = field(default_factory=Attempt)
    source: Endpoint | None = None
    """Where the last answer came from."""
    request: Request | None = None
    """As last sent."""
    key: TransactionKey | None = None


class Errands:
    """All errands under way by transaction; as many as `Transactions` keeps at most."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._open: dict[TransactionKey, Errand] = {}

    @property
    def count(self) -> int:
        """How many wait for an answer."""
        return len(self._open)

    def send(self, errand: Errand, now: Seconds) -> None:
        """Send it, the first time or again."""
        self._send(errand, errand.next_cseq(), now)

    def _send(self, errand: Errand, cseq: int, now: Seconds) -> None:
        wire = self._wire
        credentials = wire.authorizer.headers(
            errand.attempt, errand.method, errand.uri, cached=errand.cached
        )
        headers = [*errand.headers, *(credentials or errand.extra)]
        errand.request = wire.request(errand.method, errand.uri, headers, errand.body, cseq)
        size = len(bytes(errand.request))
        if size > MAX_UDP:
            wire.warn("request too long for some networks", method=errand.method, size=size)
        errand.key, sends = wire.transactions.request(errand.request, errand.hop, now)
        self._open[errand.key] = errand
        wire.do(*sends)

    def knows(self, key: TransactionKey) -> bool:
        """An errand waits for the answer to this transaction."""
        return key in self._open

    def answered(
        self, key: TransactionKey, response: Response, source: Endpoint, now: Seconds
    ) -> None:
        """A response came to an errand that we know."""
        errand = self._open[key]
        errand.source = source
        if response.status < 200:
            errand.listener(errand, response, now)
            return
        del self._open[key]
        if response.status == UNAVAILABLE and self._elsewhere(errand, now):
            return
        again = self._wire.authorizer.react(response, errand.attempt, errand.trust)
        if again and errand.wanted:
            if errand.challenged is not None:
                errand.challenged(errand, response)
            self.send(errand, now)
        else:
            errand.listener(errand, response, now)

    def timed_out(self, key: TransactionKey, now: Seconds) -> None:
        """Nobody answered in time."""
        errand = self._open.pop(key, None)
        if errand is not None and not self._elsewhere(errand, now):
            errand.listener(errand, None, now)

    def _elsewhere(self, errand: Errand, now: Seconds) -> bool:
        """The same request to the next address, if there is one (RFC 3263 §4.3).

        The CSeq of an INVITE stays: who gets it both ways must know it for one.  That of a REGISTER
        counts: the servers may share their bindings, which a number seen before does not change.
        """
        wire, request = self._wire, errand.request
        if not (errand.others and errand.wanted) or wire.local is None or request is None:
            return False
        failed, (errand.hop, *others) = errand.hop, errand.others
        errand.others, errand.attempt = tuple(others), Attempt()
        wire.peers.demote(failed.host)
        wire.warn(
            "server does not serve",
            method=errand.method,
            server=str(failed),
            instead=str(errand.hop),
        )
        same = errand.method == "INVITE"
        self._send(errand, request.cseq.number if same else errand.next_cseq(), now)
        return True
