"""Run one scenario by name and print its findings: ``python -m hil.guest NAME``."""

import json
import sys

from hil.guest import scenarios


def main() -> None:
    """The findings go to the console as one line of JSON."""
    found = scenarios.BY_NAME[sys.argv[1]]()
    sys.stdout.write("HIL " + json.dumps(found) + "\n")


main()
