"""Run one scenario: ``python3 -m image.guest MODULE:FUNCTION``; then power off.

It may return findings, and report some on its way.  One that restarts the machine itself, or wants
it to stay on, returns None.  When it raises, the traceback and the journal's notices go to the
console.
"""

import importlib
import sys
import traceback
from collections.abc import Callable, Mapping

from image.guest.machine import power_off, run
from image.guest.shared import report


def main(name: str) -> None:
    module, _, function = name.partition(":")
    try:
        scenario: Callable[[], Mapping[str, object] | None] = getattr(
            importlib.import_module(f"image.guest.{module}"), function
        )
        found = scenario()
    except Exception:  # noqa: BLE001  # it ends here, on the console
        told = traceback.format_exc()
        journal = run(
            "journalctl", "--boot", "--priority=notice", "--no-pager", "--lines=60", check=False
        )
        sys.stdout.write(f"\n{told}\n{journal}\n")
        report(crashed=told)
        power_off()
        return
    if found is None:
        return
    report(**found)
    power_off()


main(sys.argv[1])
