"""SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966); other schemes are opaque (for a 416)."""

import re
from dataclasses import dataclass, replace
from typing import Final

from offhook.sip.errors import MessageError
from offhook.sip.grammar import (
    MAX_PARAMS,
    Params,
    drop_params,
    find_param,
    number,
    set_param,
    write_params,
)

HOST: Final = r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])"
_SIP: Final = re.compile(
    rf'(sips?):(?:([^@\s"<>]*)@)?({HOST})(?::([0-9]{{1,10}}))?((?:;[^;?\s"<>]+)*)(?:\?([^\s"<>]*))?',
    re.IGNORECASE,
)
_TEL: Final = re.compile(r'(tel):([^;?@\s"<>]+)((?:;[^;?\s"<>]+)*)', re.IGNORECASE)
_OTHER: Final = re.compile(r'([A-Za-z][A-Za-z0-9+.-]*):([^\s"<>]+)')
_MAX_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Uri:
    """One URI.  `host` is unbracketed and empty unless the scheme is sip or sips."""

    scheme: str
    """Lower case."""
    user: str | None
    """As written, with password if any; the subscriber number of tel; all of an unknown scheme."""
    host: str
    port: int | None = None
    params: Params = ()
    headers: str = ""
    """What stands after the question mark."""

    @classmethod
    def parse(cls, text: str) -> "Uri":
        """Read `text`, all of it.  Raises MessageError."""
        match = _SIP.fullmatch(text)
        if match is not None:
            return cls._sip(match)
        scheme = text.partition(":")[0].lower()
        if scheme == "tel" and (match := _TEL.fullmatch(text)) is not None:
            return cls("tel", match[2], "", None, _params(match[3]))
        if scheme in {"sip", "sips", "tel"} or (match := _OTHER.fullmatch(text)) is None:
            raise MessageError("not a URI")
        return cls(match[1].lower(), match[2], "")

    @classmethod
    def _sip(cls, match: re.Match[str]) -> "Uri":
        scheme, user, host, port, params, headers = match.groups()
        return cls(
            scheme.lower(),
            user,
            host.strip("[]"),
            None if port is None else number(port, _MAX_PORT),
            _params(params) if params else (),
            headers or "",
        )

    def __str__(self) -> str:
        if not self.host:
            return f"{self.scheme}:{self.user}{write_params(self.params)}"
        user = "" if self.user is None else f"{self.user}@"
        tail = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{user}{self.host_port}{write_params(self.params)}{tail}"

    @property
    def host_port(self) -> str:
        """Host, bracketed if need be, and the port if one is given."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    def param(self, name: str) -> str | None:
        """The parameter's value, "" for a flag, None when there is none."""
        return find_param(self.params, name)

    def without(self, *names: str) -> "Uri":
        """Without those parameters and without headers."""
        return replace(self, params=drop_params(self.params, *names), headers="")

    def with_param(self, name: str, value: str | None = None) -> "Uri":
        """With that parameter set; None makes it a flag."""
        return replace(self, params=set_param(self.params, name, value))


def _params(text: str) -> Params:
    """``;a=b;c``: simpler than in headers, for neither blanks nor quotes can stand in a URI."""
    pieces = text.split(";")[1:]
    if len(pieces) > MAX_PARAMS:
        raise MessageError("too many URI parameters")
    found: list[tuple[str, str | None]] = []
    for piece in pieces:
        name, equals, value = piece.partition("=")
        found.append((name, value if equals else None))
    return tuple(found)
