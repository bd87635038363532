"""Call-progress tones, DTMF and their exact sound.

A `ToneSpec` is data (see `tone_plans`); a `ToneSource` plays it, one frame after another.  All
frequencies are whole Hz, so any sum of them repeats after one second at most: the sound of a
segment is a table of one common period, played round and round.  That makes the frequency exact
for ever, the loop seamless, and a frame a slice.
"""

import math
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain, cycle
from typing import Final

from offhook.audio.pcm import (
    FULL_SCALE,
    RATE,
    WIDTH,
    amplitude,
    fall,
    multiply,
    rise,
    silence,
)
from offhook.audio.tone_plans import ALIASES, COMMON, DTMF, PLANS, RING_CADENCES
from offhook.units import Decibels, Samples, Seconds

COUNTRIES: Final[tuple[str, ...]] = tuple(PLANS)
"""Countries with a tone plan ("GB" is understood as "UK")."""
LEVEL: Final = Decibels(-19.0)
"""Of each sine of a tone that names no level."""
RAMP: Final = Samples(64)
"""8 ms of raised cosine where a tone begins or ends: a bare edge clicks."""
DEPTH: Final = 0.9
"""Of amplitude modulation."""
DTMF_LEVEL: Final = Decibels(-9.0)
"""Of the low group, towards the network."""
TWIST: Final = Decibels(2.0)
"""How much louder the high group is: lines lose more there."""
_SHORTEST_TABLE: Final = 1600
"""Samples; a short period is repeated to this length so that a frame is one or two slices."""

MOST_TABLES: Final = 128
"""Kept of either kind; one country needs about 30."""

