"""What the telephone does to its hardware at one moment, and the actions from one to the next."""

from collections.abc import Iterator
from dataclasses import dataclass

from offhook.phone.actions import (
    Action,
    Light,
    Listen,
    Mute,
    PlayTone,
    Ring,
    SetGate,
    Show,
    StopTone,
    Tone,
)
from offhook.units import Hertz


@dataclass(frozen=True, slots=True)
class Outputs:
    """Everything that stays as it is until told otherwise."""

    gate: int | None = None
    """The stream that hears the microphone."""
    tone: Tone | None = None
    off_hook: bool = False
    ring: Hertz | None = None
    lamp: bool = False
    text: str = ""
    mute: bool = False
    """The stream hears silence instead of the microphone."""


def closing(before: Outputs, after: Outputs) -> Iterator[Action]:
    """What must happen first: the microphone is cut off before anything else."""
    if after.mute and not before.mute:
        yield Mute(True)
    if before.gate is not None and before.gate != after.gate:
        yield SetGate(None)


def changes(before: Outputs, after: Outputs) -> Iterator[Action]:
    """The rest; the gate opens last."""
    yield from _sounds(before, after)
    if before.lamp != after.lamp:
        yield Light(after.lamp)
    if before.text != after.text:
        yield Show(after.text)
    if before.mute and not after.mute:
        yield Mute(False)
    if after.gate is not None and before.gate != after.gate:
        yield SetGate(after.gate)


def _sounds(before: Outputs, after: Outputs) -> Iterator[Action]:
    if before.ring != after.ring:
        yield Ring(after.ring)
    if after.off_hook and not before.off_hook:
        yield Listen(True)
    if before.tone != after.tone:
        yield StopTone() if after.tone is None else PlayTone(after.tone)
    if before.off_hook and not after.off_hook:
        yield Listen(False)
