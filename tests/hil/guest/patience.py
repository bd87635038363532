"""Waiting inside the simulated board."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import Final

PATIENCE: Final = 20.0  # seconds
LOOK: Final = 0.01


class TooLateError(AssertionError):
    """It did not happen."""


def wait_for(what: str, happened: Callable[[], object], patience: float = PATIENCE) -> float:
    """Until it is true; the time at which it was."""
    end = monotonic() + patience
    while not happened():
        if monotonic() > end:
            raise TooLateError(f"{what}: not within {patience:g} s")
        sleep(LOOK)
    return monotonic()
