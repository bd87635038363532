"""Dialogs (RFC 3261 §12): identifiers, sequence numbers, route set, target; no behaviour."""

from dataclasses import dataclass, field
from typing import Final

from offhook.sip.errors import SipError
from offhook.sip.headers import DEFAULT_PORT, NameAddr
from offhook.sip.message import Request, Response
from offhook.sip.uri import Uri

MAX_ROUTES: Final = 16
"""Record-Route entries taken over; a longer path is refused as a loop."""


@dataclass(slots=True)
class Dialog:
    """One relationship with one peer, from either side.  Tags of old peers may be empty (C-27)."""

    call_id: str
    local: NameAddr
    """Our From or To, tag included."""
    remote: NameAddr
    """The peer's To or From, with its tag if it gave one."""
    target: Uri
    """Request-URI of our requests: the peer's Contact, refreshed by each target refresh."""
    routes: tuple[NameAddr, ...]
    local_cseq: int
    remote_cseq: int | None
    caller: bool
    """We made the Call-ID."""
    key: tuple[str, str, str] = field(init=False)
    """Call-ID, local tag, remote tag."""

    def __post_init__(self) -> None:
        self.key = (self.call_id, self.local.tag or "", self.remote.tag or "")

    @classmethod
    def from_response(cls, request: Request, response: Response) -> "Dialog":
        """The caller's dialog, from a 101-299 to our INVITE (RFC 3261 §12.1.2)."""
        return cls(
            response.call_id,
            _bare(request.from_),
            _bare(response.to),
            contact_of(response) or request.target,
            tuple(map(_bare, reversed(response.record_route))),
            request.cseq.number,
            None,
            True,
        )

    @classmethod
    def from_request(cls, request: Request, tag: str, first_cseq: int) -> "Dialog":
        """The callee's dialog, with our new `tag` (RFC 3261 §12.1.1).

        Raises SipError without a Contact, or with too many routes to repeat in every answer.
        """
        target = contact_of(request)
        if target is None:
            raise SipError("INVITE without Contact")
        return cls(
            request.call_id,
            _bare(request.to).with_param("tag", tag),
            _bare(request.from_),
            target,
            routes_of(request),
            first_cseq,
            request.cseq.number,
            False,
        )

    def next_cseq(self) -> int:
        """Number of our next request but ACK and CANCEL."""
        self.local_cseq += 1
        return self.local_cseq

    def in_order(self, request: Request) -> bool:
        """The peer's request is newer than all before (RFC 3261 §12.2.2); remembers it."""
        number = request.cseq.number
        if self.remote_cseq is not None and number <= self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def refresh_target(self, message: Request | Response) -> None:
        """INVITE, UPDATE and their 2xx move the remote target (RFC 3261 §12.2)."""
        self.target = contact_of(message) or self.target

    def start_line(self) -> tuple[str, tuple[str, ...]]:
        """Request-URI and Route values of a request inside the dialog (RFC 3261 §12.2.1.1).

        A first route without ``lr`` is a strict router: it becomes the Request-URI, the target the
        last route.
        """
        if not self.routes or self.routes[0].uri.param("lr") is not None:
            return str(self.target), tuple(map(str, self.routes))
        rest = (*self.routes[1:], NameAddr("", self.target))
        return str(self.routes[0].uri.without("method")), tuple(map(str, rest))

    def next_hop(self) -> tuple[str, int]:
        """Host and port that the next request is sent to."""
        uri = self.routes[0].uri if self.routes else self.target
        return uri.param("maddr") or uri.host, uri.port or DEFAULT_PORT


def contact_of(message: Request | Response) -> Uri | None:
    """The SIP URI of Contact; None when there is none that we could send to."""
    for contact in message.contacts:
        if contact.uri.scheme == "sip":
            return contact.uri.without("method")
    return None


def routes_of(message: Request | Response) -> tuple[NameAddr, ...]:
    """The Record-Route set in the order given.  Raises SipError when there are too many."""
    routes = message.record_route
    if len(routes) > MAX_ROUTES:
        raise SipError("too many routes")
    return tuple(map(_bare, routes))


def _bare(address: NameAddr) -> NameAddr:
    """Without the display name: it names nobody, and not all that is read can be written."""
    return NameAddr("", address.uri, address.params)
