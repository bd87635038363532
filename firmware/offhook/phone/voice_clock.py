"""Media time: how many samples the microphone has given, lost ones included."""

from typing import Final

from offhook.units import Hertz, Samples, Seconds

RATE: Final = Hertz(8000)
WINDOW: Final = Seconds(0.5)  # how long a lag must last to be a loss instead of a late reader
LEAST_LOSS: Final = Seconds(0.015)
PAUSE: Final = Seconds(0.5)  # no capture at all for so long: it was stopped


class CaptureClock:
    """Counts samples; where the sound card lost some, it skips them.

    A late reader catches up by reading faster, a card that lost samples never does: so the smallest
    lag behind `now` in each window tells the two apart, and a slow drift of the card is let be.
    """

    def __init__(self) -> None:
        self._samples = 0
        self._origin: Seconds | None = None
        """The time at which `_samples` would have been 0."""
        self._last = Seconds(0)
        self._least = Seconds(0)
        self._window_ends = Seconds(0)

    @property
    def time(self) -> Samples:
        """Media time at the end of the last frame."""
        return Samples(self._samples)

    def advance(self, n: int, now: Seconds) -> Samples:
        """A frame of `n` samples was captured up to `now`: the media time of its first sample."""
        if self._origin is None:
            self._anchor(n, now)
        elif now - self._last > PAUSE:
            self._samples += self._lag(now) - n
            self._anchor(n, now)
        begin = self._samples
        self._samples += n
        self._last = now
        if (behind := self._behind(now)) < self._least:
            self._least = behind
        if now >= self._window_ends:
            self._judge(now)
        return Samples(begin)

    def _behind(self, now: Seconds) -> Seconds:
        return Seconds(now - (self._origin or 0.0) - self._samples / RATE)

    def _lag(self, now: Seconds) -> int:
        return round(self._behind(now) * RATE)

    def _anchor(self, n: int, now: Seconds) -> None:
        self._origin = Seconds(now - (self._samples + n) / RATE)
        self._open(now)

    def _open(self, now: Seconds) -> None:
        self._least, self._window_ends = Seconds(60), Seconds(now + WINDOW)

    def _judge(self, now: Seconds) -> None:
        """End of a window: what never was caught up is lost, if it is much, else drift."""
        if self._least > LEAST_LOSS:
            self._samples += round(self._least * RATE)
        else:
            self._origin = Seconds((self._origin or 0.0) + self._least)
        self._open(now)
