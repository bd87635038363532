"""Opening a PCM through pyalsaaudio so that one gets what one asked for, or is told.

pyalsaaudio ignores the failure of each hardware parameter: asked for MU_LAW it may give S8, asked
for 48000 Hz it may give 8000, without a word.  So every parameter is compared after opening.
"""

import errno
import re
from typing import Final, Protocol

import alsaaudio

from offhook.drivers.card import SoundCard

FORMAT: Final = "S16_LE"
XRUN: Final = -errno.EPIPE
_NAMED: Final = re.compile(r"(?:plughw|hw|sysdefault|default):(?:CARD=)?([A-Za-z_]\w*)")
"""A device that is a card of the kernel, by name."""
_REMEDY: Final = (
    "Is it plugged in (arecord -l), free, and the user in the group audio? "
    "Its name stands under [sound]."
)


class SoundError(OSError):
    """The card cannot be used; the text says why and what to do."""


class Pcm(Protocol):
    """The part of `alsaaudio.PCM` that is used.  Not thread-safe."""

    def read(self) -> tuple[int, bytes]:
        """(frames, data), or (-EPIPE, b"") after an overrun, which restarts the stream."""
        ...

    def write(self, data: bytes, /) -> int:
        """Frames written, or -EPIPE after an underrun: nothing was written."""
        ...

    def avail(self) -> int:
        """Frames that can be written."""
        ...

    def drop(self) -> int:
        """Stop at once."""
        ...

    def close(self) -> None:
        """Drains a playback stream first: `drop` it before."""
        ...

    def info(self) -> dict[str, object]:
        """What the card really does."""
        ...


def open_capture(card: SoundCard) -> Pcm:
    """The microphone.  Raises SoundError."""
    return _open(card, card.capture, alsaaudio.PCM_CAPTURE)


def open_playback(card: SoundCard) -> Pcm:
    """The earpiece.  Raises SoundError."""
    return _open(card, card.playback, alsaaudio.PCM_PLAYBACK)


def _open(card: SoundCard, device: str, direction: int) -> Pcm:
    if (name := _NAMED.match(device)) and name[1] not in alsaaudio.cards():
        # Known without asking alsa-lib to open it, which would complain on stderr each time.
        raise SoundError(f"sound card {device!r} is not there. {_REMEDY}")
    try:
        pcm: Pcm = alsaaudio.PCM(
            type=direction,
            mode=alsaaudio.PCM_NORMAL,
            rate=card.rate,
            channels=1,
            format=getattr(alsaaudio, f"PCM_FORMAT_{FORMAT}"),
            periodsize=card.period,
            periods=card.periods,
            device=device,
        )
    except alsaaudio.ALSAAudioError as error:
        raise SoundError(f"sound card {device!r} cannot be opened: {error}. {_REMEDY}") from error
    try:
        check(pcm, card, device)
    except SoundError:
        shut(pcm)
        raise
    return pcm


def check(pcm: Pcm, card: SoundCard, device: str) -> None:
    """Compare what was asked for with what was given.  Raises SoundError."""
    asked = {
        "format_name": FORMAT,
        "rate": int(card.rate),
        "channels": 1,
        "period_size": int(card.period),
        "periods": card.periods,
    }
    given = pcm.info()
    wrong = [f"{key} {given.get(key)} for {value}" for key, value in asked.items()
             if given.get(key) != value]  # fmt: skip
    if wrong:
        raise SoundError(
            f"sound card {device!r} gives {', '.join(wrong)}. "
            'Put "plughw:" instead of "hw:" before its name, or set what it can do under [sound].'
        )


def shut(pcm: Pcm | None) -> None:
    """Stop and release, even if the card has gone: then there is nothing to stop."""
    if pcm is None:
        return
    for step in (pcm.drop, pcm.close):
        try:
            step()
        except alsaaudio.ALSAAudioError:
            continue  # it is gone already; what we wanted is done
