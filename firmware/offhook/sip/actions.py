"""Everything the SIP user agent can ask for or tell.  The counterpart: the methods of `Agent`."""

from dataclasses import dataclass
from typing import NewType

from offhook.notes import Note
from offhook.units import Endpoint, Seconds

CallRef = NewType("CallRef", int)
"""Our own handle of a call, never seen on the wire, never used twice."""


@dataclass(frozen=True, slots=True)
class Send:
    """Put these bytes on the SIP socket."""

    data: bytes
    to: Endpoint


@dataclass(frozen=True, slots=True)
class Resolve:
    """Find the addresses of `host`; the answer comes back through `Agent.resolved`."""

    host: str


@dataclass(frozen=True, slots=True)
class Party:
    """Who is at the other end: P-Asserted-Identity, else Remote-Party-ID, else From.

    Raw; show it `printable`.
    """

    number: str
    """User part of the URI; empty when withheld (RFC 3323)."""
    name: str
    """Display name; may be empty."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a call ended."""

    status: int
    """SIP status: 200 for an ordinary BYE, 487 for a cancelled call, 408 when nobody answered."""
    text: str
    """Reason phrase or the text of the Reason header (RFC 3326), raw."""
    elsewhere: bool = False
    """Another device took the call (Reason: SIP;cause=200)."""
    local: bool = False
    """We ended it."""


@dataclass(frozen=True, slots=True)
class Registered:
    """The registrar keeps our binding."""

    server: Endpoint
    expires: Seconds
    contact: str


@dataclass(frozen=True, slots=True)
class RegistrationFailed:
    """The registrar refused or is silent; the agent goes on trying."""

    status: int | None
    """None when nobody answered."""
    reason: str
    retry_in: Seconds


@dataclass(frozen=True, slots=True)
class ServerDate:
    """What the registrar's clock shows, by its own unproved word (row 16)."""

    epoch: int
    """Seconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class Unregistered:
    """The binding was given back (or the registrar did not answer in time)."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """Somebody calls.  100 was sent; answer with `Agent.ring`, `answer` or `reject`."""

    call: CallRef
    call_id: str
    caller: Party
    offer: bytes | None
    """SDP; None for a delayed offer: ours goes out with the answer."""
    alert_info: str


@dataclass(frozen=True, slots=True)
class Provisional:
    """The callee's side progresses (180, 183 …)."""

    call: CallRef
    status: int
    body: bytes | None
    """SDP: early media (RFC 3960)."""
    early: str
    """To tag: names the early dialog when several phones ring; may be empty."""
    peer: Party | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The first 2xx of our call; told once whatever the number of copies."""

    call: CallRef
    body: bytes | None
    early: str
    peer: Party | None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The caller acknowledged our 200; `body` is the answer to a delayed offer."""

    call: CallRef
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Offered:
    """The peer wants to change the session (re-INVITE, UPDATE): `Agent.accept` or `refuse` it.

    A `body` of None in a re-INVITE asks us for an offer; pass ours to `accept`, the answer follows
    as `Confirmed`.
    """

    call: CallRef
    body: bytes | None


@dataclass(frozen=True, slots=True)
class OfferAccepted:
    """The peer accepted our re-INVITE or UPDATE."""

    call: CallRef
    body: bytes | None


@dataclass(frozen=True, slots=True)
class OfferRefused:
    """The peer kept the old session (488, or 491 more than once)."""

    call: CallRef
    status: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over.  Always the last action of a call, exactly once."""

    call: CallRef
    cause: Cause


Action = (
    Send | Resolve | Note
    | Registered | RegistrationFailed | ServerDate | Unregistered
    | Incoming | Provisional | Answered | Confirmed
    | Offered | OfferAccepted | OfferRefused | Ended
)  # fmt: skip
