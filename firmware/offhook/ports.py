"""Shapes of the hardware: what a board must offer, and what the rest of the phone may ask of it.

Drivers carry edges and levels; whoever listens decides what they mean.  Listeners are called on a
driver's thread.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from offhook.units import Hertz, Samples, Seconds


class Crosspoint(NamedTuple):
    """A place in the keypad matrix."""

    row: int
    column: int


class Hook(Protocol):
    """The hook switch."""

    def lifted(self) -> bool:
        """The raw level now: True when the handset is up (inversion already applied)."""
        ...

    def listen(self, listener: Callable[[bool, Seconds], None]) -> None:
        """Call `listener(lifted, at)` at each raw edge, bounce included."""
        ...

    def close(self) -> None:
        """Release the line."""
        ...


class Keypad(Protocol):
    """A matrix of keys."""

    checked: Seconds
    """When the contacts were last looked at: a sign of life."""

    def listen(self, listener: Callable[[frozenset[Crosspoint], Seconds], None]) -> None:
        """Call `listener(closed, at)` when the set of closed contacts has changed."""
        ...

    def close(self) -> None:
        """Release the lines."""
        ...


class Bell(Protocol):
    """Ring buzzer.  Silent whenever nobody says otherwise, the process being dead included."""

    def sound(self, frequency: Hertz | None) -> None:
        """Sound at `frequency` (ignored by an on/off buzzer); None is silence."""
        ...

    def close(self) -> None:
        """Silence it and release the line."""
        ...


class Lamp(Protocol):
    """A light."""

    def light(self, on: bool) -> None:
        """Switch it."""
        ...

    def close(self) -> None:
        """Put it out and release the line."""
        ...


class Sound(Protocol):
    """A duplex card: 16-bit linear mono frames of `period` samples, clocked by capture."""

    rate: Hertz
    period: Samples

    def start(self) -> None:
        """Pre-fill the earpiece with silence and start both directions."""
        ...

    def stop(self) -> None:
        """Stop both directions at once, keeping the device."""
        ...

    def read(self) -> bytes:
        """Wait for one period of the microphone.  Silence, at that pace, while the card is away."""
        ...

    def write(self, frame: bytes) -> None:
        """Queue one period for the earpiece.  Never waits longer than a period."""
        ...

    def trouble(self) -> str | None:
        """What is wrong with the card and what to do; None while all is well."""
        ...

    def close(self) -> None:
        """Release the card."""
        ...
