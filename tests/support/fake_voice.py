"""A voice runner that only remembers what it was told."""

import os
from dataclasses import dataclass, field

from offhook.notes import Note
from offhook.phone.actions import VoiceCommand
from offhook.phone.events import Event
from offhook.service.voice import RtpPair
from offhook.units import Seconds


@dataclass
class FakeVoice:
    """Obeys `service.parts.VoiceRunner`."""

    commands: list[VoiceCommand] = field(default_factory=list)
    pairs: list[RtpPair] = field(default_factory=list)
    waiting: list[Event | Note] = field(default_factory=list)
    living: bool = True
    _pipe: tuple[int, int] = field(default_factory=os.pipe)

    def obey(self, command: VoiceCommand, pair: RtpPair | None = None) -> None:
        self.commands.append(command)
        if pair is not None:
            self.pairs.append(pair)

    def fileno(self) -> int:
        return self._pipe[0]

    def report(self, event: Event | Note) -> None:
        self.waiting.append(event)
        os.write(self._pipe[1], b"!")

    def events(self) -> list[Event | Note]:
        os.read(self._pipe[0], 4096)
        taken, self.waiting = self.waiting, []
        return taken

    def alive(self, now: Seconds) -> bool:
        return self.living

    def close(self) -> None:
        for pair in self.pairs:
            pair.close()
        for descriptor in self._pipe:
            os.close(descriptor)
