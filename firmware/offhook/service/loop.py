"""The shell: events in, station, actions out, exactly one timer.

    sockets, drivers, voice, commands --> feed(event) --> Station.handle --> actions, all performed
                                                 before the next event
    the earliest deadline of station and chores --> one call_at --> tick

Nothing here decides anything about telephony.  An exception that reaches the loop is a bug: it is
logged with the last minute of events, and the process ends for systemd to start it anew.
"""

import asyncio
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from offhook.notes import Note, Severity
from offhook.phone.actions import Action
from offhook.phone.events import Event
from offhook.phone.station import Status
from offhook.service.blackbox import BlackBox
from offhook.service.parts import Chore
from offhook.units import Seconds

FAREWELL: Final = Seconds(2.5)
"""How long hanging up and unregistering may take at the end."""
EXIT_BUG: Final = 70  # EX_SOFTWARE of sysexits.h

Observer = Callable[[Event | Action, Seconds], None]


class Core(Protocol):
    """The Station, or what a test puts in its place."""

    def start(self, now: Seconds) -> list[Action]: ...  # noqa: D102  # see phone.station
    def handle(self, event: Event, now: Seconds) -> list[Action]: ...  # noqa: D102
    def deadline(self) -> Seconds | None: ...  # noqa: D102
    def tick(self, now: Seconds) -> list[Action]: ...  # noqa: D102
    def stop(self, now: Seconds) -> list[Action]: ...  # noqa: D102
    def status(self, now: Seconds) -> Status: ...  # noqa: D102
    @property
    def stopped(self) -> bool: ...  # noqa: D102


@dataclass(slots=True)
class Phone:
    """One telephone on one asyncio loop.  `loop.time()` is its clock: monotonic."""

    loop: asyncio.AbstractEventLoop
    station: Core
    perform: Callable[[Action, Seconds], None]
    """Does one action; must not call back into `feed`."""
    note: Callable[[Note], None]
    """Writes a line that must not be lost."""
    observe: Observer | None = None
    chores: list[Chore] = field(default_factory=list)
    exit_code: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _box: BlackBox = field(default_factory=BlackBox)
    _timer: asyncio.TimerHandle | None = None
    _last: Seconds = Seconds(0)
    _farewell: Seconds | None = None
    _busy: bool = False

    def now(self) -> Seconds:
        """The monotonic clock."""
        return Seconds(self.loop.time())

    def start(self) -> None:
        """Let the station begin."""
        self.loop.set_exception_handler(self._escaped)
        now = self._clock(None)
        self._obey(self.station.start(now), now)
        self.arm()

    def post(self, event: Event, at: Seconds | None = None) -> None:
        """Feed `event` from any thread; `at` is when it happened, if not now."""
        self.loop.call_soon_threadsafe(self.feed, event, self.now() if at is None else at)

    def feed(self, event: Event, at: Seconds | None = None) -> list[Action]:
        """One thing happened: perform everything that follows from it.  On the loop's thread."""
        actions = self.take(event, at)
        self.arm()
        return actions

    def take(self, event: Event, at: Seconds | None = None) -> list[Action]:
        """`feed` for one of many: `arm` must follow the last."""
        if self.ended.is_set():
            return []
        if self._busy:
            raise RuntimeError("an action fed an event; it must post it")
        now = self._clock(at)
        self._seen(">>", event, now)
        actions = self.station.handle(event, now)
        self._obey(actions, now)
        self._look_for_the_end(now)
        return actions

    def status(self) -> Status:
        """The telephone at a glance."""
        return self.station.status(self.now())

    def stop(self) -> None:
        """Hang up, unregister, then set `ended`; at once when called again."""
        if self._farewell is not None:
            self.ended.set()
            return
        now = self._clock(None)
        self._farewell = Seconds(now + FAREWELL)
        self._obey(self.station.stop(now), now)
        self._look_for_the_end(now)
        self.arm()

    def arm(self) -> None:
        """Set the one timer to the earliest deadline of all."""
        deadlines = [chore.deadline() for chore in self.chores]
        deadlines += [self.station.deadline(), self._farewell]
        earliest = min((at for at in deadlines if at is not None), default=None)
        if self._timer is not None:
            if earliest is not None and self._timer.when() == earliest:
                return
            self._timer.cancel()
            self._timer = None
        if earliest is not None and not self.ended.is_set():
            self._timer = self.loop.call_at(earliest, self._tick)

    def crash(self, error: BaseException | None, where: str) -> None:
        """A bug showed itself: write down all that is known and end."""
        self.exit_code = EXIT_BUG
        lines = traceback.format_exception(error) if error is not None else []
        for line in [where, *"".join(lines).splitlines()]:
            self.note(Note("crash", {"text": line}, Severity.ERROR))
        for line in self._box.lines(self.now()):
            self.note(Note("before the crash", {"text": line}, Severity.ERROR))
        self.ended.set()

    def _tick(self) -> None:
        self._timer = None
        if self.ended.is_set():
            return
        now = self._clock(None)
        for chore in self.chores:
            if (at := chore.deadline()) is not None and at <= now:
                chore.tick(now)
        if (at := self.station.deadline()) is not None and at <= now:
            self._obey(self.station.tick(now), now)
        self._look_for_the_end(now)
        self.arm()

    def _obey(self, actions: list[Action], now: Seconds) -> None:
        self._busy = True
        for action in actions:
            self._seen("<<", action, now)
            self.perform(action, now)
        self._busy = False

    def _seen(self, arrow: str, what: Event | Action, now: Seconds) -> None:
        self._box.put(arrow, what, now)
        if self.observe is not None:
            self.observe(what, now)

    def _clock(self, at: Seconds | None) -> Seconds:
        """Time as the station sees it: that of the event, but never running backwards."""
        self._last = max(self._last, self.now() if at is None else at)
        return self._last

    def _look_for_the_end(self, now: Seconds) -> None:
        if self._farewell is not None and (self.station.stopped or now >= self._farewell):
            self.ended.set()

    def _escaped(self, _loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        self.crash(context.get("exception"), str(context.get("message", "unknown")))
