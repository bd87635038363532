"""How alike two stretches of sound are, and at which lag a sound is most like itself."""

import audioop
from collections.abc import Iterable

from offhook.audio.pcm import WIDTH


def likeness(a: bytes, b: bytes) -> float:
    """The square of the normalised correlation, 0 … 1; 0 where they are opposed or silent."""
    factor = audioop.findfactor(a, b)
    if not factor > 0:  # also where b is silent: not a number
        return 0.0
    return factor * audioop.findfactor(b, a)


def best_lag(sound: bytes, at: int, n: int, lags: Iterable[int]) -> tuple[float, int]:
    """The n samples of `sound` from `at` on, against those each lag earlier.

    Returns the greatest likeness and its lag; (0, 0) if nothing is alike.  Every lag must leave
    the older stretch inside `sound`.
    """
    recent = sound[WIDTH * at : WIDTH * (at + n)]
    return best_of(
        (likeness(recent, sound[WIDTH * (at - lag) : WIDTH * (at - lag + n)]), lag) for lag in lags
    )


def best_of(offers: Iterable[tuple[float, int]]) -> tuple[float, int]:
    """The greatest likeness and its lag, the shortest of equals; (0, 0) if nothing is alike."""
    best, found = 0.0, 0
    for alike, lag in offers:
        if alike > best:
            best, found = alike, lag
    return best, found
