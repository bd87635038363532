"""From a profile to driver objects.  What cannot be built is missing, and said; the rest works."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offhook.board.profile import Profile
from offhook.drivers.callbacks import Lost
from offhook.drivers.pin_factory import GpioError, open_factory
from offhook.ports import Bell, Hook, Keypad, Lamp
from offhook.units import Seconds

if TYPE_CHECKING:
    from gpiozero import Factory


def _monotonic() -> Seconds:
    return Seconds(time.monotonic())


@dataclass(slots=True)
class Board:
    """The parts that work, and what is wrong with the others."""

    profile: Profile
    hook: Hook | None = None
    keypad: Keypad | None = None
    bell: Bell | None = None
    lamp: Lamp | None = None
    troubles: list[str] = field(default_factory=list)
    """Text with remedy, one for each part that is missing though the profile has it."""
    factory: "Factory | None" = None
    """Ours to close, when we opened it."""

    def close(self) -> None:
        """Silence, darkness, and all lines released."""
        for part in (self.bell, self.lamp, self.keypad, self.hook):
            if part is not None:
                part.close()
        if self.factory is not None:
            self.factory.close()


def build(
    profile: Profile,
    pin_factory: "Factory | None" = None,
    *,
    now: Callable[[], Seconds] = _monotonic,
    lost: Lost | None = None,
) -> Board:
    """The board that `profile` describes, on `pin_factory` or else on this machine's GPIO chip.

    Starts gpiozero's threads: fork whatever must be forked before.  `now` stamps the edges; `lost`
    is told, on a driver's thread, of an exception in a listener (which gpiozero would swallow).
    """
    board = Board(profile)
    if not profile.pins():
        return board
    if pin_factory is None:
        try:
            pin_factory = board.factory = open_factory(profile.chips)
        except GpioError as error:
            board.troubles.append(f"hook, keys, bell and lamp do not work: {error}")
            return board
    from offhook.board.parts import make_parts  # noqa: PLC0415  # gpiozero takes time

    made, troubles = make_parts(profile, pin_factory, now, lost)
    for name, part in made.items():
        setattr(board, name, part)
    board.troubles += troubles
    return board
