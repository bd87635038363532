"""`python -m offhook.board.off PROFILE`: bell and lamp off, whatever became of the service.

Run by ExecStopPost=.  The pins are driven to their silent level and then let go, so that the
board's resistor holds it.
"""

import sys

from gpiozero import Factory

from offhook.board.build import output_parts
from offhook.board.profile import Profile, ProfileError, load
from offhook.drivers.pin_factory import GpioError, open_factory


def off(profile: Profile, factory: Factory) -> None:
    """Make each output, silent, and release it."""
    for _, make in output_parts(profile):
        make(factory).close()


def main(arguments: list[str]) -> int:
    """0 when all is off."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m offhook.board.off PROFILE\n")
        return 2
    try:
        profile = load(arguments[0])
        if output_parts(profile):
            factory = open_factory(profile.chips)
            off(profile, factory)
            factory.close()
    except (ProfileError, GpioError) as error:
        sys.stderr.write(f"bell and lamp may still be on: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
