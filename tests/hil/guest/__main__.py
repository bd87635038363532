"""Run one scenario by name and print its findings: ``python -m hil.guest NAME``."""

import json
import sys

from hil.guest import scenarios
from hil.guest.exchange import LOG
from hil.guest.real_time import STALLED, StalledError


def main() -> int:
    """The findings go to the console as one line of JSON."""
    try:
        found = scenarios.BY_NAME[sys.argv[1]]()
    except StalledError as error:
        sys.stdout.write(f"{error}\n")
        return STALLED
    except Exception:
        sys.stdout.write(LOG.read_text() if LOG.exists() else "no exchange\n")
        raise
    sys.stdout.write("HIL " + json.dumps(found) + "\n")
    return 0


sys.exit(main())
