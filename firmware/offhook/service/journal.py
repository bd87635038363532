"""Notes into the journal: fields for machines, one line for people, from a thread of its own.

    Note --loop--> Repeats (1/s per kind) --queue--> thread --> journald, or stderr with <N> before

Every value passes `redact_text`, thus `text.printable`: a stranger's line breaks, escapes and bidi
marks do not reach a terminal, and a message that strays into a field loses its secrets.
"""

import logging
import os
import queue
import re
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TextIO

from offhook.notes import TRANSITION, Note, Severity
from offhook.phone.actions import CallEnded
from offhook.service.redact import redact_text
from offhook.service.repeats import Repeats
from offhook.units import Seconds

IDENTIFIER: Final = "offhookd"
MAX_QUEUE: Final = 1000  # lines waiting for journald; beyond that they are counted and dropped
MAX_FIELDS: Final = 32  # of one line
MAX_VALUE: Final = 320  # characters of a field
MAX_MESSAGE: Final = 800  # characters of a line

_MESSAGES: Final = uuid.UUID("5b0a0a1e-6f0b-5c53-9d5c-0ff400c0ffee")
_NO_FIELD: Final = re.compile("[^A-Z0-9_]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line on its way."""

    message: str
    message_id: str
    severity: Severity
    fields: Mapping[str, str]


Sink = Callable[[Entry], None]


def message_id(what: str) -> str:
    """The same 128 bits for the same kind of note, for ever: `journalctl MESSAGE_ID=…`."""
    return uuid.uuid5(_MESSAGES, what).hex


def entry(note: Note, repeated: int = 0) -> Entry:
    """`note` as a line of the journal."""
    first = list(note.fields.items())[:MAX_FIELDS]
    shown = {name: redact_text(str(value), MAX_VALUE) for name, value in first}
    words = [note.what, *(f"{name}={_quoted(value)}" for name, value in shown.items())]
    if repeated:
        words.append(f"(repeated {repeated}x)")
    fields = {f"OFFHOOK_{_NO_FIELD.sub('_', name.upper())}": value for name, value in shown.items()}
    return Entry(
        redact_text(" ".join(words), MAX_MESSAGE), message_id(note.what), note.severity, fields
    )


def call_line(call: CallEnded) -> Note:
    """The canonical line of a call: who, how long, codec, loss, jitter, delay, why."""
    return Note(
        "call ended",
        {
            "direction": "in" if call.incoming else "out",
            "party": call.party,
            "name": call.name,
            "outcome": call.outcome.value,
            "cause": call.cause,
            "talked_s": round(call.talked, 1),
            "codec": call.codec or "none",
            "lost": call.packets_lost,
            "jitter_ms": round(call.jitter * 1000, 1),
            "delay_ms": round(call.playout_delay * 1000),
            "round_trip_ms": "unknown"
            if call.round_trip is None
            else round(call.round_trip * 1000, 1),
            "call": call.call_id,
        },
        Severity.NOTICE,
    )


def _kind(note: Note) -> str:
    """What is written once a second.  Each transition is a kind of its own, whatever the call."""
    if note.what != TRANSITION:
        return note.what
    return " ".join(str(value) for name, value in note.fields.items() if name != "call")


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text or not text else text


@dataclass(slots=True)
class Journal:
    """Owned by the loop; only the queue is shared with the writing thread."""

    sink: Sink
    level: Severity = Severity.INFO
    lost: int = 0
    """Lines dropped because nobody took them."""
    _repeats: Repeats[Note] = field(default_factory=Repeats)
    _queue: "queue.Queue[Entry | None]" = field(default_factory=lambda: queue.Queue(MAX_QUEUE))
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread that writes."""
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()

    def note(self, note: Note, now: Seconds) -> None:
        """Write it, unless its kind has had its line for this second; then the last follows."""
        if note.severity <= self.level and self._repeats.offer(_kind(note), note, now):
            self._put(entry(note))

    def always(self, note: Note) -> None:
        """Write it whatever else was written: calls, crashes."""
        if note.severity <= self.level:
            self._put(entry(note))

    def deadline(self) -> Seconds | None:
        """When `tick` is due."""
        return self._repeats.deadline()

    def tick(self, now: Seconds) -> None:
        """Write what was held back."""
        for note, repeated in self._repeats.due(now):
            self._put(entry(note, repeated))

    def close(self) -> None:
        """Write what is waiting; a journald that hangs is left behind after a second."""
        if self._thread is None:
            return
        try:
            self._queue.put(None, timeout=1.0)
        except queue.Full:
            return
        self._thread.join(timeout=1.0)
        self._thread = None

    def _put(self, line: Entry) -> None:
        try:
            self._queue.put_nowait(line)
        except queue.Full:
            self.lost += 1

    def _write(self) -> None:
        while (line := self._queue.get()) is not None:
            self.sink(line)


def journald_sink() -> Sink | None:
    """Straight to journald with all fields; None without systemd-python."""
    try:
        from systemd import journal  # noqa: PLC0415  # optional, and 5 ms that only a service needs
    except ImportError:
        return None

    def send(line: Entry) -> None:
        try:
            journal.send(
                line.message,
                MESSAGE_ID=line.message_id,
                CODE_FUNC=IDENTIFIER,  # else it walks the stack for ours
                PRIORITY=str(line.severity.value),
                SYSLOG_IDENTIFIER=IDENTIFIER,
                **line.fields,
            )
        except OSError:
            sys.stderr.write(f"<{line.severity.value}>{line.message}\n")

    return send


def stream_sink(stream: TextIO, *, prefix: bool) -> Sink:
    """Lines on `stream`, each after the priority that systemd understands if `prefix`."""

    def write(line: Entry) -> None:
        stream.write(f"<{line.severity.value}>{line.message}\n" if prefix else f"{line.message}\n")
        stream.flush()

    return write


def choose_sink(environment: Mapping[str, str] = os.environ, stream: TextIO | None = None) -> Sink:
    """Journald when systemd started us with it, else standard error."""
    if "JOURNAL_STREAM" in environment and (sink := journald_sink()) is not None:
        return sink
    stream = stream or sys.stderr
    return stream_sink(stream, prefix=not stream.isatty())


class Bridge(logging.Handler):
    """What libraries say through `logging`, as notes.  Arguments are never passed on."""

    def __init__(self, take: Callable[[Note], None]) -> None:
        super().__init__(logging.WARNING)
        self._take = take

    def emit(self, record: logging.LogRecord) -> None:
        """One record."""
        severity = Severity.ERROR if record.levelno >= logging.ERROR else Severity.WARNING
        self._take(Note("library", {"logger": record.name, "text": record.getMessage()}, severity))
