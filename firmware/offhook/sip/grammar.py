"""What every header shares (RFC 3261 §25): numbers, tokens, quotes, lists, parameters.

Text is latin-1: one character for one byte of the wire, whatever the byte means.
"""

import re
from typing import Final

from offhook.sip.errors import MessageError

Params = tuple[tuple[str, str | None], ...]
"""Parameters in order; a value stays as written (quotes included), None for a flag."""

MAX_PARAMS: Final = 64  # parameters of one value

_WORD: Final = r"[A-Za-z0-9.!%*_+`'~-]+"
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
TOKEN: Final = re.compile(_WORD)
QUOTED: Final = re.compile(_QUOTED)
_DIGITS: Final = re.compile(r"[0-9]{1,40}")
_ELEMENT: Final = re.compile(rf'(?:[^,"<>]|{_QUOTED}|<[^<>]*>)*')
_PARAM: Final = re.compile(
    rf'[ \t]*;[ \t]*({_WORD})(?:[ \t]*=[ \t]*({_QUOTED}|[^;,"<>\s=?][^;,"<>\s]*))?[ \t]*'
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_SPECIAL: Final = re.compile(r'(["\\])')


def number(text: str, limit: int = 2**31 - 1) -> int:
    """A decimal number of ASCII digits between 0 and `limit`; leading zeros allowed."""
    if _DIGITS.fullmatch(text) is None or (value := int(text)) > limit:
        raise MessageError("not a number in range")
    return value


def number_or(text: str | None, default: int | None, limit: int = 2**31 - 1) -> int | None:
    """`number`, or `default`, for values that may be ignored when they are nonsense."""
    if text is None or _DIGITS.fullmatch(text) is None:
        return default
    value = int(text)
    return value if value <= limit else default


def is_token(text: str) -> bool:
    """Whether `text` is one token (RFC 3261 §25.1)."""
    return TOKEN.fullmatch(text) is not None


def quote(text: str) -> str:
    """`text` as a quoted-string."""
    return '"' + _SPECIAL.sub(r"\\\1", text) + '"'


def unquote(text: str) -> str:
    """The meaning of a quoted-string; anything else is returned as it is."""
    if len(text) >= 2 and text[0] == '"' == text[-1]:
        inner = text[1:-1]
        return _ESCAPE.sub(r"\1", inner) if "\\" in inner else inner
    return text


def wire_text(text: str) -> str:
    """Ordinary text as it is kept in headers: its UTF-8 bytes, one char each."""
    return text.encode("utf-8").decode("latin-1")


def split_list(value: str) -> list[str]:
    """`value` cut at commas outside quotes and <>, trimmed, without empty elements (§7.3.1)."""
    if "," not in value:
        parts = [value]
    elif '"' not in value and "<" not in value:
        parts = value.split(",")
    else:
        parts = _elements(value)
    return [part for part in map(str.strip, parts) if part]


def _elements(value: str) -> list[str]:
    parts: list[str] = []
    at = 0
    while at <= len(value):
        match = _ELEMENT.match(value, at)
        end = match.end() if match else at
        if end < len(value) and value[end] != ",":
            raise MessageError("quotes or angle brackets do not balance")
        parts.append(value[at:end])
        at = end + 1
    return parts


def parse_params(text: str) -> Params:
    """``;name=value;flag`` with blanks anywhere, a semicolon before each; the whole of `text`."""
    found: list[tuple[str, str | None]] = []
    at, end = 0, len(text)
    while at < end:
        match = _PARAM.match(text, at)
        if match is None or len(found) == MAX_PARAMS:
            raise MessageError("malformed parameters")
        found.append((match[1], match[2]))
        at = match.end()
    return tuple(found)


def write_params(params: Params) -> str:
    """The inverse of `parse_params`."""
    return "".join([f";{name}" if value is None else f";{name}={value}" for name, value in params])


def find_param(params: Params, name: str) -> str | None:
    """The first parameter of that name, unquoted; "" for a flag, None when there is none."""
    wanted = name.lower()
    for key, value in params:
        if key.lower() == wanted:
            return "" if value is None else unquote(value)
    return None


def set_param(params: Params, name: str, value: str | None) -> Params:
    """`params` with `name` replaced where it stood, or added at the end."""
    wanted = name.lower()
    if any(key.lower() == wanted for key, _ in params):
        return tuple((key, value if key.lower() == wanted else old) for key, old in params)
    return (*params, (name, value))


def drop_params(params: Params, *names: str) -> Params:
    """`params` without `names`, in any case."""
    unwanted = {name.lower() for name in names}
    return tuple(pair for pair in params if pair[0].lower() not in unwanted)
