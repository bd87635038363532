"""A duplex sound card through pyalsaaudio, clocked by its capture side.

start      earpiece filled with a period and the reserve in one write: an ALSA playback
           stream starts with its first write, and with less it would underrun at once
xrun       the stream is prepared again and filled again: one period is lost
card gone  (ENODEV, ESTRPIPE, or -EPIPE for ever when a sound server died) both handles are
           closed; a silent clock keeps the pace; the card is opened again, by its name,
           every 0.5 to 2 s
drift      when capture and playback run on different clocks the earpiece's queue grows or
           shrinks; a period is merged away or put in by cross-fading, without a click
"""

import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import alsaaudio

from offhook.drivers.alsa_pcm import XRUN, Pcm, SoundError, open_capture, open_playback, shut
from offhook.drivers.card import SoundCard
from offhook.drivers.silent_sound import SilentClock, _monotonic, _sleep
from offhook.units import Seconds

_T = TypeVar("_T")

RETRY: Final = Seconds(0.5)
"""First pause before the card is opened again; doubled up to `RETRY_MOST`."""
RETRY_MOST: Final = Seconds(2)
HOPELESS: Final = 5  # xruns without a good period between them: it is not an xrun
STORM: Final = 5  # xruns within STORM_TIME: keep a larger reserve
STORM_TIME: Final = Seconds(10)
CALM: Final = Seconds(300)  # without an xrun: back to the smaller reserve
WIDTH: Final = 2  # bytes in a sample
WINDOW: Final = 100  # writes over which the queue is judged


@dataclass(slots=True)
class SoundStats:
    """Since the start of the process."""

    overruns: int = 0
    underruns: int = 0
    losses: int = 0
    """Times that the card went away."""
    merged: int = 0
    """Periods taken out of the earpiece's queue because it grew."""
    repeated: int = 0
    """Periods put in because it shrank, or because there was an underrun."""


class AlsaSound:
    """`ports.Sound`.  One thread uses it."""

    def __init__(
        self,
        card: SoundCard,
        now: Callable[[], Seconds] = _monotonic,
        sleep: Callable[[Seconds], None] = _sleep,
        open_capture: Callable[[SoundCard], Pcm] = open_capture,
        open_playback: Callable[[SoundCard], Pcm] = open_playback,
    ) -> None:
        """Opens the card at once and keeps it open, so that `start` takes no time."""
        self.rate, self.period = card.rate, card.period
        self.stats = SoundStats()
        self._card, self._now = card, now
        self._openers = open_capture, open_playback
        self._capture: Pcm | None = None
        self._playback: Pcm | None = None
        self._clock = SilentClock(Seconds(card.period / card.rate), now, sleep)
        self._silence = bytes(WIDTH * card.period)
        self._trouble: str | None = None
        self._retry, self._retry_at = RETRY, now()
        self._in_a_row = 0
        self._xruns: deque[Seconds] = deque(maxlen=STORM)
        self._queue = _Queue(card, self.stats)
        self._running = False
        self._open()

    def start(self) -> None:
        """Start both directions."""
        self._running = True
        self._clock.start()
        self._calm()
        for _ in range(2):  # handles of a card that was plugged in again meanwhile are dead
            if self._playback is None:
                self._open()
            self._fill()
            if self._playback is not None:
                break

    def stop(self) -> None:
        """Stop both directions at once."""
        self._running = False
        for pcm in (self._playback, self._capture):
            if pcm is not None:
                self._try(pcm.drop)

    def read(self) -> bytes:
        """One period of the microphone."""
        if self._capture is None and self._now() >= self._retry_at:
            self._open()
            self._fill()
        frame = self._read_card()
        if frame:
            self._in_a_row = 0
            return frame
        if self._capture is None:
            self._clock.wait()
        return self._silence

    def write(self, frame: bytes) -> None:
        """One period for the earpiece.  A full queue takes no more: waiting would be worse."""
        playback = self._playback
        if playback is None:
            return
        try:
            free = playback.avail()
            dry = free == XRUN
            frames = () if dry else self._queue.level(frame, free)
            for each in frames:
                dry = dry or playback.write(each) < 0
        except alsaaudio.ALSAAudioError as error:
            self._lose(str(error))
            return
        if dry:
            self._underrun(frame)

    def trouble(self) -> str | None:
        """Why the card is away; while nothing runs this also looks whether it is back."""
        if self._capture is None and not self._running and self._now() >= self._retry_at:
            self._open()
        return self._trouble

    def close(self) -> None:
        """Release the card."""
        self._running = False
        self._shut()

    def _read_card(self) -> bytes:
        """A period; nothing after an overrun, or when the card went away."""
        for _ in range(2):
            if (capture := self._capture) is None:
                return b""
            try:
                count, data = capture.read()
            except alsaaudio.ALSAAudioError as error:
                self._lose(str(error))
                return b""
            if count == self.period:
                return data
            if count < 0 and count != XRUN:
                self._lose(f"capture failed ({count})")
                return b""
            self.stats.overruns += 1
            if not self._count_xrun("capture"):
                return b""
        return b""

    def _underrun(self, frame: bytes) -> None:
        """Fill anew: silence before the frame that came too late."""
        self.stats.underruns += 1
        if self._count_xrun("playback"):
            self._fill(frame)

    def _fill(self, frame: bytes = b"") -> None:
        """Silence ahead in one write, so that the card never starts with too little."""
        playback = self._playback
        if playback is None or not self._running:
            return
        filling = bytes(WIDTH * self._queue.reserve) + (frame or self._silence)
        wrote = self._try(lambda: playback.write(filling))
        if wrote is not None and wrote < 0:  # it underran before: prepared now, so once more
            self._try(lambda: playback.write(filling))
        self._queue.forget()

    def _count_xrun(self, which: str) -> bool:
        """False if that was one too many, and the card is given up for now."""
        self._in_a_row += 1
        if self._in_a_row >= HOPELESS:
            self._lose(f"{which} does nothing but break off: has the sound server died?")
            return False
        self._xruns.append(self._now())
        if len(self._xruns) == STORM and self._xruns[-1] - self._xruns[0] < STORM_TIME:
            self._queue.enlarge()
            self._xruns.clear()
        return True

    def _calm(self) -> None:
        if not self._xruns or self._now() - self._xruns[-1] > CALM:
            self._queue.reset()

    def _try(self, step: Callable[[], _T]) -> _T | None:
        """Its result; None if the card went away over it."""
        try:
            return step()
        except alsaaudio.ALSAAudioError as error:
            self._lose(str(error))
            return None

    def _open(self) -> None:
        open_capture, open_playback = self._openers
        try:
            self._capture = open_capture(self._card)
            self._playback = open_playback(self._card)
        except SoundError as error:
            self._shut()
            self._back_off(str(error))
            return
        self._trouble = None
        self._retry, self._in_a_row = RETRY, 0

    def _lose(self, what: str) -> None:
        self.stats.losses += 1
        self._shut()
        self._retry = RETRY
        names = f"{self._card.capture!r} and {self._card.playback!r}"
        self._back_off(
            f"sound card {names} went away: {what}. Plug it in again; it is tried every "
            f"{RETRY_MOST:g} s."
        )
        self._clock.start()

    def _back_off(self, trouble: str) -> None:
        self._trouble = trouble
        self._retry_at = Seconds(self._now() + self._retry)
        self._retry = Seconds(min(2 * self._retry, RETRY_MOST))

    def _shut(self) -> None:
        shut(self._playback)
        shut(self._capture)
        self._playback = self._capture = None