_STEP: Final = re.compile(r"(!?)([0-9+*@.-]+)(?:/([1-9][0-9]{0,4}))?")
_SINE: Final = re.compile(r"([0-9]{1,4})(?:\*([0-9]{1,2}))?(?:@(-?[0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class Component:
    """One sine: its frequency in Hz, its level in dBm0, and perhaps an amplitude modulation."""

    frequency: int
    level: Decibels = LEVEL
    modulation: int = 0
    """Hz; 0: none.  `level` is that of the modulated sound."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Some sines (none: a pause) for some time (None: for ever)."""

    components: tuple[Component, ...]
    samples: Samples | None


@dataclass(frozen=True, slots=True)
class ToneSpec:
    """Segments played once, then segments repeated for ever (none: the tone ends)."""

    once: tuple[Segment, ...]
    repeated: tuple[Segment, ...] = ()

    @staticmethod
    def parse(text: str) -> "ToneSpec":
        """The notation of `tone_plans`.  Raises ValueError."""
        once: list[Segment] = []
        repeated: list[Segment] = []
        for step in text.split(","):
            match = _STEP.fullmatch(step)
            if match is None:
                raise ValueError(f"tone step {step!r} is not [!]f[+f…][/ms]")
            first, sines, ms = match.groups()
            samples = None if ms is None else Samples(int(ms) * RATE // 1000)
            (once if first else repeated).append(Segment(_components(sines), samples))
        return ToneSpec(tuple(once), tuple(repeated))


def _components(text: str) -> tuple[Component, ...]:
    sines = []
    for sine in text.split("+"):
        match = _SINE.fullmatch(sine)
        if match is None:
            raise ValueError(f"sine {sine!r} is not f[*m][@level]")
        frequency, modulation, level = match.groups(default="")
        if int(frequency):
            sines.append(
                Component(int(frequency), Decibels(float(level or LEVEL)), int(modulation or 0))
            )
    return tuple(sines)


class ToneSource:
    """One tone as it sounds.

    A burst begins at phase zero and is ramped at both ends within its own time, so the cadence is
    exact to the sample.
    """

    def __init__(self, spec: ToneSpec) -> None:
        self._segments = chain(spec.once, cycle(spec.repeated))
        self._sound = b""  # what is being played
        self._at = 0  # in it, bytes
        self._loop = b""  # what to play when it ends: the table of a segment without end
        self._ended = False

    @property
    def done(self) -> bool:
        """Only silence will come: the tone ended by itself, or `stop` has faded it out."""
        return self._ended and self._at >= len(self._sound)

    def stop(self) -> None:
        """Fade out within the next 8 ms, then be `done`."""
        if not self._ended:
            self._end(multiply(self.frame(RAMP), fall(RAMP)))

    def frame(self, n: int) -> bytes:
        """The next `n` samples."""
        size = WIDTH * n
        out = self._sound[self._at : self._at + size]
        self._at += len(out)
        while len(out) < size:
            self._begin()
            more = self._sound[: size - len(out)] or bytes(size - len(out))
            self._at = len(more)
            out += more
        return out

    def _begin(self) -> None:
        """Go to the next sound; none: silence."""
        if self._loop or self._ended:
            self._sound = self._loop
            return
        segment = next(self._segments, None)
        if segment is None:
            self._end(b"")
        elif segment.samples is not None:
            self._sound = burst(segment.components, segment.samples)
        else:
            self._loop = period(segment.components)
            head = WIDTH * RAMP
            self._sound = multiply(self._loop[:head], rise(RAMP)) + self._loop[head:]

    def _end(self, last: bytes) -> None:
        """`last`, then silence."""
        self._ended = True
        self._sound, self._at, self._loop = last, 0, b""


@dataclass(frozen=True, slots=True)
class TonePlan:
    """How one country's exchanges sound."""

    country: str
    tones: dict[str, ToneSpec]
    ring_cadence: tuple[Seconds, ...]
    """Bell on, off, on, off …"""

    def source(self, name: str) -> ToneSource:
        """A fresh source of a tone: the names of `phone.actions.Tone`, in lower case."""
        return ToneSource(self.tones[name])

    def prepare(self) -> None:
        """Compute every table now, so that no tone starts with a hiccup (some ms in all)."""
        for spec in self.tones.values():
            for segment in spec.once + spec.repeated:
                period(segment.components)


@cache
def plan(country: str) -> TonePlan:
    """The plan of a country.  Raises LookupError naming those we have."""
    code = ALIASES.get(country.upper(), country.upper())
    if code not in PLANS:
        raise LookupError(f"no tone plan for {country!r}; there are {' '.join(COUNTRIES)}")
    tones = {name: ToneSpec.parse(text) for name, text in {**COMMON, **PLANS[code]}.items()}
    cadence = tuple(Seconds(ms / 1000) for ms in RING_CADENCES[code])
    return TonePlan(code, tones, cadence)


def ring_cadence(country: str) -> tuple[Seconds, ...]:
    """Bell on, off, on, off … of a country.  Raises LookupError."""
    return plan(country).ring_cadence


def dtmf(digit: str, level: Decibels = DTMF_LEVEL, samples: Samples | None = None) -> ToneSource:
    """A key of 0-9 * # A-D for `samples` (None: until `stop`), `level` for the low group.

    Raises LookupError for another digit.
    """
    low, high = DTMF[digit.upper()]
    pair = (Component(low, level), Component(high, Decibels(level + TWIST)))
    segment = Segment(pair, samples)
    return ToneSource(ToneSpec((segment,)))


@lru_cache(maxsize=MOST_TABLES)
def period(components: tuple[Component, ...]) -> bytes:
    """A whole number of common periods of these sines, starting at phase zero."""
    if not components:
        return silence(_SHORTEST_TABLE)
    rhythm = math.gcd(RATE, *(f for c in components for f in (c.frequency, c.modulation)))
    n = RATE // rhythm
    waves = [list(_wave(component, n)) for component in components]
    total = array("h", (_saturate(sum(at)) for at in zip(*waves, strict=True)))
    return total.tobytes() * math.ceil(_SHORTEST_TABLE / n)


@lru_cache(maxsize=MOST_TABLES)
def burst(components: tuple[Component, ...], n: Samples) -> bytes:
    """`n` samples with a ramp at either end."""
    if not components:
        return silence(n)
    table = period(components)
    sound = (table * math.ceil(WIDTH * n / len(table)))[: WIDTH * n]
    ramp = min(RAMP, n // 2)
    edge = WIDTH * ramp
    middle = sound[edge : len(sound) - edge]
    return (
        multiply(sound[:edge], rise(ramp))
        + middle
        + multiply(sound[len(sound) - edge :], fall(ramp))
    )


def _wave(component: Component, n: int) -> Iterator[float]:
    peak = amplitude(component.level)
    step = 2 * math.pi * component.frequency / RATE
    if not component.modulation:
        return (peak * math.sin(step * i) for i in range(n))
    peak /= math.sqrt(1 + DEPTH**2 / 2)  # keeps the power at `level`
    slow = 2 * math.pi * component.modulation / RATE
    return (peak * (1 + DEPTH * math.sin(slow * i)) * math.sin(step * i) for i in range(n))


def _saturate(value: float) -> int:
    return max(-FULL_SCALE, min(FULL_SCALE, round(value)))
