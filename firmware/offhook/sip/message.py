"""Requests and responses as values, and as bytes (RFC 3261 §7).  `parser.parse` reads them.

A message that came out of `parse` has a readable Via, From, To, Call-ID, CSeq, Contact, Route and
Record-Route, so the properties never raise on it; on one built wrongly they raise MessageError.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from offhook.sip.errors import MessageError, SipError
from offhook.sip.grammar import is_token, number_or, split_list
from offhook.sip.header_map import Headers
from offhook.sip.headers import CSeq, NameAddr, Via
from offhook.sip.uri import Uri
from offhook.units import Endpoint

__all__ = ["Headers", "Message", "Request", "Response", "reason_phrase"]

_REASONS: Final = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued",
    183: "Session Progress", 200: "OK", 202: "Accepted", 204: "No Notification",
    300: "Multiple Choices", 301: "Moved Permanently", 302: "Moved Temporarily", 305: "Use Proxy",
    380: "Alternative Service", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
    407: "Proxy Authentication Required", 408: "Request Timeout", 410: "Gone",
    413: "Request Entity Too Large", 414: "Request-URI Too Long", 415: "Unsupported Media Type",
    416: "Unsupported URI Scheme", 420: "Bad Extension", 421: "Extension Required",
    422: "Session Interval Too Small", 423: "Interval Too Brief", 480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 483: "Too Many Hops",
    484: "Address Incomplete", 485: "Ambiguous", 486: "Busy Here", 487: "Request Terminated",
    488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented", 503: "Service Unavailable", 504: "Server Time-out",
    505: "Version Not Supported", 513: "Message Too Large", 600: "Busy Everywhere", 603: "Decline",
    604: "Does Not Exist Anywhere", 606: "Not Acceptable",
}  # fmt: skip
MAX_ADDRESSES: Final = 64  # in all Contact, Route or Record-Route headers of a message

_COPIED: Final = frozenset({"Via", "From", "To", "Call-ID", "CSeq", "Timestamp"})  # RFC 3261 §8.2.6
_MAX_DELTA: Final = 2**32 - 1  # RFC 3261 §25.1 delta-seconds
_UNWRITABLE: Final = re.compile(r"[\r\n\x00]|[^\x00-\xff]")
_SPACE: Final = re.compile(r"[\s\x00]|[^\x00-\xff]|^$")


def reason_phrase(status: int) -> str:
    """The usual words for a status."""
    return _REASONS.get(status, "")


class _Common:
    """What requests and responses share."""

    __slots__ = ()
    headers: Headers
    body: bytes

    @property
    def call_id(self) -> str:
        """Call-ID, compared byte by byte."""
        return self.headers.first("Call-ID") or ""

    @property
    def cseq(self) -> CSeq:
        """Sequence number and method."""
        return self.headers.memo("cseq", lambda: CSeq.parse(self.headers.first("CSeq") or ""))

    @property
    def from_(self) -> NameAddr:
        """Who sent the request of this transaction."""
        return self.headers.memo("from", lambda: NameAddr.parse(self.headers.first("From") or ""))

    @property
    def to(self) -> NameAddr:
        """Whom the request of this transaction is for."""
        return self.headers.memo("to", lambda: NameAddr.parse(self.headers.first("To") or ""))

    @property
    def vias(self) -> list[Via]:
        """All hops, the last sender first."""
        return self.headers.memo("via", lambda: [Via.parse(v) for v in self.headers.all("Via")])

    @property
    def top_via(self) -> Via:
        """The hop that answers go back to."""
        return self.headers.memo("top", lambda: Via.parse((self.headers.all("Via") or [""])[0]))

    @property
    def contacts(self) -> list[NameAddr]:
        """Contact addresses; empty for ``*`` (see `star_contact`)."""
        return self.headers.memo("contact", lambda: self._addresses("Contact", skip="*"))

    @property
    def star_contact(self) -> bool:
        """Whether the Contact is ``*``: all bindings (RFC 3261 §10.2.2)."""
        return self.headers.raw("Contact") == ["*"]

    @property
    def record_route(self) -> list[NameAddr]:
        """Record-Route, topmost first."""
        return self.headers.memo("record-route", lambda: self._addresses("Record-Route"))

    @property
    def expires(self) -> int | None:
        """Expires in seconds; None when absent or nonsense."""
        return number_or(self.headers.first("Expires"), None, _MAX_DELTA)

    @property
    def content_type(self) -> str:
        """Type and subtype in lower case without parameters, or ""."""
        return (self.headers.first("Content-Type") or "").partition(";")[0].strip().lower()

    def tokens(self, name: str) -> frozenset[str]:
        """The lower-case elements of Supported, Require, Allow and their like."""
        return frozenset(element.lower() for element in self.headers.all(name))

    def _addresses(self, name: str, skip: str = "") -> list[NameAddr]:
        values = [value for value in self.headers.all(name) if value != skip]
        if len(values) > MAX_ADDRESSES:
            raise MessageError(f"too many addresses in {name}")
        return [NameAddr.parse(value) for value in values]

    def _write(self, start: str) -> bytes:
        length = str(len(self.body))
        headers = self.headers
        if headers.first("Content-Length") != length:
            headers = headers.with_("Content-Length", length)
        lines = [start, *[f"{name}: {value}" for name, value in headers], "", ""]
        return "\r\n".join(lines).encode("latin-1") + self.body


@dataclass(frozen=True, slots=True)
class Request(_Common):
    """A request.  `bytes(request)` writes it, with the Content-Length of its body."""

    method: str
    uri: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def __post_init__(self) -> None:
        if not is_token(self.method) or _SPACE.search(self.uri):
            raise SipError("unwritable request line")

    def __bytes__(self) -> bytes:
        return self._write(f"{self.method} {self.uri} SIP/2.0")

    @property
    def target(self) -> Uri:
        """The Request-URI; a scheme other than sip, sips and tel is the user agent's 416."""
        return self.headers.memo("target", lambda: Uri.parse(self.uri))

    @property
    def max_forwards(self) -> int | None:
        """Max-Forwards; None when absent or nonsense."""
        return number_or(self.headers.first("Max-Forwards"), None, 255)

    @property
    def routes(self) -> list[NameAddr]:
        """Route, topmost first; a user agent server ignores it (row 45)."""
        return self.headers.memo("route", lambda: self._addresses("Route"))

    def seen_from(self, source: Endpoint) -> "Request":
        """With received and rport on the top Via if it is readable (RFC 3581 §4, row 47)."""
        try:
            top, *others = split_list(self.headers.first("Via") or "")
            stamped = ", ".join([str(Via.parse(top).seen_from(source)), *others])
        except ValueError:  # a 400 to a broken Via: it goes back as it came
            return self
        rest = self.headers.raw("Via")[1:]
        return replace(self, headers=self.headers.with_("Via", stamped, *rest))


