"""The main process's end of the voice runner."""

from typing import Self

from offhook.drivers.card import SoundCard
from offhook.entropy import Entropy
from offhook.notes import Note
from offhook.phone.actions import VoiceCommand
from offhook.phone.events import Event
from offhook.service.voice.ports import RtpPair
from offhook.units import Decibels, Seconds


class VoiceGone(RuntimeError):  # noqa: N818  # it has gone; that is no mistake of the caller
    """Runner and keeper are dead for good: end the service, systemd starts it anew."""


class Voice:
    """What the service knows of the voice runner.

    A runner that dies or hangs is replaced within about three seconds; its calls go on, with a new
    SSRC.
    """

    @classmethod
    def start(
        cls,
        card: SoundCard | None,
        country: str,
        entropy: Entropy,
        *,
        send_gain: Decibels = Decibels(0),
        receive_gain: Decibels = Decibels(0),
    ) -> Self:
        """Fork the runner.  Call it first of all: before any thread, event loop or open PCM.

        Without a `card` a silent clock takes its place.
        """
        raise NotImplementedError

    def fileno(self) -> int:
        """Readable when `events` has something: give it to `loop.add_reader`."""
        raise NotImplementedError

    def events(self) -> list[Event | Note]:
        """What has come from the runner; never waits.  Raises VoiceGone."""
        raise NotImplementedError

    def obey(self, command: VoiceCommand, pair: RtpPair | None = None) -> None:
        """Pass a command on; never waits.

        `StartVoice` brings its sockets, which then belong to this object.
        """
        raise NotImplementedError

    def heartbeat(self) -> Seconds:
        """When, on the monotonic clock, the runner last went round its loop."""
        raise NotImplementedError

    def alive(self, now: Seconds) -> bool:
        """Whether the watchdog may be fed."""
        raise NotImplementedError

    def close(self) -> None:
        """End runner and keeper and wait for them (at most a second)."""
        raise NotImplementedError
