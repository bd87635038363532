"""The ring buzzer on one GPIO pin.

It must be silent when nobody is in charge.  After kill -9 the kernel frees the line: some chips
make it an input, others leave its last level.  So the board has a resistor that pulls it to
silence; the service runs `offhookd --outputs-off` when its process has gone (ExecStopPost);
and the square wave, made by lgpio in software, ends with the process.
"""

from gpiozero import DigitalOutputDevice, Factory, PWMOutputDevice

from offhook.units import Hertz

DUTY: float = 0.5  # a square wave: the loudest a piezo gives


class TonalBell:
    """`ports.Bell` on a passive sounder: a square wave of the ring frequency."""

    def __init__(self, pin: int, *, active_high: bool, pin_factory: Factory) -> None:
        self._device = PWMOutputDevice(
            pin, active_high=active_high, initial_value=0, frequency=440, pin_factory=pin_factory
        )

    def sound(self, frequency: Hertz | None) -> None:
        """A tone of this frequency, or silence."""
        if frequency is None:
            self._device.off()
            return
        self._device.frequency = frequency
        self._device.value = DUTY

    def close(self) -> None:
        """Silence; the pin becomes an input."""
        if not self._device.closed:
            self._device.off()
        self._device.close()


class OnOffBell:
    """`ports.Bell` on an active buzzer, which has a pitch of its own."""

    def __init__(self, pin: int, *, active_high: bool, pin_factory: Factory) -> None:
        self._device = DigitalOutputDevice(
            pin, active_high=active_high, initial_value=False, pin_factory=pin_factory
        )

    def sound(self, frequency: Hertz | None) -> None:
        """On, or silence."""
        if frequency is None:
            self._device.off()
        else:
            self._device.on()

    def close(self) -> None:
        """Silence; the pin becomes an input."""
        if not self._device.closed:
            self._device.off()
        self._device.close()
