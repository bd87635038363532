"""The phone writes its call log and its settings, again and again, until the power goes."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from image.guest.shared import arguments, mark
from offhook.phone.actions import CallEnded, Outcome
from offhook.service.files import write_atomically
from offhook.service.store import Store
from offhook.units import Seconds

STATE: Final = Path("/data/offhook/state")
LOG: Final = STATE / "trial.sqlite"
SETTINGS: Final = STATE / "trial.toml"


def busy() -> None:
    """Each round: a call ends, a setting changes; then it is said that both are written."""
    store = Store(LOG, keep=10_000)
    store.open()
    mark("writing")
    end = time.monotonic() + arguments()["seconds"]
    number = 0
    while time.monotonic() < end:
        number += 1
        if notes := store.add(_call(number), datetime.now(UTC)):
            raise RuntimeError(f"{notes}")
        write_atomically(SETTINGS, settings(number))
        mark(f"written {number}")
    mark("done")


def settings(number: int) -> bytes:
    """More than a block of the file system, and all of it tells which it is."""
    return b"".join(b"setting_%03d = %d\n" % (line, number) for line in range(400))


def _call(number: int) -> CallEnded:
    return CallEnded(
        incoming=bool(number % 2), party=str(number), name="x" * 60, outcome=Outcome.ANSWERED,
        cause="hung up here", call_id=f"{number}@trial", talked=Seconds(number), codec="PCMA",
        packets_lost=0, jitter=Seconds(0), playout_delay=Seconds(0), round_trip=None,
    )  # fmt: skip
