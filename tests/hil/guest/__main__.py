"""Run one scenario by name and print its findings: ``python -m hil.guest NAME``."""

import json
import sys
from pathlib import Path

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
        for log in [*sorted(Path("/run").glob("**/log")), LOG]:
            if log.is_file():
                sys.stdout.write(f"{log}:\n{log.read_text()}")
        raise
    sys.stdout.write("HIL " + json.dumps(found) + "\n")
    return 0


sys.exit(main())
