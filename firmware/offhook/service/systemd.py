"""What systemd is told (sd_notify(3)), and when its watchdog may be fed."""

import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from offhook.text import printable
from offhook.units import Seconds

MAX_STATUS: Final = 200  # characters
_SAFETY: Final = 3  # chances to feed within the time systemd gives


class Part(Enum):
    """Whose life is watched."""

    LOOP = auto()
    VOICE = auto()
    HOOK = auto()
    KEYPAD = auto()


class Supervisor:
    """The other end of $NOTIFY_SOCKET; silent when there is none."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        path = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self._status = ""

    def ready(self) -> None:
        """The phone can be used."""
        self._tell("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`; told only when it changed."""
        if text != self._status:
            self._status = text
            self._tell(f"STATUS={printable(text, MAX_STATUS)}")

    def stopping(self) -> None:
        """We are on our way out."""
        self._tell("STOPPING=1")

    def feed(self) -> None:
        """All is well, for another stretch of WatchdogSec."""
        self._tell("WATCHDOG=1")

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.setblocking(False)
            try:
                out.sendto(message.encode(), self._address)
            except OSError:
                return  # systemd is busy or gone: a missed feed is its own report


def watchdog_interval(environment: Mapping[str, str], pid: int) -> Seconds | None:
    """How often to feed, if systemd watches this process (sd_watchdog_enabled(3))."""
    limit, whom = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", str(pid))
    if not (limit.isascii() and limit.isdigit() and int(limit[:15]) > 0) or whom != str(pid):
        return None
    return Seconds(int(limit[:15]) / 1e6 / _SAFETY)


@dataclass(slots=True)
class Vitals:
    """Feed only when every part showed life since the last feed.

    time   0        1 interval             2
    loop   *  *  *  *  *  *  *  *  *
    voice  *  *  *  *                      <- died
    feed            yes                    no, and no more: systemd acts
    """

    interval: Seconds
    started: Seconds
    _next: Seconds = field(init=False)
    _missing: set[Part] = field(default_factory=lambda: set(Part))
    _watched: frozenset[Part] = frozenset(Part)

    def __post_init__(self) -> None:
        self._next = Seconds(self.started + self.interval)

    def watch(self, parts: Iterable[Part]) -> None:
        """Only these parts exist (a phone without inputs has none to lose)."""
        self._watched = frozenset(parts)
        self._missing &= self._watched

    def sign(self, part: Part) -> None:
        """Note that this part shows life."""
        self._missing.discard(part)

    def deadline(self) -> Seconds:
        """When to ask `due` next."""
        return self._next

    def due(self, now: Seconds) -> bool:
        """Feed the watchdog now?  A feed that is due waits until the last part has shown life."""
        if now < self._next:
            return False
        if self._missing:
            self._next = Seconds(now + self.interval / 4)  # ask again soon: it may only be late
            return False
        self._missing = set(self._watched)
        self._next = Seconds(now + self.interval)
        return True

    def silent(self) -> frozenset[Part]:
        """The parts waited for."""
        return frozenset(self._missing)
