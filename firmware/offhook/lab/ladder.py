"""The call ladder: SIP messages as they passed, fit for people."""

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from offhook.phone.actions import Action
from offhook.phone.events import Datagram, Event
from offhook.service.redact import redact
from offhook.sip.actions import Send
from offhook.units import Endpoint, Seconds

MAX_RUNGS: Final = 300  # the oldest go

_REQUEST: Final = re.compile(r"([A-Z]+) sips?:(?:([^@\s;>]*)@)?\S* SIP/2\.0")
_STATUS: Final = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) ?(.*)")
_CSEQ: Final = re.compile(r"(?im)^CSeq\s*:\s*[0-9]+\s+(\S+)")


@dataclass(frozen=True, slots=True)
class Rung:
    """One message."""

    at: Seconds
    out: bool
    """From the telephone."""
    peer: Endpoint
    title: str
    """"INVITE 600", "200 OK (INVITE)"."""
    text: str
    """All of it, without secrets."""


@dataclass(slots=True)
class Ladder:
    """The last messages, numbered for those who read on."""

    rungs: deque[Rung] = field(default_factory=lambda: deque(maxlen=MAX_RUNGS))
    count: int = 0
    """All that ever were."""

    def see(self, what: Event | Action, at: Seconds) -> None:
        """Keep it if it is a SIP message."""
        match what:
            case Datagram(data, peer) if data.strip():
                self._climb(at, False, data, peer)
            case Send(data, peer) if data.strip():
                self._climb(at, True, data, peer)
            case _:
                pass

    def since(self, count: int) -> list[Rung]:
        """Those after the first `count`, as far as they are kept."""
        new = min(self.count - count, len(self.rungs))
        return list(self.rungs)[len(self.rungs) - new :] if new > 0 else []

    def _climb(self, at: Seconds, out: bool, data: bytes, peer: Endpoint) -> None:
        text = redact(data)
        self.rungs.append(Rung(at, out, peer, title(text), text))
        self.count += 1


def title(text: str) -> str:
    """A message in a few words."""
    first = text.partition("\n")[0]
    if (request := _REQUEST.match(first)) is not None:
        return f"{request[1]} {request[2]}" if request[2] else request[1]
    if (status := _STATUS.match(first)) is not None:
        method = _CSEQ.search(text)
        return f"{status[1]} {status[2]}" + (f" ({method[1]})" if method else "")
    return first[:40]
