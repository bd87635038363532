"""One way for a stranger's words to reach a person: `printable`."""

from typing import Final

MAX_SHOWN: Final = 64  # characters of a remote string that anybody sees


def printable(remote: str | bytes, limit: int = MAX_SHOWN) -> str:
    """`remote` on one line, controls and bidi marks escaped, cut to `limit` characters."""
    text = remote.decode("utf-8", "backslashreplace") if isinstance(remote, bytes) else remote
    shown = "".join(map(_escaped, text[: limit + 1]))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _escaped(char: str) -> str:
    # str.isprintable is false for Unicode's "other" and "separator" classes, a plain space excepted
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
