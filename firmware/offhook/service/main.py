"""`offhookd`: settings, the voice runner, then one telephone until SIGTERM."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from offhook.board.profile import Profile, ProfileError
from offhook.board.profile import load as load_profile
from offhook.drivers.card import SoundCard
from offhook.drivers.pin_factory import GpioError
from offhook.notes import Note, Severity
from offhook.service.config import (
    DEFAULT_PATH,
    ConfigError,
    Settings,
    SoundSettings,
    load_board,
    load_or_last_good,
)
from offhook.service.entropy import SystemEntropy
from offhook.service.journal import choose_sink, entry
from offhook.service.schema import Problem
from offhook.service.version import VERSION
from offhook.service.voice import Voice

if TYPE_CHECKING:
    from gpiozero import Factory

    from offhook.service.serve import Hooks

EXIT_CONFIG: Final = 78  # EX_CONFIG: starting again without a change helps nobody


def run(
    settings: Settings,
    *,
    pin_factory: "Factory | None" = None,
    hooks: "Hooks | None" = None,
    problems: Sequence[Problem] = (),
) -> int:
    """The telephone, from the fork of the voice runner to the last un-REGISTER; the exit code.

    Must be called on the main thread, before any other thread or event loop exists.  `pin_factory`
    None means the machine's own chip.  SIGTERM and SIGINT end it.  `problems` with the settings
    file (the last good one is used) are noted.
    """
    profile = load_profile(settings.board)
    voice = Voice.start(_card(profile, settings.sound), settings.phone.country, SystemEntropy())
    from offhook.service.serve import serve  # noqa: PLC0415  # after the fork: see there

    return serve(settings, profile, voice, pin_factory=pin_factory, hooks=hooks, problems=problems)


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
            from offhook.board.off import off  # noqa: PLC0415  # gpiozero takes time

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
