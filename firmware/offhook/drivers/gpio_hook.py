"""The hook switch on one GPIO pin.  Every edge is passed on, bounce included."""

from collections.abc import Callable

from gpiozero import DigitalInputDevice, Factory

from offhook.drivers.callbacks import Lost, guarded
from offhook.units import Seconds

Listener = Callable[[bool, Seconds], None]


class GpioHook:
    """`ports.Hook`.  A DigitalInputDevice, because a Button keeps a thread of its own."""

    def __init__(
        self,
        pin: int,
        *,
        pull: str,
        lifted_high: bool,
        pin_factory: Factory,
        now: Callable[[], Seconds],
        lost: Lost | None = None,
    ) -> None:
        """`pull` is "up", "down" or "none"."""
        floating = pull == "none"
        self._device = DigitalInputDevice(
            pin,
            pull_up=None if floating else pull == "up",
            active_state=lifted_high if floating else None,
            pin_factory=pin_factory,
        )
        # gpiozero calls a pin pulled up active when it is low
        self._inverted = not floating and lifted_high == (pull == "up")
        self._now, self._lost = now, lost

    def lifted(self) -> bool:
        """The level now."""
        return bool(self._device.value) != self._inverted

    def listen(self, listener: Listener) -> None:
        """Pass on every edge."""
        tell = guarded("hook", listener, self._lost)

        def edge(level: bool) -> None:
            tell(level != self._inverted, self._now())

        self._device.when_activated = lambda: edge(True)
        self._device.when_deactivated = lambda: edge(False)

    def close(self) -> None:
        """Release the line."""
        self._device.close()
