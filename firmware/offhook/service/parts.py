"""What the shell expects of its neighbours: shapes only, so that each can be replaced by a fake."""

from collections.abc import Sequence
from typing import Protocol

from offhook.notes import Note
from offhook.phone.actions import VoiceCommand
from offhook.phone.events import Event
from offhook.service.voice import RtpPair
from offhook.units import Seconds


class Chore(Protocol):
    """Something that wants to be woken: the loop has one timer for all of them."""

    def deadline(self) -> Seconds | None:
        """When to call `tick`, if ever."""
        ...

    def tick(self, now: Seconds) -> None:
        """Do what is due."""
        ...


class VoiceRunner(Protocol):
    """The voice runner, seen from the loop: `voice.Voice`."""

    def obey(self, command: VoiceCommand, pair: RtpPair | None = None) -> None:
        """Pass a command on; the sockets go with `StartVoice`.  Never waits."""
        ...

    def fileno(self) -> int:
        """Readable when there are events."""
        ...

    def events(self) -> Sequence[Event | Note]:
        """Take what has been reported."""
        ...

    def alive(self, now: Seconds) -> bool:
        """Whether the runner has shown life lately."""
        ...

    def close(self) -> None:
        """End it."""
        ...
