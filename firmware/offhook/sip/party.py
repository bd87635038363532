"""Who is at the other end, and why a call ended: reading and writing identities and reasons."""

import re
from typing import Final
from urllib.parse import unquote

from offhook.sip.actions import Cause, Party
from offhook.sip.errors import SipError
from offhook.sip.grammar import quote
from offhook.sip.headers import NameAddr
from offhook.sip.message import Request, Response

WITHHELD: Final = frozenset({"id", "user", "header"})
"""Privacy values under which nobody is named (RFC 3323 §4.2, RFC 3325 §9.3)."""
ANONYMOUS: Final = "anonymous"

_REASON: Final = re.compile(r"\s*([A-Za-z0-9._-]+)\s*((?:;.*)?)", re.DOTALL)
_CAUSE: Final = re.compile(r";\s*cause\s*=\s*([0-9]{1,3})\s*(?:;|$)", re.IGNORECASE)
_TEXT: Final = re.compile(r';\s*text\s*=\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE | re.DOTALL)
ELSEWHERE_Q850: Final = 26
"""Q.850 "non-selected user clearing": somebody else was quicker."""

HUNG_UP: Final = 'Q.850;cause=16;text="the caller gave up"'
"""Of a CANCEL because a person put the handset down."""
NO_ANSWER: Final = 'Q.850;cause=19;text="nobody answered"'
"""Of a CANCEL because it rang long enough."""
COMPLETED: Final = 'SIP;cause=200;text="Call completed elsewhere"'
"""Of the BYE to a phone that answered after another (RFC 3326 §1; C-25)."""


def why(status: int, text: str) -> str:
    """A Reason header that says why we end a call; our own words only."""
    return f"SIP;cause={status}" + (f";text={quote(text)}" if text else "")


def caller(request: Request) -> Party:
    """P-Asserted-Identity, else Remote-Party-ID, else From, unless private (rows 52, 55)."""
    return _asserted(request, "calling") or _party(request.headers.first("From"))


def callee(response: Response) -> Party | None:
    """The connected line, from any response to our INVITE; None when it does not say (row 36)."""
    return _asserted(response, "called")


def _asserted(message: Request | Response, party: str) -> Party | None:
    privacy = {
        token.strip().lower()
        for value in message.headers.all("Privacy")
        for token in value.split(";")
    }
    if privacy & WITHHELD:
        return Party("", "")
    for value in message.headers.all("P-Asserted-Identity"):
        found = _party(value)
        if found.number or found.name:
            return found
    for value in message.headers.all("Remote-Party-ID"):
        address = _address(value)
        if address is None or (address.param("party") or party).lower() != party:
            continue
        if (address.param("privacy") or "off").lower() not in {"off", "none"}:
            return Party("", "")
        return _named(address)
    return None


def _address(value: str | None) -> NameAddr | None:
    try:
        return NameAddr.parse(value or "")
    except SipError:
        return None


def _party(value: str | None) -> Party:
    address = _address(value)
    return _named(address) if address is not None else Party("", "")


def _named(address: NameAddr) -> Party:
    number = unquote((address.uri.user or "").partition(";")[0], "utf-8", "replace")
    if address.uri.host.lower() == "anonymous.invalid" or number.lower() == ANONYMOUS:
        return Party("", "")
    return Party(number, _utf8(address.display))


def _utf8(raw: str) -> str:
    """Header text is one character per byte; people write UTF-8 (RFC 3261 §25.1)."""
    try:
        return raw.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return raw


def cause(message: Request | Response, status: int, *, local: bool = False) -> Cause:
    """Why the call ended: `status`, which weighs more (row 41), and Reason (RFC 3326)."""
    text = message.reason if isinstance(message, Response) else ""
    elsewhere = False
    for value in message.headers.all("Reason"):
        match = _REASON.fullmatch(value)
        if match is None:
            continue
        protocol, params = match[1].upper(), match[2]
        number = _CAUSE.search(params)
        code = int(number[1]) if number else 0
        elsewhere |= (protocol, code) in {("SIP", 200), ("Q.850", ELSEWHERE_Q850)}
        said = _TEXT.search(params)
        if said and not text:
            text = _utf8(re.sub(r"\\(.)", r"\1", said[1]))
    return Cause(status, text, elsewhere, local)
