"""All transactions of one user agent (RFC 3261 §17): whose message it is, when to wake up."""

from dataclasses import dataclass, field
from typing import NamedTuple

from offhook.sip.actions import Send
from offhook.sip.message import Message, Request, Response
from offhook.sip.timers import Timers
from offhook.units import Endpoint, Seconds


class TransactionKey(NamedTuple):
    """Names a transaction (RFC 3261 §17.1.3, §17.2.3)."""

    role: str
    """"client" or "server"."""
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


@dataclass(slots=True)
class Transactions:
    """Every transaction, bounded, with one deadline."""

    timers: Timers = field(default_factory=Timers)

    def request(
        self, request: Request, to: Endpoint, now: Seconds
    ) -> tuple[TransactionKey, list[Send]]:
        """Start a client transaction; any method but ACK; top Via with our fresh branch."""
        raise NotImplementedError

    def respond(self, key: TransactionKey, response: Response, now: Seconds) -> list[Send]:
        """Answer a request; too late or twice is nothing."""
        raise NotImplementedError

    def receive(
        self, message: Message, source: Endpoint, now: Seconds
    ) -> tuple[list[Send], list[Up]]:
        """A message arrived."""
        raise NotImplementedError

    def cancel(self, key: TransactionKey, now: Seconds) -> list[Send]:
        """Cancel our INVITE: at once when a provisional came, else as soon as one comes."""
        raise NotImplementedError

    def unreachable(self, peer: Endpoint, now: Seconds) -> tuple[list[Send], list[Up]]:
        """The network says that `peer` cannot be reached."""
        raise NotImplementedError

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        raise NotImplementedError

    def tick(self, now: Seconds) -> tuple[list[Send], list[Up]]:
        """Fire every timer that is due."""
        raise NotImplementedError

    @property
    def count(self) -> int:
        """How many transactions there are."""
        raise NotImplementedError
