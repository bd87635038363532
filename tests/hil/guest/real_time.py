"""The tester must not be what is late; and when the host lets the whole machine wait, say so."""

import os
from typing import Final

STALLED: Final = 75  # exit status: nothing was found out, try again


class StalledError(RuntimeError):
    """The host had no time for us."""


def hurry(priority: int) -> None:
    """SCHED_FIFO at this priority, for the whole process."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
