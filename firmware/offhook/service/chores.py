"""What the service does by the clock, beside the telephone itself."""

from collections.abc import Callable
from dataclasses import dataclass

from offhook.notes import Note, Severity
from offhook.phone.events import Event, HookEdge
from offhook.ports import Hook, Keypad
from offhook.service.parts import VoiceRunner
from offhook.service.systemd import Part, Supervisor, Vitals
from offhook.units import Seconds


@dataclass(slots=True)
class HookReader:
    """Read the hook's level regularly: a missed edge must heal.  A reading is a sign of life."""

    hook: Hook
    every: Seconds
    feed: Callable[[Event], object]
    note: Callable[[Note, Seconds], None]
    vitals: Vitals | None
    _next: Seconds = Seconds(0)

    def deadline(self) -> Seconds:
        """When to read next."""
        return self._next

    def tick(self, now: Seconds) -> None:
        """Read and tell."""
        self._next = Seconds(now + self.every)
        try:
            lifted = self.hook.lifted()
        except Exception as error:  # noqa: BLE001  # a driver may raise anything; keys still work
            fields = {"error": f"{type(error).__name__}: {error}"}
            self.note(Note("hook switch unreadable", fields, Severity.ERROR), now)
            return
        if self.vitals is not None:
            self.vitals.sign(Part.HOOK)
        self.feed(HookEdge(lifted))


@dataclass(slots=True)
class Watchdog:
    """Feed systemd's watchdog while everything lives."""

    vitals: Vitals
    supervisor: Supervisor
    voice: VoiceRunner
    note: Callable[[Note, Seconds], None]
    keypad: Keypad | None = None
    _looked: Seconds | None = None
    """When the keypad's scanner had looked, the last time we asked."""

    def deadline(self) -> Seconds:
        """When to look next."""
        return self.vitals.deadline()

    def tick(self, now: Seconds) -> None:
        """Look, and feed or complain."""
        self.vitals.sign(Part.LOOP)  # that we are here is the loop's sign of life
        if self.voice.alive(now):
            self.vitals.sign(Part.VOICE)
        if self.keypad is not None and self.keypad.checked != self._looked:
            self._looked = self.keypad.checked
            self.vitals.sign(Part.KEYPAD)
        if self.vitals.due(now):
            self.supervisor.feed()
        elif silent := self.vitals.silent():
            names = ", ".join(sorted(part.name.lower() for part in silent))
            self.note(Note("watchdog not fed", {"silent": names}, Severity.WARNING), now)


@dataclass(slots=True)
class Task:
    """Something due once, at a time set by `at`."""

    do: Callable[[Seconds], None]
    at: Seconds | None = None

    def deadline(self) -> Seconds | None:
        """When, if at all."""
        return self.at

    def tick(self, now: Seconds) -> None:
        """Do it."""
        self.at = None
        self.do(now)
