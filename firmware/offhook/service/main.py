"""`offhookd`: settings, the voice runner, then one telephone until SIGTERM."""

import argparse
import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from gpiozero import Factory

from offhook.board.off import off
from offhook.board.profile import Profile, ProfileError
from offhook.board.profile import load as load_profile
from offhook.drivers.card import SoundCard
from offhook.drivers.pin_factory import GpioError
from offhook.notes import Note, Severity
from offhook.phone.actions import Action
from offhook.phone.events import Event
from offhook.service.assembly import VERSION, Telephone
from offhook.service.config import (
    DEFAULT_PATH,
    ConfigError,
    Settings,
    SoundSettings,
    load_board,
    load_or_last_good,
)
from offhook.service.entropy import SystemEntropy
from offhook.service.journal import Bridge, Journal, choose_sink, entry
from offhook.service.loop import Observer, Phone
from offhook.service.schema import Problem
from offhook.service.voice import Voice
from offhook.units import Seconds

EXIT_CONFIG: Final = 78  # EX_CONFIG: starting again without a change helps nobody
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


def run(
    settings: Settings,
    *,
    pin_factory: Factory | None = None,
    hooks: Hooks | None = None,
    problems: Sequence[Problem] = (),
) -> int:
    """The telephone, from the fork of the voice runner to the last un-REGISTER; the exit code.

    Must be called on the main thread, before any other thread or event loop exists.  `pin_factory`
    None means the machine's own chip.  SIGTERM and SIGINT end it.  `problems` with the settings
    file (the last good one is used) are noted.
    """
    profile = load_profile(settings.board)
    voice = Voice.start(_card(profile, settings.sound), settings.phone.country, SystemEntropy())
    journal = Journal(choose_sink(), settings.service.log_level)
    journal.start()
    for problem in problems:
        fields = {"problem": str(problem), "used": str(settings.source)}
        journal.always(Note("settings not usable, last good ones used", fields, Severity.ERROR))
    with ExitStack() as at_exit:
        at_exit.callback(journal.close)
        at_exit.callback(voice.close)
        try:
            return asyncio.run(
                _serve(partial(Telephone, settings, profile, voice, journal), pin_factory, hooks)
            )
        except FileExistsError as error:
            journal.always(Note("already running", {"error": str(error)}, Severity.ERROR))
            return EXIT_RUNNING


async def _serve(
    made: Callable[[asyncio.AbstractEventLoop, Observer | None], Telephone],
    pin_factory: Factory | None,
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


def _card(profile: Profile, sound: SoundSettings) -> SoundCard | None:
    """The board's card, with the names from the settings; None: a silent clock."""
    if "none" in (sound.capture, sound.playback):
        return None
    if profile.sound is None:
        both = sound.capture and sound.playback
        return SoundCard(sound.capture, sound.playback) if both else None
    return replace(
        profile.sound,
        capture=sound.capture or profile.sound.capture,
        playback=sound.playback or profile.sound.playback,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """`offhookd [--config FILE] [--outputs-off]`."""
    parser = argparse.ArgumentParser("offhookd", description="The telephone.")
    parser.add_argument("--config", type=Path, default=DEFAULT_PATH, metavar="FILE")
    parser.add_argument(
        "--outputs-off", action="store_true", help="bell and lamp off, whatever left them on; exit"
    )
    parser.add_argument("--version", action="version", version=f"offhookd {VERSION}")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.outputs_off:
            off(load_profile(load_board(chosen.config)))
            return 0
        settings, problems = load_or_last_good(chosen.config)
        return run(settings, problems=problems)
    except GpioError as error:
        return _unusable("bell and lamp may still be on", error)
    except (ConfigError, ProfileError) as error:
        return _unusable("settings not usable", error)


def _unusable(what: str, error: Exception) -> int:
    sink = choose_sink()
    for line in str(error).splitlines():
        sink(entry(Note(what, {"problem": line}, Severity.ERROR)))
    return EXIT_CONFIG
