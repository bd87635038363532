"""The telephone after the voice runner was forked: journal, event loop, everything else.

`main` imports it after the fork, so that the runner does not carry what only the telephone needs.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from offhook.board.profile import Profile
from offhook.notes import Note, Severity
from offhook.phone.actions import Action
from offhook.phone.events import Event
from offhook.service.assembly import Telephone
from offhook.service.config import Settings
from offhook.service.journal import Bridge, Journal, choose_sink
from offhook.service.loop import Observer, Phone
from offhook.service.schema import Problem
from offhook.service.version import VERSION
from offhook.service.voice import Voice
from offhook.units import Seconds

if TYPE_CHECKING:
    from gpiozero import Factory

EXIT_RUNNING: Final = 75  # EX_TEMPFAIL


@dataclass(frozen=True, slots=True)
class Hooks:
    """Where a lab or a test looks in; the telephone itself does not know."""

    ready: Callable[[Phone], None] | None = None
    """Called once, when READY=1 is told."""
    companion: Callable[[Phone], Coroutine[Any, Any, None]] | None = None
    """Runs beside the phone on its event loop (the drawn desk); cancelled when the phone stops."""
    observe: Callable[[Event | Action, Seconds], None] | None = None
    """Sees every event before it is handled, every action before it is done; must not raise."""


def serve(
    settings: Settings,
    profile: Profile,
    voice: Voice,
    *,
    pin_factory: "Factory | None",
    hooks: Hooks | None,
    problems: Sequence[Problem],
) -> int:
    """One telephone until SIGTERM; the exit code."""
    journal = Journal(choose_sink(), settings.service.log_level)
    journal.start()
    for problem in problems:
        fields = {"problem": str(problem), "used": str(settings.source)}
        journal.always(Note("settings not usable, last good ones used", fields, Severity.ERROR))
    with ExitStack() as at_exit:
        at_exit.callback(journal.close)
        at_exit.callback(voice.close)
        try:
            made = partial(Telephone, settings, profile, voice, journal, distrusted=bool(problems))
            return asyncio.run(_serve(made, pin_factory, hooks))
        except FileExistsError as error:
            journal.always(Note("already running", {"error": str(error)}, Severity.ERROR))
            return EXIT_RUNNING


async def _serve(
    made: Callable[[asyncio.AbstractEventLoop, Observer | None], Telephone],
    pin_factory: "Factory | None",
    hooks: Hooks | None,
) -> int:
    hooks = hooks or Hooks()
    telephone = made(asyncio.get_running_loop(), hooks.observe)
    bridge = Bridge(telephone.note_from_thread)
    logging.getLogger().addHandler(bridge)
    try:
        telephone.open(pin_factory)
        await telephone.start()
        return await _until_ended(telephone, hooks)
    finally:
        logging.getLogger().removeHandler(bridge)
        telephone.close()


async def _until_ended(telephone: Telephone, hooks: Hooks) -> int:
    phone = telephone.phone
    for number in (signal.SIGTERM, signal.SIGINT):
        phone.loop.add_signal_handler(number, phone.stop)
    telephone.note(Note("ready", {"version": VERSION, "board": telephone.profile.name}))
    telephone.supervisor.ready()
    if hooks.ready is not None:
        hooks.ready(phone)
    async with asyncio.TaskGroup() as group:
        companion = group.create_task(hooks.companion(phone)) if hooks.companion else None
        await phone.ended.wait()
        if companion is not None:
            companion.cancel()
    return phone.exit_code
