"""What the core wants written down: it returns notes, the service logs them (journald fields)."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Final

TRANSITION: Final = "state"
"""What a note of a state transition is called: one line, for machines (row 80)."""
MAX_MOVES: Final = 256
"""Transitions kept until somebody takes them; the eldest go first."""


class Severity(IntEnum):
    """The levels of syslog(3) that the phone uses."""

    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFO = 6
    DEBUG = 7


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the journal: `what` is a short constant phrase, the rest are fields.

    Never put credentials or digits dialled in a call into the fields.  Remote strings may stand
    here raw: the journal passes every value through `text.printable`.
    """

    what: str
    fields: Mapping[str, str | int | float] = field(default_factory=lambda: MappingProxyType({}))
    severity: Severity = Severity.INFO


def note(what: str, severity: Severity = Severity.INFO, /, **fields: str | int | float) -> Note:
    """`Note` with keyword fields: ``note("registered", server="192.0.2.1:5060")``."""
    return Note(what, MappingProxyType(fields), severity)


@dataclass(slots=True)
class Diary:
    """Where state machines write down their transitions, in order, for whoever takes them.

        state machine=phone from=ringing event=lifted state=talking

    Never what was said or dialled: only which state, by which event.
    """

    _moves: deque[Note] = field(default_factory=lambda: deque(maxlen=MAX_MOVES))

    def moved(
        self,
        machine: str,
        before: Enum | None,
        what: Enum | str,
        after: Enum,
        *,
        call: str = "",
        severity: Severity = Severity.INFO,
    ) -> None:
        """A machine went from `before` (None: it is new) to `after`; staying is not told."""
        if before is after:
            return
        fields = {
            "machine": machine,
            "from": "none" if before is None else before.name.lower(),
            "event": what if isinstance(what, str) else what.name.lower(),
            "state": after.name.lower(),
            **({"call": call} if call else {}),
        }
        self._moves.append(Note(TRANSITION, MappingProxyType(fields), severity))

    def take(self) -> list[Note]:
        """All since the last time."""
        taken = list(self._moves)
        self._moves.clear()
        return taken
