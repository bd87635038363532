"""The journal, read: records as journalctl gives them, and as a person wants to see them.

Secrets were hidden by `service.journal` when the lines were written; words of strangers are made
printable once more here, for lines of other programs.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from offhook.cli.machine import Machine
from offhook.service.journal import IDENTIFIER, message_id
from offhook.service.redact import redact_text

SEVERITIES: Final = ("error", "warning", "notice", "info", "debug")
UNITS: Final = ("-u", "offhookd.service", "-u", "offhook-*.service")
CALL: Final = "OFFHOOK_CALL"
ENDED: Final = message_id("call ended")
MAX_SHOWN: Final = 2000  # characters of a line
MAX_CALLS: Final = 500  # that are searched for one
SHORT: Final = 8  # characters of a call's id in the column
MARGIN: Final = 1_000_000  # µs around a call

_NAMES: Final = ("emerg", "alert", "crit", *SEVERITIES)

Record = Mapping[str, object]


def parse(line: str) -> Record | None:
    """One line of `journalctl -o json`; None when it is none."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def entries(machine: Machine, *match: str) -> list[Record]:
    """Lines of the journal, oldest first; none where it may not be read."""
    said = machine.said("journalctl", "-q", "--no-pager", "-o", "json", *match)
    return [record for line in said.splitlines() if (record := parse(line)) is not None]


def text(record: Record, name: str) -> str:
    """A field; journalctl gives bytes as a list of numbers, and a field given twice as a list."""
    value = record.get(name)
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value:
        return ""
    if all(isinstance(each, int) and 0 <= each < 256 for each in value):
        return bytes(value).decode("utf-8", "backslashreplace")
    return str(value[-1])


def microseconds(record: Record) -> int:
    """When it was written, since 1970."""
    stamp = text(record, "__REALTIME_TIMESTAMP")
    return int(stamp) if stamp.isascii() and stamp.isdecimal() and len(stamp) < 18 else 0


def time(record: Record, zone: tzinfo | None = None) -> datetime:
    """The same for people; `zone` None is that of this machine."""
    return datetime.fromtimestamp(microseconds(record) / 1e6, UTC).astimezone(zone)


@dataclass(slots=True)
class Columns:
    """Time, severity, call, words: a new day has a line of its own."""

    zone: tzinfo | None = None
    _day: str = ""

    def lines(self, record: Record) -> Iterator[str]:
        """What to print for one record."""
        at = time(record, self.zone)
        if (day := f"{at:%Y-%m-%d}") != self._day:
            self._day = day
            yield f"--- {at:%A %Y-%m-%d, %Z} ---"
        call = redact_text(text(record, CALL)[:SHORT], SHORT)
        who = text(record, "SYSLOG_IDENTIFIER")
        name = "" if who in ("", IDENTIFIER) else f"{redact_text(who, 32)}: "
        words = redact_text(text(record, "MESSAGE"), MAX_SHOWN)
        yield (
            f"{at:%H:%M:%S}.{at.microsecond // 1000:03}  {severity(record):<7}  {call:<{SHORT}}"
            f"  {name}{words}"
        ).rstrip()


def severity(record: Record) -> str:
    """Its name."""
    level = text(record, "PRIORITY")
    return _NAMES[int(level)] if level in tuple("01234567") else ""


def find_call(machine: Machine, wanted: str) -> str:
    """The whole id of the newest call that ended and begins so ("last": any); empty if none."""
    for record in reversed(entries(machine, "-n", str(MAX_CALLS), f"MESSAGE_ID={ENDED}")):
        call = text(record, CALL)
        if call and (wanted == "last" or call.startswith(wanted)):
            return call
    return ""


def of_call(machine: Machine, call: str) -> list[Record]:
    """All lines from the call's first sign to its end, but those of other calls."""
    signs = entries(machine, f"{CALL}={call}")
    if not signs:
        return []
    begin = min(microseconds(each) - _talked(each) for each in signs) - MARGIN
    end = max(map(microseconds, signs)) + MARGIN
    since, until = (f"@{at // 1_000_000}" for at in (begin, end + 1_000_000))
    around = entries(machine, *UNITS, f"--since={since}", f"--until={until}")
    others = [
        each for each in around if not text(each, CALL) and begin <= microseconds(each) <= end
    ]
    return sorted((*signs, *others), key=microseconds)


def _talked(record: Record) -> int:
    """Microseconds from the answer to the line that says how long one talked."""
    try:
        return int(float(text(record, "OFFHOOK_TALKED_S") or 0) * 1_000_000)
    except ValueError:
        return 0
