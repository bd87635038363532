"""The message lamp on one GPIO pin."""

from gpiozero import DigitalOutputDevice, Factory


class GpioLamp:
    """`ports.Lamp`."""

    def __init__(self, pin: int, *, active_high: bool, pin_factory: Factory) -> None:
        self._device = DigitalOutputDevice(
            pin, active_high=active_high, initial_value=False, pin_factory=pin_factory
        )

    def light(self, on: bool) -> None:
        """Switch it."""
        if on:
            self._device.on()
        else:
            self._device.off()

    def close(self) -> None:
        """Put it out; the pin becomes an input."""
        if not self._device.closed:
            self._device.off()
        self._device.close()
