"""The parts of a board on its pins; imported where there are some, for gpiozero takes time."""

from collections.abc import Callable

from gpiozero import Factory

from offhook.board.profile import BellPin, Profile
from offhook.drivers.callbacks import Lost
from offhook.drivers.gpio_bell import OnOffBell, TonalBell
from offhook.drivers.gpio_hook import GpioHook
from offhook.drivers.gpio_keypad import GpioKeypad
from offhook.drivers.gpio_lamp import GpioLamp
from offhook.ports import Bell, Lamp
from offhook.units import Seconds

MakeOutput = Callable[[Factory], Bell | Lamp]


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


def make_parts(
    profile: Profile, factory: Factory, now: Callable[[], Seconds], lost: Lost | None
) -> tuple[dict[str, object], list[str]]:
    """Each part that can be made, by name, and a trouble for each that cannot."""
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
    made: dict[str, object] = {}
    troubles: list[str] = []
    for name, make in makers.items():
        try:
            made[name] = make()
        except Exception as error:  # noqa: BLE001  # gpiozero's, lgpio's and the kernel's are many
            troubles.append(_trouble(profile, name, error))
    return made, troubles


def _bell(bell: BellPin, factory: Factory) -> Bell:
    kind = TonalBell if bell.kind == "tonal" else OnOffBell
    return kind(bell.pin, active_high=bell.active_high, pin_factory=factory)


def _trouble(profile: Profile, name: str, error: Exception) -> str:
    pins = ", ".join(f"GPIO{pin}" for key, pin in profile.pins().items() if key.startswith(name))
    return (
        f"{name} does not work on {pins}: {str(error) or type(error).__name__}. "
        "Is the pin used by another program (gpioinfo), or wrong in the board profile?"
    )
