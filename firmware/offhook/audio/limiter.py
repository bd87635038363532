"""The last stage before the ear: nothing above the threshold passes (ITU-T P.360).

The whole frame is looked at before any of it is played, so the gain is already falling when the
peak comes; it falls within 2 ms and rises slowly.  A loud but steady sound is therefore made
softer, not bent; only what is left in those 2 ms is clipped.
"""

import audioop
from itertools import count
from typing import Final

from offhook.audio.pcm import FULL_SCALE, ONE, RATE, WIDTH, multiply, ratio
from offhook.units import Decibels, Samples

ATTACK: Final = Samples(16)
"""2 ms."""
RELEASE: Final = Decibels(20.0)
"""How much the gain recovers in a second."""
HOLD: Final = Samples(800)
"""How long the gain waits before it recovers: 100 ms, longer than a period of any voice."""


class Limiter:
    """Caps the peak; below the threshold the sound passes untouched, bit for bit."""

    def __init__(self, threshold: Decibels = Decibels(-9.0)) -> None:
        """`threshold` in dB relative to full scale: the peak of the loudest sine let through."""
        self._most = int(FULL_SCALE * ratio(threshold))
        self._gain = 1.0
        self._held = 0  # samples since the gain last fell

    def process(self, frame: bytes) -> bytes:
        """The frame, no louder than the threshold; same length, no delay."""
        peak = audioop.max(frame, WIDTH)
        if peak <= self._most and self._gain == 1.0:
            return frame
        n = len(frame) // WIDTH
        before, self._gain = self._gain, self._next_gain(peak, n)
        if self._gain == before:
            return self._clip(audioop.mul(frame, WIDTH, before))
        ramp = min(ATTACK, n) if self._gain < before else n
        return self._clip(_glide(frame, before, self._gain, ramp))

    def _next_gain(self, peak: int, n: int) -> float:
        allowed = self._most / peak if peak > self._most else 1.0
        if allowed <= self._gain:
            self._held = 0
            return allowed
        self._held += n
        if self._held <= HOLD:
            return self._gain
        return min(allowed, self._gain * ratio(Decibels(RELEASE * n / RATE)))

    def _clip(self, frame: bytes) -> bytes:
        """Saturate at the threshold: up to where `audioop` saturates, and down again."""
        if audioop.max(frame, WIDTH) <= self._most:
            return frame
        up = audioop.mul(frame, WIDTH, FULL_SCALE / self._most)
        return audioop.mul(up, WIDTH, (self._most - 1) / FULL_SCALE)


def _glide(frame: bytes, before: float, after: float, ramp: int) -> bytes:
    """`frame` with a gain that goes evenly from `before` to `after` in its first `ramp` samples."""
    step = (after - before) / ramp
    weights = map(int, count(ONE * (before + step), ONE * step))
    edge = WIDTH * ramp
    return multiply(frame[:edge], weights) + audioop.mul(frame[edge:], WIDTH, after)
