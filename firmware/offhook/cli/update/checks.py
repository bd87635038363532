"""What speaks against an update now."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from offhook.cli.doctor.board import SUPPLY, Power
from offhook.cli.doctor.finding import Phone, rows
from offhook.cli.doctor.slots import Slots
from offhook.cli.machine import Space

ROOM: Final = 8 << 20  # bytes on data, for RAUC's notes; the new system goes into the other slot


@dataclass(frozen=True, slots=True)
class Facts:
    """Of the moment."""

    phone: Phone
    power: Power
    slots: Slots
    space: Space | None


def against(facts: Facts) -> Iterator[str]:
    """Each reason with what to do; `--now` overrules all of them."""
    if rows(facts.phone.status.get("calls")):
        yield "A call is going on; the update would take its processor time.  Wait until it ends."
    if facts.power.alarm or (facts.power.throttled or 0) & 1:
        yield f"The voltage is too low now; a card written so may be spoilt.  {SUPPLY}"
    running = next((each for each in facts.slots.slots if each.booted), None)
    if running is not None and running.trial:
        yield (
            f"This system ({running.name}) is on trial itself; the update would overwrite the one "
            "to go back to.  Wait until the doctor calls it good."
        )
    if facts.space is not None and facts.space.free < ROOM:
        yield "The data partition is full: offhook doctor (disk)."