class _Queue:
    """How much lies ahead in the earpiece, and what to do when it drifts."""

    def __init__(self, card: SoundCard, stats: SoundStats) -> None:
        self._card, self._stats = card, stats
        self._size = card.period * card.periods
        self.reserve: int = card.reserve
        self._seen: deque[int] = deque(maxlen=WINDOW)
        self._held: bytes | None = None
        self._last = b""

    def reset(self) -> None:
        """Back to the reserve of the profile."""
        self.reserve = self._card.reserve

    def enlarge(self) -> None:
        """As much again, after a storm of xruns."""
        most = self._size - 2 * self._card.period
        self.reserve = min(self.reserve + self._card.reserve, most)

    def forget(self) -> None:
        """The queue was filled anew."""
        self._seen.clear()
        self._held = None

    def level(self, frame: bytes, free: int) -> tuple[bytes, ...]:
        """What to write for `frame` while `free` samples fit."""
        self._seen.append(self._size - free)
        if self._held is not None:
            frame, self._held = fade(self._held, frame), None
        before, self._last = self._last, frame
        if free < self._card.period:
            self._stats.merged += 1
            self._held = frame
            return ()
        if len(self._seen) < WINDOW:
            return (frame,)
        return self._corrected(frame, before)

    def _corrected(self, frame: bytes, before: bytes) -> tuple[bytes, ...]:
        off = sum(self._seen) / WINDOW - self.reserve
        self._seen.clear()
        if off > self._card.period:
            self._stats.merged += 1
            self._held = frame
            return ()
        if off < -self.reserve / 2 and before:  # cards tell whole periods: half of them say 0
            self._stats.repeated += 1
            return fade(frame, before), frame
        return (frame,)


def fade(one: bytes, other: bytes) -> bytes:
    """From `one` to `other` in the time of one: begins as the first, ends as the second."""
    a, b = array.array("h", one), array.array("h", other)
    n = len(a)
    mixed = [(x * (n - i) + y * i) // n for i, (x, y) in enumerate(zip(a, b, strict=True))]
    return array.array("h", mixed).tobytes()
