"""The runner's process: real-time priority, sound card, voice path, loop."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from offhook.audio.tones import plan
from offhook.drivers.alsa_sound import AlsaSound
from offhook.drivers.card import PERIOD, RATE, SoundCard
from offhook.drivers.silent_sound import SilentSound
from offhook.notes import Severity, note
from offhook.phone.voice import VoicePath
from offhook.ports import Sound
from offhook.service.voice.channel import Channel
from offhook.service.voice.loop import VoiceLoop
from offhook.service.voice.messages import Remark
from offhook.service.voice.page import SharedPage
from offhook.units import Decibels, Samples, Seconds

STEP: Final = Samples(160)
"""What the voice path works on: one packet of 20 ms; a multiple of the card's period."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a runner is made of; the same for each that follows."""

    card: SoundCard | None
    country: str
    send_gain: Decibels
    receive_gain: Decibels


monotonic: Final = cast(Callable[[], Seconds], time.monotonic)
"""The time of every machine."""


def run(equipment: Equipment, channel: Channel, page: SharedPage, generation: int) -> None:
    """The voice runner, from its fork to its end."""
    warning = _hurry(equipment.card.priority) if equipment.card is not None else None
    if warning is not None and generation == 1:
        channel.send(Remark.of(note(warning, Severity.WARNING)))
    sound = make_sound(equipment.card)
    path = VoicePath(
        plan(equipment.country),
        Samples(max(sound.period, STEP)),
        send_gain=equipment.send_gain,
        receive_gain=equipment.receive_gain,
    )
    loop = VoiceLoop(channel, path, sound, generation=generation, now=monotonic, beat=page.beat)
    loop.run()


def make_sound(card: SoundCard | None) -> Sound:
    """The card, or a clock in its place."""
    return SilentSound(RATE, PERIOD) if card is None else AlsaSound(card)


def _hurry(priority: int) -> str | None:
    """SCHED_FIFO; what is wrong if it is not allowed."""
    if priority == 0:
        return None
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError:
        return "voice runs without real-time priority: set LimitRTPRIO= in the unit"
    return None
