"""Session descriptions as values (RFC 8866): `parse(bytes)`, `bytes(session)`.

Text is latin-1, one character per byte, so that whatever a peer wrote comes back unchanged.
Lines and attributes nobody here knows (``tcap``, ``pcfg``, ``ssrc`` …) are read over, as RFC 8866
§5 asks.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

MAX_BYTES: Final = 16_384
MAX_MEDIA: Final = 32
MAX_ATTRIBUTES: Final = 256  # in the whole description
MAX_FORMATS: Final = 64  # in one m= line

_NUMBER: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
_MEDIA: Final = re.compile(
    r"([!-~]+) +([0-9]{1,5})(?:/[0-9]{1,5})? +([!-~]+)((?: +[!-~]+)+) *", re.ASCII
)
_CONNECTION: Final = re.compile(r"IN +IP[46] +([!-~]+) *", re.ASCII | re.IGNORECASE)


class SdpError(ValueError):
    """Not a session description we can use."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """``a=name`` or ``a=name:value``."""

    name: str
    value: str | None = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}:{self.value}"


@dataclass(frozen=True, slots=True)
class Origin:
    """``o=``: who made the session, and which edition of it this is.

    Equal origins mean: nothing changed, do not restart media (RFC 3264 §8).
    """

    user: str
    session_id: int
    version: int
    address: str

    def __str__(self) -> str:
        return f"{self.user} {self.session_id} {self.version} {network(self.address)}"


@dataclass(frozen=True, slots=True)
class Media:
    """One ``m=`` section."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    address: str | None = None
    """The section's own ``c=``."""
    attributes: tuple[Attribute, ...] = ()

    def first(self, name: str) -> str | None:
        """The value of the first attribute called `name`; "" for a flag, None if missing."""
        return first(self.attributes, name)

    def all(self, name: str) -> list[str]:
        """The values of all attributes called `name`."""
        return [each.value or "" for each in self.attributes if each.name == name]


@dataclass(frozen=True, slots=True)
class Session:
    """A whole description."""

    origin: Origin
    media: tuple[Media, ...]
    name: str = "-"
    address: str | None = None
    """The ``c=`` that holds for each section without its own."""
    attributes: tuple[Attribute, ...] = ()

    def __bytes__(self) -> bytes:
        """The wire form, CRLF line ends."""
        return "".join(f"{line}\r\n" for line in _lines(self)).encode("latin-1")


def first(attributes: Iterable[Attribute], name: str) -> str | None:
    """The value of the first attribute called `name`; "" for a flag, None when there is none."""
    return next((each.value or "" for each in attributes if each.name == name), None)


def network(address: str) -> str:
    """``IN IP4 192.0.2.1`` or ``IN IP6 2001:db8::1``."""
    return f"IN IP{6 if ':' in address else 4} {address}"


def number(text: str, limit: int) -> int | None:
    """`text` as a whole number in [0, limit]; None for all else (signs, blanks, `1_000`, `٣`)."""
    if not _NUMBER.fullmatch(text):
        return None
    value = int(text)
    return value if value <= limit else None


def parse(data: bytes) -> Session:
    """Read a description.  Raises SdpError, nothing else."""
    head, *sections = _sections(_typed(data))
    origin, *_ = [value for kind, value in head if kind == "o"] or [""]
    names = [value for kind, value in head if kind == "s"] or ["-"]
    if head[0] != ("v", "0"):
        raise SdpError("no v=0 at the beginning")
    return Session(
        origin=_origin(origin),
        media=tuple(_media(section) for section in sections),
        name=names[0],
        address=_address(head),
        attributes=_attributes(head),
    )


Line = tuple[str, str]


def _typed(data: bytes) -> list[Line]:
    """Each ``x=value`` line as a pair; the last may lack its CRLF."""
    if len(data) > MAX_BYTES:
        raise SdpError("too long")
    text = data.decode("latin-1").replace("\r\n", "\n").rstrip("\n")
    if "\0" in text or "\r" in text:
        raise SdpError("NUL or stray CR inside")
    lines = text.split("\n")
    if not all(line[1:2] == "=" for line in lines):
        raise SdpError("a line that is not x=value")
    if sum(line[0] == "a" for line in lines) > MAX_ATTRIBUTES:
        raise SdpError("too many attributes")
    return [(line[0], line[2:]) for line in lines]


def _sections(lines: list[Line]) -> list[list[Line]]:
    """The session's own lines, then those of each m= section."""
    starts = [at for at, (kind, _) in enumerate(lines) if kind == "m"]
    if len(starts) > MAX_MEDIA:
        raise SdpError("too many m= lines")
    if starts[:1] == [0]:
        raise SdpError("no v=0 at the beginning")
    ends = [*starts, len(lines)]
    return [lines[begin:end] for begin, end in zip([0, *starts], ends, strict=True)]


def _origin(value: str) -> Origin:
    fields = value.split()
    if len(fields) != 6:
        raise SdpError("o= has not six fields")
    session_id, version = (number(text, 2**64 - 1) for text in fields[1:3])
    if session_id is None or version is None:
        raise SdpError("o= without numbers")
    return Origin(fields[0], session_id, version, fields[5])


def _media(section: list[Line]) -> Media:
    (_, value), *rest = section
    match = _MEDIA.fullmatch(value)
    if match is None:
        raise SdpError("malformed m= line")
    port = number(match[2], 65_535)
    formats = tuple(match[4].split())
    if port is None or len(formats) > MAX_FORMATS:
        raise SdpError("m= line out of range")
    return Media(match[1], port, match[3], formats, _address(rest), _attributes(rest))


def _address(lines: list[Line]) -> str | None:
    """The address of the first c= line; a multicast TTL stays on it and is refused later."""
    for kind, value in lines:
        if kind == "c":
            match = _CONNECTION.fullmatch(value)
            if match is None:
                raise SdpError("malformed c= line")
            return match[1]
    return None


def _attributes(lines: list[Line]) -> tuple[Attribute, ...]:
    return tuple(_attribute(value) for kind, value in lines if kind == "a")


def _attribute(text: str) -> Attribute:
    name, colon, value = text.partition(":")
    return Attribute(name, value if colon else None)


def _lines(session: Session) -> Iterator[str]:
    yield "v=0"
    yield f"o={session.origin}"
    yield f"s={session.name}"
    if session.address is not None:
        yield f"c={network(session.address)}"
    yield "t=0 0"
    yield from (f"a={each}" for each in session.attributes)
    for media in session.media:
        yield f"m={media.kind} {media.port} {media.protocol} {' '.join(media.formats)}"
        if media.address is not None:
            yield f"c={network(media.address)}"
        yield from (f"a={each}" for each in media.attributes)
