"""Bell and lamp off, whatever became of the service: what `offhookd --outputs-off` does.

The pins are driven to their silent level and then let go, so that the board's resistor holds it.
"""

from gpiozero import Factory

from offhook.board.parts import output_parts
from offhook.board.profile import Profile
from offhook.drivers.pin_factory import open_factory


def off(profile: Profile, factory: Factory | None = None) -> None:
    """Make each output, silent, and release it.  Raises GpioError when the chip is not ours."""
    parts = output_parts(profile)
    if not parts:
        return
    pins = factory or open_factory(profile.chips)
    for _, make in parts:
        make(pins).close()
    if factory is None:
        pins.close()
