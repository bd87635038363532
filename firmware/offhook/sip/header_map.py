"""The headers of one message: an immutable, ordered, case-blind multimap."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar, cast

from offhook.sip.errors import MessageError, SipError
from offhook.sip.grammar import is_token, split_list

T = TypeVar("T")

# RFC 3261 §7.3.3 and the IANA registry of compact forms.
_COMPACT: Final = {
    "a": "Accept-Contact", "b": "Referred-By", "c": "Content-Type", "d": "Request-Disposition",
    "e": "Content-Encoding", "f": "From", "i": "Call-ID", "j": "Reject-Contact", "k": "Supported",
    "l": "Content-Length", "m": "Contact", "n": "Identity-Info", "o": "Event", "r": "Refer-To",
    "s": "Subject", "t": "To", "u": "Allow-Events", "v": "Via", "x": "Session-Expires",
    "y": "Identity",
}  # fmt: skip
_LISTS: Final = frozenset({
    "accept", "accept-contact", "accept-encoding", "accept-language", "alert-info", "allow",
    "allow-events", "call-info", "contact", "content-encoding", "content-language", "diversion",
    "error-info", "history-info", "in-reply-to", "p-asserted-identity", "p-associated-uri",
    "p-preferred-identity", "path", "proxy-require", "reason", "record-route", "reject-contact",
    "remote-party-id", "require", "route", "service-route", "supported", "unsupported", "via",
    "warning",
})  # fmt: skip
_KNOWN: Final = (
    *_COMPACT.values(), "CSeq", "Max-Forwards", "User-Agent", "Server", "Allow", "Accept",
    "Expires",
    "Min-Expires", "Authorization", "Proxy-Authorization", "WWW-Authenticate", "Proxy-Authenticate",
    "Authentication-Info", "Route", "Record-Route", "Require", "Proxy-Require", "Unsupported",
    "Date",
    "Content-Disposition", "Content-Language", "Accept-Encoding", "Accept-Language", "Alert-Info",
    "Call-Info", "Error-Info", "In-Reply-To", "MIME-Version", "Organization", "Priority",
    "Reply-To",
    "Retry-After", "Timestamp", "Warning", "Min-SE", "RSeq", "RAck", "Reason", "Replaces", "Path",
    "Service-Route", "P-Asserted-Identity", "P-Preferred-Identity", "P-Associated-URI", "Privacy",
    "Remote-Party-ID", "Diversion", "Subscription-State",
)  # fmt: skip
_CANONICAL: Final = {name.lower(): name for name in _KNOWN} | _COMPACT
# A quoted-pair may hold NUL (RFC 3261 §25.1, RFC 4475 §3.1.1.2); nothing else may.
_UNWRITABLE: Final = re.compile(r"[\r\n]|(?<!\\)\x00|[^\x00-\xff]")


def canonical(name: str) -> str:
    """The long form in its usual spelling; an unknown name as it is."""
    return _CANONICAL.get(name.lower(), name)


class Headers:
    """What stands between start line and body.  No header can hold CR, LF or NUL: SipError."""

    __slots__ = ("_index", "_memo", "items")

    items: tuple[tuple[str, str], ...]
    """(canonical name, value as written), in order."""

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self.items = tuple([(canonical(name), value) for name, value in items])
        for name, value in self.items:
            if _UNWRITABLE.search(value) or not is_token(name):
                raise SipError(f"unwritable header {name!r}")
        self._index: dict[str, list[str]] = {}
        self._memo: dict[str, object] = {}
        for name, value in self.items:
            self._index.setdefault(name.lower(), []).append(value)

    def first(self, name: str) -> str | None:
        """The first value of `name`, whole."""
        values = self._index.get(_key(name))
        return values[0] if values else None

    def raw(self, name: str) -> list[str]:
        """Every value of `name`, one for each header line."""
        return list(self._index.get(_key(name), ()))

    def all(self, name: str) -> list[str]:
        """Every element of `name`; those of list headers are split at commas (RFC 3261 §7.3.1).

        Never raises: a line whose quotes do not balance counts as one element.
        """
        key = _key(name)
        values = self._index.get(key, [])
        if key not in _LISTS:
            return list(values)
        return [element for value in values for element in _split(value)]

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._index

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.items == other.items

    def __hash__(self) -> int:
        return hash(self.items)

    def __repr__(self) -> str:
        return f"Headers({', '.join(name for name, _ in self.items)})"  # values may hold secrets

    def with_(self, name: str, *values: str) -> "Headers":
        """With these lines in place of all of that name, where the first of them stood."""
        key = _key(name)
        at = next(
            (i for i, (old, _) in enumerate(self.items) if old.lower() == key), len(self.items)
        )
        kept = [item for item in self.items[at:] if item[0].lower() != key]
        return Headers((*self.items[:at], *((name, value) for value in values), *kept))

    def without(self, *names: str) -> "Headers":
        """Without any header of those names."""
        keys = {_key(name) for name in names}
        return Headers(item for item in self.items if item[0].lower() not in keys)

    def memo(self, key: str, make: Callable[[], T]) -> T:
        """`make()`, remembered under `key`: headers never change, nor does what they mean."""
        if key not in self._memo:
            self._memo[key] = make()
        return cast("T", self._memo[key])


def _key(name: str) -> str:
    lower = name.lower()
    return _COMPACT[lower].lower() if lower in _COMPACT else lower


def _split(value: str) -> list[str]:
    try:
        return split_list(value)
    except MessageError:
        return [value]