@dataclass(frozen=True, slots=True)
class Response(_Common):
    """A response.  `bytes(response)` writes it, with the Content-Length of its body."""

    status: int
    reason: str
    """Text for people only (RFC 4475 §3.1.1.12)."""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def __post_init__(self) -> None:
        if not 100 <= self.status <= 699 or _UNWRITABLE.search(self.reason):
            raise SipError("unwritable status line")

    def __bytes__(self) -> bytes:
        return self._write(f"SIP/2.0 {self.status} {self.reason}")

    @classmethod
    def answering(
        cls,
        request: Request,
        status: int,
        reason: str | None = None,
        to_tag: str | None = None,
        *,
        extra: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        source: Endpoint | None = None,
    ) -> "Response":
        """The answer: Via, From, To, Call-ID, CSeq and Timestamp as they came (RFC 3261 §8.2.6).

        `to_tag` is added when To has none and the status is not 100.  `source` stamps the top Via,
        for a request that did not pass `Transactions.receive` (which stamps every one).
        """
        asked = request if source is None else request.seen_from(source)
        tag = to_tag if to_tag and status != 100 and not _tagged(asked) else None
        copied = [
            (name, f"{value};tag={tag}" if tag and name == "To" else value)
            for name, value in asked.headers
            if name in _COPIED
        ]
        words = reason_phrase(status) if reason is None else reason
        return cls(status, words, Headers((*copied, *extra)), body)


Message = Request | Response


def _tagged(request: Request) -> bool:
    try:
        return request.to.tag is not None
    except MessageError:  # a 400 to a broken To: it goes back as it came
        return True
