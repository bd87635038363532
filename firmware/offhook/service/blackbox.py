"""The last minute before a crash: what happened and what was done, without digits and secrets."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from offhook.notes import Note
from offhook.phone import actions, events
from offhook.service.redact import redact_text
from offhook.sip.actions import Send
from offhook.units import Seconds

SPAN: Final = Seconds(60.0)
MAX_ENTRIES: Final = 400
MAX_DATA: Final = 256  # bytes kept of a datagram
MAX_TEXT: Final = 200  # characters of a line

Happening = events.Event | actions.Action

_DIGITS: Final = (
    events.KeypadScan, events.PressKey, events.Dial, events.DigitHeard, actions.StartDigit,
    actions.Show,
)  # fmt: skip
"""Told by name alone: their values may spell a PIN."""


@dataclass(slots=True)
class BlackBox:
    """A ring; `>>` went into the core, `<<` came out."""

    _ring: deque[tuple[Seconds, str, Happening]] = field(
        default_factory=lambda: deque(maxlen=MAX_ENTRIES)
    )
    _hook: events.HookEdge | None = None

    def put(self, arrow: str, what: Happening, now: Seconds) -> None:
        """Remember; the hook's regular re-reading only when it changes."""
        if isinstance(what, events.HookEdge):
            if what == self._hook:
                return
            self._hook = what
        if isinstance(what, events.Datagram | Send) and len(what.data) > MAX_DATA:
            what = replace(what, data=what.data[:MAX_DATA])
        self._ring.append((now, arrow, what))

    def lines(self, now: Seconds) -> Iterator[str]:
        """What happened, oldest first, for people."""
        for at, arrow, what in self._ring:
            if at >= now - SPAN:
                yield f"{at - now:8.3f} {arrow} {describe(what)}"


def describe(what: Happening) -> str:
    """One line about an event or action."""
    match what:
        case events.Datagram(data, source):
            return redact_text(f"sip {source} {_start(data)}", MAX_TEXT)
        case Send(data, to):
            return redact_text(f"sip {to} {_start(data)}", MAX_TEXT)
        case Note(text):
            return redact_text(f"note {text}", MAX_TEXT)
        case _ if isinstance(what, _DIGITS):
            return type(what).__name__
        case _:
            return redact_text(repr(what), MAX_TEXT)


def _start(data: bytes) -> str:
    return data.partition(b"\r\n")[0].decode("ascii", "backslashreplace")
