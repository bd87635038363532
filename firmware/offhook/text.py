"""One way for a stranger's words to reach a person: `printable`."""

import unicodedata
from typing import Final

MAX_SHOWN: Final = 64  # characters of a remote string that anybody sees

_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # Unicode general categories


def printable(remote: str | bytes, limit: int = MAX_SHOWN) -> str:
    """`remote` on one line: controls and bidi marks escaped, cut to `limit` characters."""
    text = remote.decode("utf-8", "backslashreplace") if isinstance(remote, bytes) else remote
    shown = "".join(map(_escaped, text[: limit + 1]))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _escaped(char: str) -> str:
    if char in _BIDI or unicodedata.category(char) in _UNSAFE:
        return char.encode("unicode_escape").decode("ascii")
    return char
