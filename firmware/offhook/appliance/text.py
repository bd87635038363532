"""The bytes of a settings file, as a person's editor left them, into tables: or what is wrong.

Windows puts a mark in front, ends lines with CR LF and may save in UTF-16; word processors bend
the quotes; old editors write Latin-1.  Each has its own words here, because whoever reads them has
no other help than the file offhook-report.txt.
"""

import re
import tomllib
from dataclasses import dataclass
from typing import Final

from offhook.appliance.quick import MAX_SIZE
from offhook.service.schema import Problem, is_secret
from offhook.text import printable

MARK: Final = b"\xef\xbb\xbf"
"""Of UTF-8, as Windows puts it in front."""

_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_BENT: Final = re.compile("[\u2018-\u201f\u00ab\u00bb\u2039\u203a]")
_PLACE: Final = re.compile(r"\s*\((?:at line (\d+), column (\d+)|at end of document)\)\Z")
_BARE: Final = re.compile(r"\s*[A-Za-z0-9_-]+\s*=\s*([^\"'\[{#\s][^#]*|)(#.*)?")
_WORD: Final = re.compile("[A-Za-z]+")
_SAVE: Final = "Save it again with the encoding UTF-8 (in the editor: Save as)."


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file that is TOML."""

    tables: dict[str, object]


def parse(content: bytes, name: str) -> Parsed | Problem:
    """The file's tables.  `name` is what the card calls it."""
    if trouble := _no_text(content):
        return Problem(name, "", "", *trouble)
    body = content.removeprefix(MARK)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        what = f"line {line} holds the byte 0x{body[error.start]:02x}, which is no UTF-8"
        return Problem(name, "", "", what, _SAVE)
    try:
        return Parsed(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return _not_toml(name, text, str(error))


def _no_text(content: bytes) -> tuple[str, str] | None:
    if len(content) > MAX_SIZE:
        return f"is larger than {MAX_SIZE} bytes", "Is it the right file?"
    if content.startswith(_UTF16) or b"\0" in content[:200]:
        return "is saved as UTF-16", _SAVE
    if content.startswith(b"{\\rtf"):
        plain = "Save it as plain text (in TextEdit: Format, Make Plain Text)."
        return "is saved as rich text", plain
    if b"\0" in content:
        return "holds bytes that are no text", "Copy a whole file onto the card again."
    return None


def _not_toml(name: str, text: str, error: str) -> Problem:
    words = _PLACE.sub("", error)
    lines = text.splitlines() or [""]
    place = _PLACE.search(error)
    number = int(place[1]) if place and place[1] else len(lines)
    line = lines[min(number, len(lines)) - 1]
    what, remedy = _explained(words, line)
    shown = "…" if any(map(is_secret, _WORD.findall(line))) else printable(line.strip(), 80)
    return Problem(name, f"line {number}", "", what, f"{remedy} The line: {shown}")


def _explained(words: str, line: str) -> tuple[str, str]:
    if _BENT.search(line):
        return "has curly quotes, as word processors make them", 'Write straight ones: "'
    if "Cannot overwrite" in words:
        return "gives a key that was given before", "Delete one of the two."
    if "Cannot declare" in words:
        return "begins a table that there is already", "Put the lines of both into one."
    if _BARE.fullmatch(line):
        return "has a value that cannot be understood", 'Put text in quotes: user = "200"'
    return f"cannot be understood ({printable(words, 120)})", "Mend that line."
