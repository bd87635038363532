"""From a profile to driver objects.  What cannot be built is missing, and said; the rest works."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from gpiozero import Factory, GPIOZeroError

from offhook.board.profile import Profile
from offhook.drivers.gpio_bell import OnOffBell, TonalBell
from offhook.drivers.gpio_hook import GpioHook
from offhook.drivers.gpio_keypad import GpioKeypad
from offhook.drivers.gpio_lamp import GpioLamp
from offhook.drivers.pin_factory import GpioError
from offhook.ports import Bell, Hook, Keypad, Lamp
from offhook.units import Seconds

_Part = TypeVar("_Part")


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

    def close(self) -> None:
        """Silence, darkness, and all lines released."""
        for part in (self.bell, self.lamp, self.keypad, self.hook):
            if part is not None:
                part.close()


def build(
    profile: Profile,
    pin_factory: Factory | None = None,
    *,
    now: Callable[[], Seconds] = _monotonic,
    lost: Callable[[str, BaseException], None] | None = None,
) -> Board:
    """The board that `profile` describes, on `pin_factory` or else on this machine's GPIO chip.

    Starts gpiozero's threads: fork whatever must be forked before.  `now` stamps the edges; `lost` is told, on a
    driver's thread, of an exception in a listener (which gpiozero would swallow).
    """
    raise NotImplementedError
