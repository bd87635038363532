"""Time scaling without a change of pitch: take out, or put in, one period of the voice (WSOLA).

Both ends of the cut are alike, because it is as long as the sound takes to repeat itself, and they
are blended into one another.  Sound that does not repeat is left alone.
"""

from typing import Final

from offhook.audio.likeness import best_lag, best_of, likeness
from offhook.audio.pcm import WIDTH, blend
from offhook.units import Samples

SHORTEST: Final = Samples(20)
"""2.5 ms: the period of a 400 Hz voice, and the least that is worth a cut."""
LONGEST: Final = Samples(128)
"""16 ms: the period of a deep voice."""
SEAM: Final = Samples(24)
"""3 ms: the shortest stretch that is compared and blended."""
ALIKE: Final = 0.6
"""The least `likeness` of what is blended; below it a cut would be heard."""
STEP: Final = 2
"""Samples between the lags that are tried."""


def shorten(pcm: bytes, most: int, alike: float = ALIKE) -> bytes:
    """`pcm` less one period of at most `most` samples; unchanged where nothing is so alike."""
    n = len(pcm) // WIDTH
    window = _window(n)
    lags = range(SHORTEST, min(most, LONGEST, n - window) + 1, STEP)
    start = pcm[: WIDTH * window]
    best, found = best_of(
        (likeness(start, pcm[WIDTH * lag : WIDTH * (lag + window)]), lag) for lag in lags
    )
    return cut(pcm, found) if found and best >= alike else pcm


def lengthen(before: bytes, pcm: bytes, most: int, alike: float = ALIKE) -> bytes:
    """`pcm` with the last period of what was played `before` repeated first, if so alike."""
    at = len(before) // WIDTH
    window = min(_window(len(pcm) // WIDTH), len(pcm) // WIDTH)
    lags = range(SHORTEST, min(most, LONGEST, at) + 1, STEP)
    best, found = best_lag(before + pcm, at, window, lags)
    return repeat_last(before, pcm, found) if found and best >= alike else pcm


def cut(pcm: bytes, lag: int) -> bytes:
    """`pcm` less `lag` samples: it begins as it did, and is soon that much further on."""
    rest = pcm[WIDTH * lag :]
    seam = min(WIDTH * lag, len(rest))
    return blend(pcm[:seam], rest[:seam]) + rest[seam:]


def repeat_last(before: bytes, pcm: bytes, lag: int) -> bytes:
    """The last `lag` samples of `before` once more, then `pcm`; the seam is where `pcm` began."""
    period = before[len(before) - WIDTH * lag :]
    seam = min(len(period), len(pcm))
    return blend(pcm[:seam], period[:seam]) + period[seam:] + pcm


def _window(n: int) -> int:
    return max(SEAM, 3 * n // 10)
