"""`offhookd`: wire the parts together and run them until SIGTERM."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from gpiozero import Factory

from offhook.phone.actions import Action
from offhook.phone.events import Event
from offhook.service.config import Settings
from offhook.service.loop import Phone
from offhook.units import Seconds


@dataclass(frozen=True, slots=True)
class Hooks:
    """Where a lab or a test looks in; the telephone itself does not know."""

    ready: Callable[[Phone], None] | None = None
    """Called once, when READY=1 is told."""
    companion: Callable[[Phone], Coroutine[Any, Any, None]] | None = None
    """Runs on the same event loop beside the phone (the drawn desk); cancelled when the phone stops."""
    observe: Callable[[Event | Action, Seconds], None] | None = None
    """Sees every event before it is handled and every action before it is performed; must not block or raise."""


def run(settings: Settings, *, pin_factory: Factory | None = None, hooks: Hooks = Hooks()) -> int:
    """The telephone, from the fork of the voice runner to the last un-REGISTER; returns the exit code.

    Must be called on the main thread, before any other thread or event loop exists.  `pin_factory` None means
    the machine's own chip.  SIGTERM and SIGINT end it.
    """
    raise NotImplementedError


def main() -> int:
    """`offhookd [--config FILE]`."""
    raise NotImplementedError
