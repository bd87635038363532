"""The call log: SQLite in WAL mode, times in UTC, at most so many calls.

WAL with synchronous=FULL: one fsync per call that ended, which is nothing, and a power cut loses
neither the log nor its last line (with NORMAL it could lose the last; a rollback journal would
write three times as much to the card).  A store that cannot write keeps the calls in memory and
tries again with the next one.
"""

import sqlite3
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from offhook.notes import Note, Severity
from offhook.phone.actions import CallEnded, Outcome
from offhook.text import printable
from offhook.units import Seconds

VERSION: Final = 1
MAX_PENDING: Final = 100  # calls kept in memory while the disk refuses
MAX_SHOWN: Final = 500  # calls handed out at once

_CREATE: Final = """
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ended TEXT NOT NULL,
    incoming INTEGER NOT NULL,
    party TEXT NOT NULL,
    name TEXT NOT NULL,
    outcome TEXT NOT NULL,
    cause TEXT NOT NULL,
    call_id TEXT NOT NULL,
    talked REAL NOT NULL,
    codec TEXT NOT NULL,
    packets_lost INTEGER NOT NULL,
    jitter REAL NOT NULL,
    playout_delay REAL NOT NULL,
    round_trip REAL
) STRICT
"""
_COLUMNS: Final = (
    "ended, incoming, party, name, outcome, cause, call_id,"
    " talked, codec, packets_lost, jitter, playout_delay, round_trip"
)
_INSERT: Final = f"INSERT INTO calls ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"  # noqa: S608  # constants
_PRUNE: Final = "DELETE FROM calls WHERE id <= (SELECT max(id) FROM calls) - ?"
_NEWEST: Final = f"SELECT {_COLUMNS} FROM calls ORDER BY id DESC LIMIT ?"  # noqa: S608  # constants


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One line of the call log."""

    ended: datetime
    """UTC."""
    call: CallEnded


@dataclass(slots=True)
class Store:
    """One owner: a thread of its own.  Nothing here raises for what the disk does."""

    path: Path
    keep: int
    _database: sqlite3.Connection | None = None
    _pending: deque[LoggedCall] = field(default_factory=lambda: deque(maxlen=MAX_PENDING))

    def open(self) -> list[Note]:
        """Open or create it; a corrupt file is moved aside for whoever wants to look."""
        try:
            self._database = _opened(self.path)
        except sqlite3.OperationalError as error:
            return [self._refused(error)]
        except sqlite3.DatabaseError as error:
            return self._start_afresh(error)
        return []

    def add(self, call: CallEnded, ended: datetime) -> list[Note]:
        """Log a call, and those that could not be written before."""
        self._pending.append(LoggedCall(ended.astimezone(UTC), call))
        notes = [] if self._database else self.open()
        if self._database is None:
            return notes
        try:
            with self._database as transaction:
                transaction.executemany(_INSERT, map(_row, self._pending))
                transaction.execute(_PRUNE, (self.keep,))
        except sqlite3.OperationalError as error:
            return [*notes, self._refused(error)]
        except sqlite3.DatabaseError as error:
            return [*notes, *self._start_afresh(error)]
        self._pending.clear()
        return notes

    def newest(self, limit: int) -> list[LoggedCall]:
        """The last calls, newest first."""
        limit = min(max(limit, 0), MAX_SHOWN, self.keep)
        return [*reversed(self._pending), *self._written(limit)][:limit]

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _written(self, limit: int) -> Sequence[LoggedCall]:
        if self._database is None:
            return ()
        try:
            return [_call(row) for row in self._database.execute(_NEWEST, (limit,))]
        except (sqlite3.Error, ValueError):
            return ()  # the next `add` finds out and tells

    def _refused(self, error: sqlite3.Error) -> Note:
        """The disk is full, read-only or gone: keep what we have in memory."""
        self.close()
        waiting = len(self._pending)
        return _not_writable(self.path, error, waiting)

    def _start_afresh(self, error: sqlite3.Error) -> list[Note]:
        self.close()
        aside = self.path.with_name(self.path.name + ".broken")
        try:
            self.path.replace(aside)
            for suffix in ("-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            self._database = _opened(self.path)
        except (OSError, sqlite3.Error) as second:
            return [_not_writable(self.path, second, len(self._pending))]
        fields = {"kept_as": str(aside), "error": str(error)}
        return [Note("call log corrupt, begun anew", fields, Severity.ERROR)]


def _not_writable(path: Path, error: Exception, waiting: int) -> Note:
    fields: dict[str, str | int | float] = {"file": str(path), "error": str(error)}
    return Note("call log not writable", {**fields, "waiting": waiting}, Severity.WARNING)


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=1.0, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        _refuse_damaged(database)
        with database as transaction:
            transaction.execute(_CREATE)
            transaction.execute(f"PRAGMA user_version={VERSION}")
    except BaseException:
        database.close()
        raise
    return database


def _refuse_damaged(database: sqlite3.Connection) -> None:
    with closing(database.execute("PRAGMA quick_check(1)")) as check:
        if check.fetchone() != ("ok",):
            raise sqlite3.DatabaseError("quick_check failed")
    with closing(database.execute("PRAGMA user_version")) as version:
        if version.fetchone()[0] > VERSION:
            raise sqlite3.DatabaseError("written by a newer version")


def _row(logged: LoggedCall) -> tuple[str | int | float | None, ...]:
    call = logged.call
    return (
        logged.ended.isoformat(timespec="seconds"), call.incoming,
        printable(call.party), printable(call.name),
        call.outcome.value, printable(call.cause), call.call_id,
        call.talked, call.codec, call.packets_lost,
        call.jitter, call.playout_delay, call.round_trip,
    )  # fmt: skip


def _call(row: Sequence[str | int | float | None]) -> LoggedCall:
    (
        ended,
        incoming,
        party,
        name,
        outcome,
        cause,
        call_id,
        talked,
        codec,
        lost,
        jitter,
        delay,
        trip,
    ) = row
    call = CallEnded(
        incoming=bool(incoming),
        party=str(party),
        name=str(name),
        outcome=Outcome(outcome),
        cause=str(cause),
        call_id=str(call_id),
        talked=Seconds(float(talked or 0)),
        codec=str(codec),
        packets_lost=int(lost or 0),
        jitter=Seconds(float(jitter or 0)),
        playout_delay=Seconds(float(delay or 0)),
        round_trip=None if trip is None else Seconds(float(trip)),
    )
    return LoggedCall(datetime.fromisoformat(str(ended)), call)
