"""What was recorded at the sound card, on the clock of the simulated board."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Self

import numpy as np

from hil.machine import Report
from support.speech import RATE, Signal, delay, from_bytes, quality

AUDIBLE: Final = 50  # of 32768: above what a codec makes of silence
PIECE: Final = RATE // 2  # for the delay: the playout may change it within a recording
LOWS: Final = (697, 770, 852, 941)  # Hz, ITU-T Q.23
HIGHS: Final = (1209, 1336, 1477, 1633)
KEYS: Final = ("123A", "456B", "789C", "*0#D")


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording."""

    samples: Signal
    began: float
    """Monotonic time of its first sample."""

    @classmethod
    def of(cls, report: Report, name: str, times: Mapping[str, float]) -> Self:
        """The file of this name that a scenario left."""
        return cls(from_bytes(report.files[name]), times["heard_from"])

    def between(self, start: float, end: float) -> Signal:
        """What was heard in this time."""
        first = max(round((start - self.began) * RATE), 0)
        last = len(self.samples) if end == float("inf") else round((end - self.began) * RATE)
        return self.samples[first:last]

    def first_sound(self) -> float:
        """When it stopped being silent."""
        return self.began + int(np.argmax(np.abs(self.samples) > AUDIBLE)) / RATE

    def compare(self, spoken: Signal, spoke_at: float) -> tuple[float, float]:
        """Median delay in seconds from mouth to ear, and PESQ, of what was said at that time."""
        delays = []
        for start in range(0, len(spoken) - PIECE, PIECE):
            at, alike = delay(spoken[start : start + PIECE], self.samples)
            if alike > 0.8:
                delays.append(self.began + (at - start) / RATE - spoke_at)
        return float(np.median(delays)), quality(spoken, self.samples)


def strongest(signal: Signal, count: int) -> set[int]:
    """The frequencies (Hz, to the nearest 10) that carry most of it."""
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(len(signal)), RATE))  # a bin for each Hz
    peaks = set()
    for _ in range(count):
        top = int(np.argmax(spectrum))
        spectrum[max(top - 30, 0) : top + 30] = 0
        peaks.add(round(top, -1))
    return peaks


def digits(signal: Signal) -> str:
    """The DTMF digits in it, in order, by Goertzel-like bins of 25 ms."""
    step = RATE // 40
    pieces = (signal[at : at + step] for at in range(0, len(signal) - step, step))
    return "".join(digit for digit, _ in groupby(map(_digit, pieces)) if digit)


def _digit(piece: Signal) -> str:
    time = np.arange(len(piece)) / RATE
    powers = {
        tone: abs(np.dot(piece, np.exp(-2j * np.pi * tone * time))) / len(piece)
        for tone in (*LOWS, *HIGHS)
    }
    low, high = max(LOWS, key=powers.__getitem__), max(HIGHS, key=powers.__getitem__)
    of_all = 2 * (powers[low] ** 2 + powers[high] ** 2)
    if of_all < max(0.8 * float(np.mean(piece**2)), AUDIBLE**2):
        return ""
    return KEYS[LOWS.index(low)][HIGHS.index(high)]
