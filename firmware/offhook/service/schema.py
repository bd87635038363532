"""Reading a TOML table closed: every key is asked for once, what is left over is an error.

    table = Reader("offhook.toml", "account", {"user": "200", "usr": 1}, problems)
    table.text("user")     -> "200"
    table.finish()         -> offhook.toml: account.usr = 1: unknown key. Did you mean "user"?

A reader never raises for what stands in the file: it notes a `Problem`, hands back the default and
goes on, so that one look shows all that is wrong.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, TypeVar

from offhook.text import printable
from offhook.units import Seconds

_SECRET: Final = re.compile(r"pass|secret|token|psk", re.IGNORECASE)
_SECRETS: Final = ("password", "passphrase", "passwd", "secret")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the settings, in words for the person who must mend it."""

    file: str
    key: str
    """Dotted, empty when it concerns the whole file."""
    value: str
    """As written, masked if it may be a secret; empty when there is none."""
    what: str
    remedy: str

    def __str__(self) -> str:
        value = f" = {self.value}" if self.value else ""
        key = f" {self.key}{value}:" if self.key else ""
        return f"{self.file}:{key} {self.what}. {self.remedy}"


class ConfigError(ValueError):
    """The settings cannot be used; `problems` holds every reason found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(slots=True)
class Reader:
    """One table of the file, being taken apart."""

    file: str
    name: str
    """Dotted name of the table; empty for the whole file."""
    entries: Mapping[str, object]
    problems: list[Problem]
    taken: dict[str, object] = field(default_factory=dict)
    """What holds for each key asked for, as it would be written in the file."""
    _asked: dict[str, None] = field(default_factory=dict)

    def given(self, key: str) -> bool:
        """Whether `key` stands in the file."""
        return key in self.entries

    def text(
        self,
        key: str,
        default: str | None = None,
        pattern: str = "",
        shape: str = "",
        most: int = 255,
    ) -> str:
        """One line; `pattern` (a full match) is told by `shape`.  No default: must be given."""
        value = self._take(key, "a string in quotes", required=default is None)
        match value:
            case None:
                pass
            case str() if len(value) > most or not value.isprintable():
                self.fault(key, "is not one printable line", f"Use at most {most} characters.")
            case str() if pattern and value != default and not re.fullmatch(pattern, value):
                self.fault(key, "does not have the right form", f"Write {shape}.")
            case str():
                return self._hold(key, value)
            case _:
                self._wrong_type(key, "a string in quotes")
        return self._hold(key, default or "")

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        value = self._take(key, "a whole number")
        if isinstance(value, int) and not isinstance(value, bool):
            fits = self._in_range(key, value, default, low, high)
            return self._hold(key, value if fits else default)
        return self._default(key, value, default, "a whole number, without quotes")

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """A number in [low, high]."""
        value = self._take(key, "a number")
        if isinstance(value, int | float) and not isinstance(value, bool):
            fits = self._in_range(key, value, default, low, high)
            return self._hold(key, value if fits else default)
        return self._default(key, value, default, "a number, without quotes")

    def milliseconds(self, key: str, default: Seconds, low: int, high: int) -> Seconds:
        """A stretch of time written in milliseconds, in [low, high] of them."""
        return Seconds(self.whole(key, round(default * 1000), low, high) / 1000)

    def seconds(self, key: str, default: Seconds, low: float, high: float) -> Seconds:
        """A stretch of time written in seconds."""
        return Seconds(self.number(key, default, low, high))

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._take(key, "true or false")
        if isinstance(value, bool):
            return self._hold(key, value)
        return self._default(key, value, default, "true or false, without quotes")

    def choice(self, key: str, default: str, options: Sequence[str]) -> str:
        """One of `options`."""
        value = self._take(key, "a string in quotes")
        if not isinstance(value, str):
            return self._default(key, value, default, "a string in quotes")
        if value in options:
            return self._hold(key, value)
        self.fault(key, "is not known", _among(value, options))
        return self._hold(key, default)

    def texts(
        self, key: str, default: tuple[str, ...], pattern: str, shape: str, most: int = 16
    ) -> tuple[str, ...]:
        """A list of at most `most` strings, none twice, each a full match of `pattern`."""
        values = self._list(key)
        if values is None:
            return self._hold(key, default)
        fit = [value for value in values if isinstance(value, str) and re.fullmatch(pattern, value)]
        if len(fit) < len(values):
            self.fault(key, "holds something of another form", f"Each must be {shape}.")
        elif len(set(fit)) < len(fit) or len(fit) > most:
            self.fault(key, f"holds an entry twice, or more than {most}", "Shorten the list.")
        else:
            return self._hold(key, tuple(fit))
        return self._hold(key, default)

    def choices(
        self, key: str, default: tuple[str, ...], options: Sequence[str]
    ) -> tuple[str, ...]:
        """A list of some of `options`, in the order wanted, at least one."""
        values = self._list(key)
        if values is None:
            return self._hold(key, default)
        known = [value for value in values if isinstance(value, str) and value in options]
        if len(known) < len(values):
            stranger = next(value for value in values if value not in known)
            self.fault(key, f"{_shown(stranger)} is not known", _among(stranger, options))
        elif not known or len(set(known)) < len(known):
            self.fault(key, "must name at least one, and none twice", _among("", options))
        else:
            return self._hold(key, tuple(known))
        return self._hold(key, default)

    def table(self, key: str) -> "Reader":
        """A table inside this one; empty when it is not there."""
        value = self._take(key, f"a table: [{key}]")
        if value is not None and not isinstance(value, dict):
            self._wrong_type(key, f"a table: [{key}]")
        entries = value if isinstance(value, dict) else {}
        inside = Reader(self.file, self._dotted(key), entries, self.problems)
        self.taken[key] = inside.taken
        return inside

    def fault(self, key: str, what: str, remedy: str) -> None:
        """Note a problem that only the caller can see."""
        value = _shown(self.entries[key], key) if key in self.entries else ""
        self.problems.append(Problem(self.file, printable(self._dotted(key)), value, what, remedy))

    def finish(self) -> None:
        """Every key has been asked for: the others are errors."""
        for key in self.entries:
            if key not in self._asked:
                near = get_close_matches(key, self._asked, 1)
                known = (
                    f'Did you mean "{near[0]}"?' if near else f"Known: {', '.join(self._asked)}."
                )
                self.fault(key, "unknown key", known)

    def _take(self, key: str, words: str, *, required: bool = False) -> object:
        self._asked[key] = None
        if required and key not in self.entries:
            self.fault(key, "must be given", f"Write {self._dotted(key)} = {words}.")
        return self.entries.get(key)

    def _hold(self, key: str, value: _T) -> _T:
        self.taken[key] = value
        return value

    def _list(self, key: str) -> list[object] | None:
        value = self._take(key, "a list")
        if value is None or isinstance(value, list):
            return value
        self._wrong_type(key, 'a list, for example ["a", "b"]')
        return None

    def _default(self, key: str, value: object, default: _T, words: str) -> _T:
        if value is not None:
            self._wrong_type(key, words)
        return self._hold(key, default)

    def _wrong_type(self, key: str, words: str) -> None:
        self.fault(key, "is of the wrong type", f"Write {words}.")

    def _in_range(self, key: str, value: float, default: float, low: float, high: float) -> bool:
        if low <= value <= high:  # false for NaN, as it should be
            return True
        remedy = f"Write a number from {low} to {high}, or leave it out for {default}."
        self.fault(key, "is out of range", remedy)
        return False

    def _dotted(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key


def is_secret(key: str) -> bool:
    """Whether the value of a key of this name, misspelt too, may be a secret."""
    return bool(_SECRET.search(key) or get_close_matches(key.lower(), _SECRETS, 1, 0.75))


def _among(value: object, options: Sequence[str]) -> str:
    near = get_close_matches(value, options, 1, 0.5) if isinstance(value, str) else []
    return (f'Did you mean "{near[0]}"? ' if near else "") + f"Choose from: {', '.join(options)}."


def _shown(value: object, key: str = "") -> str:
    match value:
        case bool():
            return str(value).lower()
        case _ if is_secret(key):
            return "…"
        case dict():
            return "{…}"  # may hold anything, a misplaced password too
        case str():
            return f'"{printable(value)}"'
        case _:
            return printable(repr(value))
