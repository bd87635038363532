"""Programs of the system that are asked to do something."""

import subprocess
from collections.abc import Sequence
from typing import Final

MAX_TIME: Final = 60  # seconds that one may take


def run(command: Sequence[str], given: str = "") -> str:
    """What it prints.  Raises `OSError` with its own words if it fails."""
    try:
        done = subprocess.run(  # noqa: S603  # our own words, no shell
            command, input=given, check=True, capture_output=True, timeout=MAX_TIME, text=True
        )
    except subprocess.CalledProcessError as error:
        raise OSError(f"{command[0]}: {error.stderr.strip() or error.returncode}") from error
    except subprocess.TimeoutExpired as error:
        raise OSError(f"{command[0]}: no end after {MAX_TIME} s") from error
    return done.stdout
