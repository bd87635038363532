"""`offhook trace`: the messages as a ladder that grows while one watches.

      192.0.2.20:40231              192.0.2.1:5060
0.000 |---------------- REGISTER --------------->|  1 REGISTER
0.021 |<----------- 401 Unauthorized ------------|  1 REGISTER
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from offhook.cli.show import number
from offhook.service.control_protocol import Json
from offhook.text import printable

WIDTH: Final = 42  # columns between the two lines
_CSEQ: Final = re.compile(r"^cseq\s*:\s*(.*)$", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class Ladder:
    """Turns trace lines into lines of a ladder; a new head whenever another pair talks."""

    whole: bool = False
    """Show each message whole under its rung."""
    _start: float | None = None
    _pair: tuple[str, str] = field(default=("", ""))

    def rungs(self, message: Mapping[str, Json]) -> Iterator[str]:
        """What to print for one message."""
        at = number(message.get("at"))
        self._start = at if self._start is None else self._start
        pair = (_shown(message.get("local")), _shown(message.get("peer")))
        if pair != self._pair:
            self._pair = pair
            yield f"{'':10}{pair[0]:<{WIDTH + 2 - len(pair[1])}}{pair[1]}"
        text = str(message.get("text", ""))
        arrow = _arrow(summary(text), out=message.get("out") is True)
        cseq = _CSEQ.search(text)
        yield f"{at - self._start:9.3f} |{arrow}|  {_shown(cseq[1]) if cseq else ''}".rstrip()
        if self.whole:
            yield from (f"{'':12}{printable(line, 1024)}" for line in text.split("\n"))
            yield ""


def summary(text: str) -> str:
    """The method, or status and reason."""
    first = text.partition("\n")[0]
    if first.upper().startswith("SIP/2.0 "):
        return printable(first[8:], WIDTH - 8)
    return printable(first.partition(" ")[0], WIDTH - 8)


def _arrow(words: str, *, out: bool) -> str:
    middle = f" {words} ".center(WIDTH - 1, "-")
    return f"{middle}>" if out else f"<{middle}"


def _shown(value: Json) -> str:
    return printable(str(value or ""), WIDTH)
