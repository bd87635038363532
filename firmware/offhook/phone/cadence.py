"""The bell's pattern over time.

pattern  0.4 s on, 0.2 s off, 0.4 s on, 2 s off (United Kingdom)
bell     ▔▔▔▔▁▁▔▔▔▔▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▔▔▔▔▁▁▔▔▔▔
"""

from collections.abc import Sequence

from offhook.units import Seconds


class Cadence:
    """Sounds and pauses in turn, from the first sound on."""

    def __init__(self, pattern: Sequence[Seconds]) -> None:
        """`pattern`: seconds on, off, on, off … of one round, each above zero."""
        self._pattern = tuple(pattern)
        self._stage: int | None = None
        self._deadline: Seconds | None = None

    @property
    def running(self) -> bool:
        """Whether it was started, pauses included."""
        return self._stage is not None

    @property
    def sounding(self) -> bool:
        """Whether the bell sounds now."""
        return self._stage is not None and self._stage % 2 == 0

    def start(self, now: Seconds) -> None:
        """Begin with the first sound."""
        self._stage = 0
        self._deadline = Seconds(now + self._pattern[0])

    def stop(self) -> None:
        """Be silent."""
        self._stage = self._deadline = None

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        return self._deadline

    def tick(self, now: Seconds) -> None:
        """Go on to what is due at `now`; what was slept through is not caught up with."""
        if self._stage is None or self._deadline is None or now < self._deadline:
            return
        self._stage = (self._stage + 1) % len(self._pattern)
        self._deadline = Seconds(max(self._deadline + self._pattern[self._stage], now))
