"""What the core wants written down: it returns notes, the service logs them (journald fields)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType


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
