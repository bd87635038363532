"""Arithmetic on frames of sound, done in C by `audioop`.

A frame is `bytes`: 16-bit linear, little-endian, one channel, 8000 samples a second.  `audioop`
works in the byte order of the machine, which is little-endian on every board we run on.
"""

import audioop
import math
from array import array
from collections.abc import Iterable
from functools import cache
from itertools import repeat
from operator import mul, rshift
from typing import Final

from offhook.units import Decibels, Hertz, Samples, Seconds

RATE: Final = Hertz(8000)
"""Samples a second, everywhere inside."""
WIDTH: Final = 2
"""Bytes in a sample."""
FULL_SCALE: Final = 32767
"""The largest sample."""
FULL_SCALE_SINE: Final = Decibels(3.14)
"""dBm0 of a sine that just reaches full scale (ITU-T G.711 §4, A-law)."""
QUIETEST: Final = Decibels(-100.0)
"""What `level_dbm0` says of digital silence."""

_WEIGHT_BITS: Final = 15
ONE: Final = 1 << _WEIGHT_BITS
"""The weight of an unchanged sample in `multiply`."""
_SINE_RMS: Final = FULL_SCALE / math.sqrt(2)


def silence(n: int) -> bytes:
    """`n` samples of nothing."""
    return bytes(WIDTH * n)


def samples(frame: bytes) -> Samples:
    """How many samples are in `frame`."""
    return Samples(len(frame) // WIDTH)


def duration(n: int) -> Seconds:
    """How long `n` samples last."""
    return Seconds(n / RATE)


def mix(a: bytes, b: bytes) -> bytes:
    """The sum of two frames of the same length, saturated."""
    return audioop.add(a, b, WIDTH)


def scale(frame: bytes, factor: float) -> bytes:
    """Every sample times `factor`, saturated."""
    return audioop.mul(frame, WIDTH, factor)


def gain(frame: bytes, by: Decibels) -> bytes:
    """Louder (positive) or softer (negative) by this much, saturated."""
    return audioop.mul(frame, WIDTH, ratio(by))


def ratio(by: Decibels) -> float:
    """The amplitude ratio of a level difference."""
    return float(10.0 ** (by / 20.0))


def amplitude(level: Decibels) -> float:
    """The peak of a sine of this level in dBm0, in units of a sample."""
    return FULL_SCALE * ratio(Decibels(level - FULL_SCALE_SINE))


def peak(frame: bytes) -> int:
    """The largest absolute sample."""
    return audioop.max(frame, WIDTH)


def rms(frame: bytes) -> int:
    """Root mean square, rounded down."""
    return audioop.rms(frame, WIDTH)


def level_dbm0(frame: bytes) -> Decibels:
    """The power of `frame` in dBm0; `QUIETEST` for silence."""
    power = audioop.rms(frame, WIDTH)
    if power == 0:
        return QUIETEST
    return Decibels(FULL_SCALE_SINE + 20.0 * math.log10(power / _SINE_RMS))


def multiply(frame: bytes, weights: Iterable[int]) -> bytes:
    """Each sample times its own weight, in units of 1/32768 (0 … `ONE`); for ramps and blends.

    Runs in C, but makes an object of each sample (0.1 µs): for edges, not for every frame.
    """
    products = map(mul, memoryview(frame).cast("h"), weights)
    return array("h", map(rshift, products, repeat(_WEIGHT_BITS))).tobytes()


@cache
def rise(n: int) -> tuple[int, ...]:
    """Raised-cosine weights from silence to full, `n` samples long."""
    return tuple(round(ONE * (0.5 - 0.5 * math.cos(math.pi * (i + 0.5) / n))) for i in range(n))


@cache
def fall(n: int) -> tuple[int, ...]:
    """The complement of `rise`: the two add up to `ONE` at every sample."""
    return tuple(ONE - weight for weight in rise(n))


def blend(out: bytes, into: bytes) -> bytes:
    """From one frame to another of the same length, crossing over along raised cosines."""
    n = len(out) // WIDTH
    return audioop.add(multiply(out, fall(n)), multiply(into, rise(n)), WIDTH)


def settle(step: bytes, frame: bytes, n: int) -> bytes:
    """`frame` with `step` (one sample) added to its beginning, where it dies away in `n` samples.

    With the step from one sound to the next, the next goes on where the one left off: no click.
    """
    n = min(n, len(frame) // WIDTH)
    return mix(multiply(step * n, fall(n)), frame[: WIDTH * n]) + frame[WIDTH * n :]
