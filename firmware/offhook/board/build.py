"""From a profile to driver objects.  What cannot be built is missing, and said; the rest works."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gpiozero import Factory

from offhook.board.profile import BellPin, Profile
from offhook.drivers.callbacks import Lost
from offhook.drivers.gpio_bell import OnOffBell, TonalBell
from offhook.drivers.gpio_hook import GpioHook
from offhook.drivers.gpio_keypad import GpioKeypad
from offhook.drivers.gpio_lamp import GpioLamp
from offhook.drivers.pin_factory import GpioError, open_factory
from offhook.ports import Bell, Hook, Keypad, Lamp
from offhook.units import Seconds

MakeOutput = Callable[[Factory], Bell | Lamp]


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
    factory: Factory | None = None
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
    pin_factory: Factory | None = None,
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
    _fill(board, pin_factory, now, lost)
    return board


def output_parts(profile: Profile) -> list[tuple[str, MakeOutput]]:
    """What must be silent when nobody is in charge, by name."""
    parts: list[tuple[str, MakeOutput]] = []
    if profile.bell is not None:
        bell = profile.bell
        parts.append(("bell", lambda factory: _bell(bell, factory)))
    if profile.lamp is not None:
        pin, active = profile.lamp.pin, profile.lamp.active_high
        parts.append(
            ("lamp", lambda factory: GpioLamp(pin, active_high=active, pin_factory=factory))
        )
    return parts


def _fill(board: Board, factory: Factory, now: Callable[[], Seconds], lost: Lost | None) -> None:
    profile = board.profile
    makers: dict[str, Callable[[], object]] = {
        name: (lambda make=make: make(factory))  # type: ignore[misc]
        for name, make in output_parts(profile)
    }
    if (hook := profile.hook) is not None:
        makers["hook"] = lambda: GpioHook(
            hook.pin,
            pull=hook.pull,
            lifted_high=hook.lifted_high,
            pin_factory=factory,
            now=now,
            lost=lost,
        )
    if (pad := profile.keypad) is not None:
        makers["keypad"] = lambda: GpioKeypad(
            pad.rows,
            pad.columns,
            pull=pad.pull,
            rescan=pad.rescan,
            settle=pad.settle,
            pin_factory=factory,
            now=now,
            lost=lost,
        )
    for name, make in makers.items():
        try:
            setattr(board, name, make())
        except Exception as error:  # noqa: BLE001  # gpiozero's, lgpio's and the kernel's are many
            board.troubles.append(_trouble(profile, name, error))


def _bell(bell: BellPin, factory: Factory) -> Bell:
    kind = TonalBell if bell.kind == "tonal" else OnOffBell
    return kind(bell.pin, active_high=bell.active_high, pin_factory=factory)


def _trouble(profile: Profile, name: str, error: Exception) -> str:
    pins = ", ".join(f"GPIO{pin}" for key, pin in profile.pins().items() if key.startswith(name))
    return (
        f"{name} does not work on {pins}: {str(error) or type(error).__name__}. "
        "Is the pin used by another program (gpioinfo), or wrong in the board profile?"
    )
