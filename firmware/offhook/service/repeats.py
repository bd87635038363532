"""At most one copy of a message a second, the others counted (reliability: log flood).

0.0 "dropped" -> written      0.2 "dropped" -> held      1.0 due -> "dropped (repeated 1x)"
"""

from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from offhook.units import Seconds

INTERVAL: Final = Seconds(1.0)
MAX_KINDS: Final = 256  # kinds of message remembered; beyond that all further kinds share one

_T = TypeVar("_T")


@dataclass(slots=True)
class _Kind(Generic[_T]):
    until: Seconds
    held: int = 0
    last: _T | None = None


@dataclass(slots=True)
class Repeats(Generic[_T]):
    """The limiter: `offer` says whether to write now, `due` hands out what was held back."""

    _kinds: dict[str, _Kind[_T]] = field(default_factory=dict)

    def offer(self, kind: str, message: _T, now: Seconds) -> bool:
        """Write `message` at once?  If not it is counted; the last of its kind appears in `due`."""
        if kind not in self._kinds and len(self._kinds) >= MAX_KINDS:
            kind = ""
        entry = self._kinds.get(kind)
        if entry is None:
            self._kinds[kind] = _Kind(Seconds(now + INTERVAL))
            return True
        entry.held += 1
        entry.last = message
        return False

    def deadline(self) -> Seconds | None:
        """When `due` is to be asked next, if anything is remembered."""
        return min((entry.until for entry in self._kinds.values()), default=None)

    def due(self, now: Seconds) -> list[tuple[_T, int]]:
        """The last message of each kind held back for its second, with how many it stands for."""
        written: list[tuple[_T, int]] = []
        for kind, entry in list(self._kinds.items()):
            if entry.until > now:
                continue
            if entry.last is None:
                del self._kinds[kind]
                continue
            written.append((entry.last, entry.held))
            self._kinds[kind] = _Kind(Seconds(now + INTERVAL))
        return written
