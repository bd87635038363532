"""What every part of the user agent shares: identity, addresses, the actions under way."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from offhook.entropy import Entropy
from offhook.notes import Diary, Severity, note
from offhook.sip.account import Account
from offhook.sip.actions import Action, Resolve
from offhook.sip.authorization import Authorizer
from offhook.sip.contact import OurContact
from offhook.sip.headers import BRANCH_COOKIE
from offhook.sip.message import Headers, Request, Response
from offhook.sip.peers import Peers
from offhook.sip.timers import Timers
from offhook.sip.transactions import TransactionKey, Transactions
from offhook.units import Endpoint, Seconds

ALLOW: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE"
"""What is really done, and nothing else (row 21)."""
SUPPORTED: Final = "timer"
SDP: Final = "application/sdp"
BRANCH_BITS: Final = 96
MAX_FORWARDS: Final = 70
RESOLVE_TIME: Final = Seconds(10.0)
"""A name that has no address by then has none."""
MAX_OTHERS: Final = 3
"""Further addresses of our server that one request is tried at; each may take 32 s."""
MAX_WAITING: Final = 32
"""Messages that wait for the address of a name."""

Then = Callable[[Endpoint | None, Seconds], None]


@dataclass(slots=True)
class _Waiting:
    host: str
    port: int
    fallback: Endpoint | None
    then: Then
    until: Seconds


class Wire:
    """The user agent's hands: builds, sends, looks up names, collects actions."""

    def __init__(
        self, account: Account, local: Endpoint | None, entropy: Entropy, timers: Timers
    ) -> None:
        self.account = account
        self.local = local
        """Our socket's address; None while there is no network."""
        self._sent_by = local
        self.entropy = entropy
        self.timers = timers
        self.diary = Diary()
        self.transactions = Transactions(timers)
        self.peers = Peers([account.next_hop, (account.domain, account.port)])
        self.authorizer = Authorizer(account, entropy)
        self.contact = OurContact(entropy, local, learn=account.learn_contact == "auto")
        self._actions: list[Action] = []
        self._waiting: list[_Waiting] = []

    # Actions

    def do(self, *actions: Action) -> None:
        """Have these performed, in this order."""
        self._actions += actions

    def warn(self, what: str, **fields: str | int | float) -> None:
        """Have a warning written down."""
        self.do(note(what, Severity.WARNING, **fields))

    def drain(self) -> list[Action]:
        """All that was collected since the last call."""
        actions, self._actions = self._actions, []
        return actions

    def moved(self, local: Endpoint | None) -> None:
        """Our socket is bound anew.  Without a network we go on under our last address."""
        self.local = local
        if local is not None:
            self._sent_by = local
            self.contact.move(local)

    # Messages

    def via(self) -> str:
        """A Via with a fresh branch; asks for rport (RFC 3581 §3)."""
        branch = f"{BRANCH_COOKIE}{self.entropy.token(BRANCH_BITS)}"
        return f"SIP/2.0/UDP {self._sent_by};branch={branch};rport"

    def request(
        self, method: str, uri: str, headers: Iterable[tuple[str, str]], body: bytes, cseq: int
    ) -> Request:
        """A request with a fresh branch; of identity and route `headers` knows."""
        top = [("Via", self.via()), ("Max-Forwards", str(MAX_FORWARDS))]
        tail = [("CSeq", f"{cseq} {method}")]
        if self.account.user_agent:
            tail.append(("User-Agent", self.account.user_agent))
        if body:
            tail.append(("Content-Type", SDP))
        return Request(method, uri, Headers([*top, *headers, *tail]), body)

    def respond(self, key: TransactionKey, response: Response, now: Seconds) -> list[Action]:
        """Answer a request; returns what was sent, for repeating a 2xx."""
        sends: list[Action] = list(self.transactions.respond(key, response, now))
        self.do(*sends)
        return sends

    # Addresses

    def others(self, hop: Endpoint) -> tuple[Endpoint, ...]:
        """Where a request outside a dialog may go when `hop` does not serve (RFC 3263 §4.3)."""
        known = self.peers.endpoints(*self.account.next_hop, self.local)
        return tuple(one for one in known if one != hop)[:MAX_OTHERS]

    def reach(
        self, hop: tuple[str, int], then: Then, now: Seconds, fallback: Endpoint | None = None
    ) -> None:
        """Call `then` with the address of `hop`, now or when its name is resolved.

        It gets `fallback` if the name has no address, in time or at all.
        """
        host, port = hop
        known = self.peers.endpoint(host, port, self.local)
        if known is not None or len(self._waiting) >= MAX_WAITING:
            then(known or fallback, now)
            return
        if all(waiting.host != host for waiting in self._waiting):
            self.do(Resolve(host))
        until = Seconds(now + RESOLVE_TIME)
        self._waiting.append(_Waiting(host, port, fallback, then, until))

    def resolved(self, host: str, addresses: tuple[str, ...], now: Seconds) -> None:
        """The resolver answered."""
        self.peers.learn(host, addresses)
        self._go_on([one for one in self._waiting if one.host == host], now)

    def deadline(self) -> Seconds | None:
        """When a name has waited long enough."""
        return min((one.until for one in self._waiting), default=None)

    def tick(self, now: Seconds) -> None:
        """Give up waiting where it is time."""
        self._go_on([one for one in self._waiting if one.until <= now], now)

    def _go_on(self, ready: list[_Waiting], now: Seconds) -> None:
        self._waiting = [one for one in self._waiting if one not in ready]
        for one in ready:
            found = self.peers.endpoint(one.host, one.port, self.local)
            one.then(found or one.fallback, now)
