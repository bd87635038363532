"""No sound card, but its clock: a call goes on, silently, while the card is away."""

import time
from collections.abc import Callable
from typing import Final

from offhook.units import Hertz, Samples, Seconds

LATEST: Final = 8  # periods behind which lost time is not made up for


def _monotonic() -> Seconds:
    return Seconds(time.monotonic())


def _sleep(duration: Seconds) -> None:
    time.sleep(duration)


class SilentClock:
    """One tick for each period, without drift; late ticks are made up for, up to `LATEST`."""

    def __init__(
        self,
        period: Seconds,
        now: Callable[[], Seconds] = _monotonic,
        sleep: Callable[[Seconds], None] = _sleep,
    ) -> None:
        self._period, self._now, self._sleep = period, now, sleep
        self._next = now()

    def start(self) -> None:
        """The first tick is one period from now."""
        self._next = Seconds(self._now() + self._period)

    def wait(self) -> None:
        """Until the next tick."""
        left = self._next - self._now()
        if left > 0:
            self._sleep(Seconds(left))
        elif left < -LATEST * self._period:
            self._next = self._now()
        self._next = Seconds(self._next + self._period)


class SilentSound:
    """`ports.Sound` without a card."""

    def __init__(
        self,
        rate: Hertz,
        period: Samples,
        now: Callable[[], Seconds] = _monotonic,
        sleep: Callable[[Seconds], None] = _sleep,
        trouble: str | None = None,
    ) -> None:
        """`trouble`: why there is no card, when there should be one."""
        self.rate, self.period = rate, period
        self._clock = SilentClock(Seconds(period / rate), now, sleep)
        self._silence = bytes(2 * period)
        self._trouble = trouble

    def start(self) -> None:
        """Start the clock."""
        self._clock.start()

    def stop(self) -> None:
        """Nothing sounds anyway."""

    def read(self) -> bytes:
        """Silence, a period after the last."""
        self._clock.wait()
        return self._silence

    def write(self, frame: bytes) -> None:
        """Nobody hears it."""

    def trouble(self) -> str | None:
        """As told at the start."""
        return self._trouble

    def close(self) -> None:
        """Nothing is held."""
