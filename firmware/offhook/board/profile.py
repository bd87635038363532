"""A board is data: one TOML file says which pin is what, and which sound card.

The file is closed (an unknown key is an error) and every value is checked; `ProfileError` names
file, key, value and remedy.  All times in the file are milliseconds.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TypeVar, cast

from offhook.drivers.card import PERIOD, RATE, SoundCard
from offhook.ports import Crosspoint
from offhook.units import Hertz, Samples, Seconds

DIRECTORY: Final = Path(__file__).with_name("profiles")
CHIPS: Final = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
"""Labels of the GPIO chips of every Raspberry Pi, the newest first."""
MAX_PIN: Final = 53  # BCM2835 has GPIO 0 to 53, later chips fewer on the header
MAX_SIZE: Final = 65536  # bytes of a profile
MAX_LINES: Final = 16  # rows or columns of a keypad; one row: each key has a pin of its own
KEYS: Final = "0123456789*#ABCDR"

Pull = Literal["up", "down", "none"]
_Part = TypeVar("_Part")


class ProfileError(ValueError):
    """The profile cannot be used."""

    def __init__(self, file: str, key: str, value: object, remedy: str) -> None:
        shown = "" if value is None else f" = {value!r}"
        super().__init__(f"{file}: {key}{shown}: {remedy}")
        self.file, self.key, self.value, self.remedy = file, key, value, remedy


@dataclass(frozen=True, slots=True)
class HookPin:
    """The hook switch."""

    pin: int
    pull: Pull = "up"
    lifted_high: bool = True
    """The pin's level while the handset is up."""
    reread: Seconds = Seconds(0.5)
    """Read the level again this often: a missed edge must heal."""

    @property
    def closed_when_lifted(self) -> bool:
        """Whether lifting closes the switch (against the pull) or opens it."""
        return self.lifted_high != (self.pull == "up")


