"""Header values with a structure: addresses, Via, CSeq, challenges.  Bad ones: MessageError."""

import re
from dataclasses import dataclass, replace
from typing import Final

from offhook.sip.errors import MessageError
from offhook.sip.grammar import (
    QUOTED,
    Params,
    drop_params,
    find_param,
    is_token,
    number,
    parse_params,
    quote,
    set_param,
    split_list,
    unquote,
    write_params,
)
from offhook.sip.uri import HOST, Uri
from offhook.units import Endpoint

BRANCH_COOKIE: Final = "z9hG4bK"
"""Marks a branch that is unique by itself (RFC 3261 §8.1.1.7)."""
DEFAULT_PORT: Final = 5060
MAX_CSEQ: Final = 2**32 - 1  # RFC 3261 allows half of it; some count on

_NAME: Final = re.compile(r'[^"\\<>,;]*')
_ANGLE: Final = re.compile(r"[ \t]*<[ \t]*([^<>\s]+)[ \t]*>")
_VIA: Final = re.compile(
    rf"SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9.!%*_+`'~-]+)\s+({HOST})(?:\s*:\s*([0-9]{{1,10}}))?\s*(;.*)?",
    re.IGNORECASE,
)
_CSEQ: Final = re.compile(r"([0-9]{1,40})\s+(\S+)")
_AUTH_PARAM: Final = re.compile(rf"([^\s=,\"]+)\s*=\s*({QUOTED.pattern}|[^\s,\"]*)\s*")
_AUTH_SCHEME: Final = re.compile(r"([^\s=,\"]+)(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class NameAddr:
    """From, To, Contact, Route …: ``"display" <uri>;params`` (RFC 3261 §20.10)."""

    display: str
    """Unquoted, latin-1; may be empty."""
    uri: Uri
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> "NameAddr":
        """Read one value; no blank needed before ``<``; without ``<>`` all parameters are ours."""
        if "<" not in text:
            return cls._bare(text)
        quoted = QUOTED.match(text)
        name = quoted or _NAME.match(text)
        angle = _ANGLE.match(text, name.end()) if name else None
        if name is None or angle is None:
            raise MessageError("malformed address")
        params = parse_params(text[angle.end() :]) if angle.end() < len(text) else ()
        return cls(unquote(name[0]) if quoted else name[0].strip(), Uri.parse(angle[1]), params)

    @classmethod
    def _bare(cls, text: str) -> "NameAddr":
        uri, semicolon, params = text.partition(";")
        if "?" in uri:  # RFC 3261 §20: then the brackets are obligatory
            raise MessageError("URI with headers outside angle brackets")
        return cls("", Uri.parse(uri.rstrip()), parse_params(semicolon + params))

    def __str__(self) -> str:
        name = f"{quote(self.display)} " if self.display else ""
        return f"{name}<{self.uri}>{write_params(self.params)}"

    def param(self, name: str) -> str | None:
        """The header parameter's value unquoted, "" for a flag, None when there is none."""
        return find_param(self.params, name)

    @property
    def tag(self) -> str | None:
        """The dialog's half identifier, if any."""
        return find_param(self.params, "tag") or None

    def with_param(self, name: str, value: str | None = None) -> "NameAddr":
        """With that header parameter set; None makes it a flag."""
        return replace(self, params=set_param(self.params, name, value))

    def without(self, *names: str) -> "NameAddr":
        """Without those header parameters."""
        return replace(self, params=drop_params(self.params, *names))


@dataclass(frozen=True, slots=True)
class Via:
    """One hop (RFC 3261 §20.42).  `host` is unbracketed."""

    host: str
    port: int | None = None
    transport: str = "UDP"
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> "Via":
        """Read one value."""
        match = _VIA.fullmatch(text)
        if match is None:
            raise MessageError("malformed Via")
        transport, host, port, params = match.groups()
        return cls(
            host.strip("[]"),
            None if port is None else number(port, 65535),
            transport.upper(),
            parse_params(params) if params else (),
        )

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {self.sent_by}{write_params(self.params)}"

    @property
    def sent_by(self) -> str:
        """Host, bracketed if need be, and the port if one is given."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def branch(self) -> str:
        """The branch, or ""."""
        return find_param(self.params, "branch") or ""

    @property
    def received(self) -> str | None:
        """The address the other side saw, unbracketed (RFC 5118 §4.5 has both forms)."""
        value = find_param(self.params, "received")
        return value.strip("[]") if value else None

    @property
    def rport(self) -> int | None:
        """The port the other side saw (RFC 3581); None when absent, empty or nonsense."""
        value = find_param(self.params, "rport")
        if not value or not value.isascii() or not value.isdigit() or len(value) > 5:
            return None
        port = int(value)
        return port if 0 < port <= 65535 else None

    def param(self, name: str) -> str | None:
        """The parameter's value, "" for a flag, None when there is none."""
        return find_param(self.params, name)

    def seen_from(self, source: Endpoint) -> "Via":
        """With `received` and `rport` of where it came from, both always (RFC 3581 §4, row 47)."""
        params = set_param(self.params, "received", source.host)
        return replace(self, params=set_param(params, "rport", str(source.port)))


@dataclass(frozen=True, slots=True)
class CSeq:
    """Sequence number and method (RFC 3261 §20.16)."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """Read the value."""
        match = _CSEQ.fullmatch(text)
        if match is None or not is_token(match[2]):
            raise MessageError("malformed CSeq")
        return cls(number(match[1], MAX_CSEQ), match[2])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge or credentials (RFC 7235); values unquoted, escapes left alone."""

    scheme: str
    params: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Challenge":
        """Read the first of the header value."""
        found = cls.parse_all(text)
        if not found:
            raise MessageError("empty challenge")
        return found[0]

    @classmethod
    def parse_all(cls, text: str) -> list["Challenge"]:
        """Read all; several may share one header, separated by commas like their parameters."""
        found: list[Challenge] = []
        for element in split_list(text):
            param = _AUTH_PARAM.fullmatch(element)
            if param is None:
                scheme = _AUTH_SCHEME.fullmatch(element)
                if scheme is None:
                    raise MessageError("malformed challenge")
                found.append(cls(scheme[1]))
                if scheme[2] is None:
                    continue
                param = _AUTH_PARAM.fullmatch(scheme[2])
            if param is None or not found:
                raise MessageError("malformed challenge")
            value = param[2][1:-1] if param[2].startswith('"') else param[2]
            found[-1] = cls(found[-1].scheme, (*found[-1].params, (param[1], value)))
        return found

    def param(self, name: str) -> str | None:
        """The first parameter of that name in any case."""
        wanted = name.lower()
        return next((value for key, value in self.params if key.lower() == wanted), None)
