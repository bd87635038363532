"""Who can be reached where: the registrar's side of RFC 3261 §10.3."""

from dataclasses import dataclass, field
from typing import Final

from offhook.sip.grammar import number_or
from offhook.sip.headers import NameAddr
from offhook.sip.message import Request, Response
from offhook.units import Endpoint, Seconds

MAX_BINDINGS: Final = 8  # of one user; the oldest goes
SHORTEST: Final = 10  # seconds; below: 423
LONGEST: Final = 3600  # seconds; granted instead of more
USUAL: Final = 300  # seconds; when nobody asks for a time


@dataclass(frozen=True, slots=True)
class Binding:
    """One telephone of a user."""

    user: str
    contact: str
    """URI, as the telephone wrote it: the Request-URI of calls to it."""
    source: Endpoint
    """Where its REGISTER came from: that is where packets go (RFC 3581)."""
    until: Seconds
    call_id: str
    sequence: int


@dataclass(slots=True)
class Registrar:
    """Bindings of all users, in memory."""

    _bindings: dict[str, list[Binding]] = field(default_factory=dict)

    def reachable(self, user: str, now: Seconds) -> Binding | None:
        """The telephone of `user` that registered last."""
        return next(reversed(self.bindings(user, now)), None)

    def bindings(self, user: str, now: Seconds) -> list[Binding]:
        """All telephones of `user`."""
        return [one for one in self._bindings.get(user, []) if one.until > now]

    def register(self, user: str, request: Request, source: Endpoint, now: Seconds) -> Response:
        """Obey the REGISTER of a user whose proof was right."""
        if request.star_contact:
            return self._clear(user, request)
        asked = [(contact, _lifetime(contact, request)) for contact in request.contacts]
        if any(0 < seconds < SHORTEST for _, seconds in asked):
            return Response.answering(request, 423, extra=[("Min-Expires", str(SHORTEST))])
        if self._replayed(user, request, now):
            return Response.answering(request, 500)
        for contact, seconds in asked:
            until = Seconds(now + min(seconds, LONGEST))
            number = request.cseq.number
            self._bind(Binding(user, str(contact.uri), source, until, request.call_id, number), now)
        return Response.answering(request, 200, extra=self._listing(user, now))

    def _clear(self, user: str, request: Request) -> Response:
        if request.expires != 0:
            return Response.answering(request, 400)  # RFC 3261 §10.3 step 6
        self._bindings.pop(user, None)
        return Response.answering(request, 200)

    def _replayed(self, user: str, request: Request, now: Seconds) -> bool:
        """An older REGISTER of the same series came late (RFC 3261 §10.3 step 7)."""
        return any(
            one.call_id == request.call_id and one.sequence >= request.cseq.number
            for one in self.bindings(user, now)
        )

    def _bind(self, new: Binding, now: Seconds) -> None:
        """Add, renew or (with no time left) remove one binding."""
        kept = [one for one in self.bindings(new.user, now) if one.contact != new.contact]
        if new.until > now:
            kept.append(new)
        self._bindings[new.user] = kept[-MAX_BINDINGS:]

    def _listing(self, user: str, now: Seconds) -> list[tuple[str, str]]:
        return [
            ("Contact", f"<{one.contact}>;expires={round(one.until - now)}")
            for one in self.bindings(user, now)
        ]


def _lifetime(contact: NameAddr, request: Request) -> int:
    """In the order of RFC 3261 §10.2.4: the contact's own, the message's, the usual."""
    own = number_or(contact.param("expires"), None, 2**32 - 1)
    asked = request.expires if own is None else own
    return USUAL if asked is None else asked
