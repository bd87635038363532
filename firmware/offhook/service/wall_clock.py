"""Is our wall clock right?  A Pi has no battery for it, and the exchange says what it thinks.

The Date of a registrar's answer is a hint and no more: nobody has proved who sent it, so it never
sets the clock (row 16).  Nothing in the phone depends on the clock but what people read: the call
log, the journal; and later the dates of certificates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from offhook.notes import Note, Severity, note
from offhook.units import Seconds

MUCH: Final = 120  # seconds; a date is as old as its message, and repeats of that end after 32 s


def _read() -> float:
    return datetime.now(UTC).timestamp()


@dataclass(slots=True)
class WallClock:
    """Compares; says so once when something changed."""

    note: Callable[[Note, Seconds], None]
    read: Callable[[], float] = _read
    off: int | None = None
    """By how many seconds the exchange's clock is ahead of ours; None before it said anything."""

    def told(self, epoch: int, now: Seconds) -> None:
        """The exchange's clock shows `epoch` (seconds since 1970)."""
        before = self.trouble
        self.off = off = epoch - round(self.read())
        if self.trouble and not before:
            remedy = "see timedatectl"
            what = note(
                "the clock may be wrong", Severity.WARNING, server_ahead_s=off, remedy=remedy
            )
            self.note(what, now)
        elif before and not self.trouble:
            self.note(Note("the clock agrees with the exchange", {}, Severity.NOTICE), now)

    @property
    def trouble(self) -> str:
        """In words, with a remedy; empty while all is well."""
        if self.off is None or abs(self.off) <= MUCH:
            return ""
        which = "behind" if self.off > 0 else "ahead of"
        return (
            f"the clock is {_span(abs(self.off))} {which} the exchange's: "
            "if it is ours that is wrong, see what timedatectl says of the network time"
        )


def _span(seconds: int) -> str:
    for unit, length in (("days", 86_400), ("hours", 3600)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds // 60} minutes"
