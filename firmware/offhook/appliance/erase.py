"""Where a secret stands in the file, and what to put there so that nothing else changes.

    password = "hunter2"   # from the exchange
    password = ""          # from the exchange

The file keeps its length and every other byte, so on the card the same blocks are written again
and no copy stays behind in a free one.
"""

import copy
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from offhook.appliance.text import MARK

SHORTEST_IN_COMMENT: Final = 6
"""Characters of a secret that is looked for in comments: a shorter one may be a word."""

_TOKEN: Final = re.compile(
    rb'"""(?:\\.|[^\\])*?"{3,5}'
    rb"|'''.*?'{3,5}"
    rb'|"(?:\\.|[^"\\\n])*"'
    rb"|'[^'\n]*'"
    rb"|#[^\n]*",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of the file to be written over: an empty string and blanks, or blanks alone."""

    offset: int
    length: int
    quotes: bool = True

    @property
    def blank(self) -> bytes:
        """What belongs there."""
        return (b'""' if self.quotes else b"").ljust(self.length)


class NotFoundError(ValueError):
    """A secret is written in a way that cannot be blanked."""


def blanked(content: bytes, spans: Iterable[Span]) -> bytes:
    """`content` with the spans written over."""
    changed = bytearray(content)
    for span in spans:
        changed[span.offset : span.offset + span.length] = span.blank
    return bytes(changed)


def locate(content: bytes, secrets: Sequence[tuple[str, str]]) -> tuple[Span, ...]:
    """Where these secrets (table, key) stand, in comments too.  Raises `NotFoundError`.

    `content` is TOML; that it is the right string is proved by parsing it without.
    """
    spans: list[Span] = []
    for table, key in secrets:
        span, value = _one(blanked(content, spans), table, key)
        spans += [span, *_in_comments(content, value)]
    return tuple(spans)


def _one(content: bytes, table: str, key: str) -> tuple[Span, str]:
    wanted = _tables(content)
    entries = wanted[table]
    if not isinstance(entries, dict) or not isinstance(value := entries[key], str):
        raise NotFoundError(f"{table}.{key}")
    wanted = copy.deepcopy(wanted)
    wanted[table] = {**entries, key: ""}
    for token in _TOKEN.finditer(content):
        span = Span(token.start(), len(token[0]))
        if not token[0].startswith(b"#") and _is(content, span, wanted):
            return span, value
    raise NotFoundError(f"{table}.{key}")


def _is(content: bytes, span: Span, wanted: dict[str, object]) -> bool:
    try:
        return _tables(blanked(content, [span])) == wanted
    except tomllib.TOMLDecodeError:
        return False  # it was a key, or one of a list


def _in_comments(content: bytes, value: str) -> Iterator[Span]:
    if len(value) < SHORTEST_IN_COMMENT:
        return
    for token in _TOKEN.finditer(content):
        if token[0].startswith(b"#"):
            for found in re.finditer(re.escape(value.encode()), token[0]):
                yield Span(token.start() + found.start(), len(found[0]), quotes=False)


def _tables(content: bytes) -> dict[str, object]:
    return tomllib.loads(content.removeprefix(MARK).decode())
