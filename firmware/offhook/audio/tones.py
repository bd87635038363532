"""Call-progress tones, DTMF and their exact sound.

A `ToneSpec` is data (see `tone_plans`); a `ToneSource` plays it, one frame after another, with the
phase running on and the cadence exact to the sample.
"""

from dataclasses import dataclass
from typing import Final

from offhook.units import Decibels, Samples, Seconds

COUNTRIES: Final[tuple[str, ...]] = ()
"""ISO 3166 codes with a tone plan ("UK" is understood as "GB")."""


@dataclass(frozen=True, slots=True)
class Component:
    """One sine: its frequency in Hz, its level in dBm0, and perhaps an amplitude modulation."""

    frequency: float
    level: Decibels = Decibels(-19.0)
    modulation: float = 0.0
    """Hz; 90 % deep; 0: none."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Some sines (none: a pause) for some time (None: for ever)."""

    components: tuple[Component, ...]
    samples: Samples | None


@dataclass(frozen=True, slots=True)
class ToneSpec:
    """Segments played once, then segments repeated for ever (none: the tone ends)."""

    once: tuple[Segment, ...]
    repeated: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class TonePlan:
    """How one country's exchanges sound."""

    country: str
    tones: dict[str, ToneSpec]
    ring_cadence: tuple[Seconds, ...]
    """Bell on, off, on, off …"""

    def source(self, name: str) -> "ToneSource":
        """A fresh source of a tone: the names of `phone.actions.Tone`, in lower case."""
        raise NotImplementedError


class ToneSource:
    """One tone as it sounds."""

    def __init__(self, spec: ToneSpec) -> None:
        raise NotImplementedError

    @property
    def done(self) -> bool:
        """Only silence will come: the tone ended by itself, or `stop` has faded it out."""
        raise NotImplementedError

    def stop(self) -> None:
        """Fade out within the next frame (8 ms), then be `done`."""
        raise NotImplementedError

    def frame(self, n: int) -> bytes:
        """The next `n` samples."""
        raise NotImplementedError


def plan(country: str) -> TonePlan:
    """The plan of a country, by ISO 3166 code.  Raises LookupError naming those we have."""
    raise NotImplementedError


def ring_cadence(country: str) -> tuple[Seconds, ...]:
    """Bell on, off, on, off … of a country."""
    return plan(country).ring_cadence


def dtmf(
    digit: str, level: Decibels = Decibels(-9.0), samples: Samples | None = None
) -> ToneSource:
    """A key of 0-9 * # A-D for `samples` (None: until `stop`), `level` for the low group; the high
    group is 2 dB louder (ITU-T Q.23, Q.24).  Raises LookupError for another digit.
    """
    raise NotImplementedError
