"""What a person may choose about the telephone.  The service checks the ranges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final

from offhook.phone.emergency import emergency_numbers
from offhook.ports import Crosspoint
from offhook.units import Hertz, Seconds

DEFAULT_COUNTRY: Final = "US"

DEFAULT_DIAL_PLAN: Final = "(xx.|*xx.)"
"""Any number or star code of at least one digit; the exchange knows better."""


class Function(Enum):
    """What a key that is no digit does."""

    FLASH = "flash"  # take the waiting call, swap two calls, new dial tone after a call
    REDIAL = "redial"
    MUTE = "mute"  # while talking: the microphone is heard no more, or again


def _rows(*rows: str) -> Mapping[Crosspoint, str]:
    keys = {
        Crosspoint(row, column): key
        for row, letters in enumerate(rows)
        for column, key in enumerate(letters)
    }
    return MappingProxyType(keys)


KEYS_4X3: Final = _rows("123", "456", "789", "*0#")
KEYS_4X4: Final = _rows("123A", "456B", "789C", "*0#D")


@dataclass(frozen=True, slots=True)
class FlashWindow:
    """How long a hook flash lasts; a shorter break is bounce, a longer one is on-hook."""

    shortest: Seconds = Seconds(0.2)
    longest: Seconds = Seconds(0.9)


@dataclass(frozen=True, slots=True)
class HookSettings:
    """Timing of the cradle switch."""

    debounce: Seconds = Seconds(0.03)
    """The switch is up when it was up this long without a break."""
    on_hook: Seconds = Seconds(0.06)
    """Down this long without a break ends the call: twice the longest bounce (reliability C #16).
    With a flash window, its longest if that is more."""
    flash: FlashWindow | None = None


@dataclass(frozen=True, slots=True)
class KeypadSettings:
    """Layout and timing of the keys."""

    keys: Mapping[Crosspoint, str] = field(default_factory=lambda: KEYS_4X4)
    """Name of each key: a digit, or one of `functions`."""
    functions: Mapping[str, Function] = field(
        default_factory=lambda: MappingProxyType(
            {
                "R": Function.FLASH,
                "A": Function.FLASH,
                "B": Function.REDIAL,
                "C": Function.MUTE,
            }
        )
    )
    flash_long_press: str | None = "*"
    """This key, pressed long, flashes too: for keypads without an R key."""
    debounce: Seconds = Seconds(0.02)
    long_press: Seconds = Seconds(1)
    stuck: Seconds = Seconds(10)
    """A key closed this long has jammed: it counts as released until it really opens."""


@dataclass(frozen=True, slots=True)
class DiallingSettings:
    """From digits to a number."""

    dial_plan: str = DEFAULT_DIAL_PLAN
    """Cisco-SPA grammar, see `dial_plan`."""
    emergency: tuple[str, ...] = emergency_numbers(DEFAULT_COUNTRY)
    """Numbers that go out at once, before every rule of the plan."""
    redial_code: str = "*07"
    """Dials the last number again; empty: no such code."""
    short: Seconds = Seconds(3)
    """Wait this long after a complete number that could go on; `S:` in the plan overrides it."""
    long: Seconds = Seconds(10)
    """Wait for another digit when it is not complete; `L:` in the plan overrides it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each stage lasts while the handset lies beside the phone."""

    dial_tone: Seconds = Seconds(15)
    """To the first digit."""
    reorder: Seconds = Seconds(20)
    """Busy, reorder and unobtainable tone, and the tone after the other side hung up."""
    howler: Seconds = Seconds(60)
    no_answer: Seconds = Seconds(180)
    """An outgoing call rings this long; an emergency call without end."""


@dataclass(frozen=True, slots=True)
class PhoneSettings:
    """Everything the Station needs to know that is neither account nor board."""

    country: str = DEFAULT_COUNTRY
    """Tones and bell cadence: a key of `audio.tones.COUNTRIES`."""
    codecs: tuple[str, ...] = ("PCMA", "PCMU", "G729")
    """In order of preference; those the machine cannot do are left out."""
    hook: HookSettings = HookSettings()
    keypad: KeypadSettings = field(default_factory=KeypadSettings)
    dialling: DiallingSettings = DiallingSettings()
    patience: Patience = Patience()
    call_waiting: bool = True
    ring_frequency: Hertz = Hertz(440)
    packet_time: Seconds = Seconds(0.02)
    media_timeout: Seconds = Seconds(30)
    """A call without a packet for this long ends; 0: never.  A held call never does."""
    answer_order: str = "offerer"
    """Whose codec order decides when we answer: "offerer" or "answerer"."""