@dataclass(frozen=True, slots=True)
class KeypadPins:
    """The key matrix.  Rows are driven, columns are read."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    keys: Mapping[Crosspoint, str]
    """What is printed on the key at each crosspoint."""
    pull: Pull = "up"
    """Of the columns; rows are driven to the other level."""
    rescan: Seconds = Seconds(0.005)
    """Time from scan to scan while a contact is closed."""
    settle: Seconds = Seconds(0.00002)
    """Time from driving a row to reading the columns."""


@dataclass(frozen=True, slots=True)
class BellPin:
    """The ring buzzer."""

    pin: int
    kind: Literal["tonal", "buzzer"] = "tonal"
    """A passive sounder, driven with the ring frequency, or an active one: on or off."""
    active_high: bool = True


@dataclass(frozen=True, slots=True)
class LampPin:
    """The message lamp."""

    pin: int
    active_high: bool = True


@dataclass(frozen=True, slots=True)
class Profile:
    """One board.  Parts that the board lacks are None."""

    name: str
    description: str = ""
    chips: tuple[str, ...] = CHIPS
    hook: HookPin | None = None
    keypad: KeypadPins | None = None
    bell: BellPin | None = None
    lamp: LampPin | None = None
    sound: SoundCard | None = None

    def pins(self) -> dict[str, int]:
        """Every pin in use, by what hangs on it, in the order of the file."""
        found: dict[str, int] = {}
        if self.hook:
            found["hook.pin"] = self.hook.pin
        if self.keypad:
            found |= {f"keypad.rows[{n}]": pin for n, pin in enumerate(self.keypad.rows)}
            found |= {f"keypad.columns[{n}]": pin for n, pin in enumerate(self.keypad.columns)}
        if self.bell:
            found["bell.pin"] = self.bell.pin
        if self.lamp:
            found["lamp.pin"] = self.lamp.pin
        return found


NONE: Final = Profile("none", "No hardware at all: driven by the offhook command alone.")


def names() -> tuple[str, ...]:
    """The profiles that come with the phone."""
    return ("none", *sorted(path.stem for path in DIRECTORY.glob("*.toml")))


def load(name: str) -> Profile:
    """The profile of this name, or from the file of this path.  Raises ProfileError."""
    if name == "none":
        return NONE
    path = Path(name) if name.endswith(".toml") else DIRECTORY / f"{name}.toml"
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SIZE)
    except OSError as error:
        known = f"{error.strerror}. Choose from: {', '.join(names())}; or write the path of a file."
        raise ProfileError(str(path), "profile", name, known) from error
    return parse(content, str(path))


def parse(content: bytes, file: str) -> Profile:
    """A profile from the text of a TOML file; `file` is for messages.  Raises ProfileError."""
    try:
        table = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProfileError(file, "file", None, f"is not TOML: {error}") from error
    reader = _Reader(file, "", table)
    profile = Profile(
        name=reader.text("name", None, r"[a-z0-9][a-z0-9_-]*", "small letters, digits and -"),
        description=reader.text("description", "", r"[^\n]*", "one line"),
        chips=reader.texts("chips", CHIPS),
        hook=reader.part("hook", _hook),
        keypad=reader.part("keypad", _keypad),
        bell=reader.part("bell", _bell),
        lamp=reader.part("lamp", _lamp),
        sound=reader.part("sound", _sound),
    )
    reader.finish()
    _check_pins(profile, file)
    return profile


def _check_pins(profile: Profile, file: str) -> None:
    owner: dict[int, str] = {}
    for key, pin in profile.pins().items():
        if pin in owner:
            raise ProfileError(file, key, pin, f"is taken by {owner[pin]}. Choose another pin.")
        owner[pin] = key


def _hook(table: "_Reader") -> HookPin:
    return HookPin(
        pin=table.pin("pin"),
        pull=_pull(table, ("up", "down", "none")),
        lifted_high=table.choice("lifted", "high", ("high", "low")) == "high",
        reread=table.milliseconds("reread", 500, 50, 5000),
    )


def _keypad(table: "_Reader") -> KeypadPins:
    rows, columns = table.pins("rows"), table.pins("columns")
    return KeypadPins(
        rows=rows,
        columns=columns,
        keys=_keys(table, rows, columns),
        pull=_pull(table, ("up", "down")),
        rescan=table.milliseconds("rescan", 5, 1, 50),
        settle=table.milliseconds("settle", 0.02, 0, 5),
    )


def _keys(
    table: "_Reader", rows: Sequence[int], columns: Sequence[int]
) -> Mapping[Crosspoint, str]:
    lines = table.texts("keys", None)
    shape = f'Write {len(rows)} strings of {len(columns)} characters, for example "123".'
    if len(lines) != len(rows) or any(len(line) != len(columns) for line in lines):
        raise table.error("keys", f"does not fit rows and columns. {shape}")
    printed = "".join(lines).replace(" ", "")
    if len(set(printed)) < len(printed) or not set(printed) <= set(KEYS):
        raise table.error("keys", f"Use each of {KEYS} at most once, a space where there is none.")
    return MappingProxyType(
        {
            Crosspoint(row, column): key
            for row, line in enumerate(lines)
            for column, key in enumerate(line)
            if key != " "
        }
    )


def _bell(table: "_Reader") -> BellPin:
    kind = table.choice("kind", "tonal", ("tonal", "buzzer"))
    return BellPin(
        pin=table.pin("pin"),
        kind=cast("Literal['tonal', 'buzzer']", kind),
        active_high=table.choice("active", "high", ("high", "low")) == "high",
    )


def _lamp(table: "_Reader") -> LampPin:
    return LampPin(table.pin("pin"), table.choice("active", "high", ("high", "low")) == "high")


def _sound(table: "_Reader") -> SoundCard:
    device, shape = r"[A-Za-z0-9_:=,.-]{1,128}", 'an ALSA name, such as "plughw:CARD=Device,DEV=0"'
    card = SoundCard(
        capture=table.text("capture", None, device, shape),
        playback=table.text("playback", None, device, shape),
        rate=Hertz(table.whole("rate", RATE, RATE, RATE)),
        period=Samples(table.whole("period", PERIOD, 40, 160)),
        periods=table.whole("periods", 4, 3, 16),
        reserve=Samples(table.whole("reserve", 80, 40, 640)),
        priority=table.whole("priority", 20, 0, 80),
    )
    if card.reserve + card.period > card.period * (card.periods - 1):
        raise table.error("reserve", "must leave a period of the buffer free, and a period more.")
    return card


def _pull(table: "_Reader", options: Sequence[str]) -> Pull:
    return cast("Pull", table.choice("pull", "up", options))


@dataclass(slots=True)
class _Reader:
    """One table of the file; every key is asked for once, what is left over is an error."""

    file: str
    name: str
    entries: Mapping[str, object]
    _asked: set[str] = field(default_factory=set)

    def error(self, key: str, remedy: str) -> ProfileError:
        """What is wrong with `key`."""
        dotted = f"{self.name}.{key}" if self.name else key
        return ProfileError(self.file, dotted, self.entries.get(key), remedy)

    def text(self, key: str, default: str | None, pattern: str, shape: str) -> str:
        """A string of this form."""
        value = self._take(key, default)
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise self.error(key, f"Write {shape}, in quotes.")
        return value

    def texts(self, key: str, default: tuple[str, ...] | None) -> tuple[str, ...]:
        """A list of strings."""
        value = self._take(key, default)
        if not isinstance(value, list | tuple) or not 0 < len(value) <= MAX_LINES:
            raise self.error(key, f"Write a list of 1 to {MAX_LINES} strings.")
        if not all(isinstance(each, str) and each.isprintable() for each in value):
            raise self.error(key, "Write strings only.")
        return tuple(value)

    def choice(self, key: str, default: str, options: Sequence[str]) -> str:
        """One of `options`."""
        value = self._take(key, default)
        if not isinstance(value, str) or value not in options:
            raise self.error(key, f"Choose from: {', '.join(options)}.")
        return value

    def whole(self, key: str, default: int | None, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        value = self._take(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            wanted = str(low) if low == high else f"a whole number from {low} to {high}"
            raise self.error(key, f"Write {wanted}.")
        return value

    def milliseconds(self, key: str, default: float, low: float, high: float) -> Seconds:
        """A stretch of time."""
        value = self._take(key, default)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not low <= cast("float", value) <= high:
            raise self.error(key, f"Write a number of milliseconds from {low} to {high}.")
        return Seconds(cast("float", value) / 1000)

    def pin(self, key: str) -> int:
        """A BCM pin number."""
        return self.whole(key, None, 0, MAX_PIN)

    def pins(self, key: str) -> tuple[int, ...]:
        """A list of BCM pin numbers."""
        value = self._take(key, None)
        if not isinstance(value, list) or not 0 < len(value) <= MAX_LINES:
            raise self.error(key, f"Write a list of 1 to {MAX_LINES} BCM pin numbers.")
        for pin in value:
            if not isinstance(pin, int) or isinstance(pin, bool) or not 0 <= pin <= MAX_PIN:
                raise self.error(key, f"{pin!r} is no pin. Write BCM numbers from 0 to {MAX_PIN}.")
        return tuple(value)

    def part(self, key: str, build: "Callable[[_Reader], _Part]") -> _Part | None:
        """What `build` makes of the table [key]; None when it is not there."""
        self._asked.add(key)
        value = self.entries.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.error(key, f"Write a table: [{key}].")
        table = _Reader(self.file, key, value)
        part = build(table)
        table.finish()
        return part

    def finish(self) -> None:
        """All keys have been asked for."""
        for key in self.entries:
            if key not in self._asked:
                raise self.error(key, f"unknown key. Known: {', '.join(sorted(self._asked))}.")

    def _take(self, key: str, default: object) -> object:
        self._asked.add(key)
        value = self.entries.get(key, default)
        if value is None:
            raise self.error(key, "must be given.")
        return value
