"""The main process's end of the voice runner."""

import dataclasses
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, Self

from offhook.drivers.card import SoundCard
from offhook.entropy import Entropy
from offhook.notes import Note, Severity, note
from offhook.phone.actions import (
    Listen,
    Mute,
    PlayTone,
    SetGate,
    StartVoice,
    StopTone,
    StopVoice,
    UpdateVoice,
    VoiceCommand,
)
from offhook.phone.events import Event
from offhook.service.voice import runner
from offhook.service.voice.channel import Channel, ChannelClosed
from offhook.service.voice.keeper import fork_keeper
from offhook.service.voice.messages import Order, Quit, Remark, Started
from offhook.service.voice.page import SharedPage
from offhook.service.voice.ports import RtpPair
from offhook.units import Decibels, RtpTicks, Seconds

LIFELESS: Final = Seconds(5)
"""Without a heartbeat the keeper must have failed too."""
FAREWELL: Final = Seconds(1)
"""For the processes to end by themselves."""
MAX_EVENTS: Final = 64  # taken at once, so that the loop is not held up
UNITY: Final = Decibels(0)


class VoiceGone(RuntimeError):  # noqa: N818  # it has gone; that is no mistake of the caller
    """Runner and keeper are dead for good: end the service, systemd starts it anew."""


class Voice:
    """What the service knows of the voice runner.

    A runner that dies or hangs is replaced within about three seconds; its calls go on, with a new
    SSRC.
    """

    def __init__(self, channel: Channel, page: SharedPage, keeper: int, entropy: Entropy) -> None:
        """Use `start`."""
        self._channel, self._page, self._keeper = channel, page, keeper
        self._entropy = entropy
        self._generation = 1
        self._state = _Wanted()

    @classmethod
    def start(
        cls,
        card: SoundCard | None,
        country: str,
        entropy: Entropy,
        *,
        send_gain: Decibels = UNITY,
        receive_gain: Decibels = UNITY,
    ) -> Self:
        """Fork the runner.  Call it first of all: before any thread, event loop or open PCM.

        Without a `card` a silent clock takes its place.
        """
        ours, theirs = Channel.pair()
        page = SharedPage(runner.monotonic())
        equipment = runner.Equipment(card, country, send_gain, receive_gain)
        keeper = fork_keeper(
            lambda generation: runner.run(equipment, theirs, page, generation), page, ours.close
        )
        theirs.close()
        return cls(ours, page, keeper, entropy)

    def fileno(self) -> int:
        """Readable when `events` has something: give it to `loop.add_reader`."""
        return self._channel.fileno()

    def events(self) -> list[Event | Note]:
        """What has come from the runner; never waits.  Raises VoiceGone."""
        found: list[Event | Note] = []
        try:
            for _ in range(MAX_EVENTS):
                if (received := self._channel.receive()) is None:
                    break
                found += self._sorted(received[0])
        except ChannelClosed as error:
            raise VoiceGone("the voice runner is gone and nobody starts another") from error
        return found

    def obey(self, command: VoiceCommand, pair: RtpPair | None = None) -> None:
        """Pass a command on; never waits.  Raises VoiceGone.

        `StartVoice` brings its sockets, which then belong to this object.
        """
        if isinstance(command, StartVoice) and pair is None:
            raise ValueError("StartVoice needs its sockets")
        self._state.note(command, pair)
        self._send(command, pair)

    def heartbeat(self) -> Seconds:
        """When, on the monotonic clock, the runner last went round its loop."""
        return self._page.last_beat()

    def alive(self, now: Seconds) -> bool:
        """Whether the watchdog may be fed."""
        return now - self.heartbeat() < LIFELESS

    def close(self) -> None:
        """End runner and keeper and wait for them (at most a second)."""
        with suppress(ChannelClosed):  # it may have gone before us
            self._channel.send(Quit())
        self._channel.close()
        self._state.close()
        self._wait()

    def _sorted(self, message: object) -> Iterator[Event | Note]:
        match message:
            case Started(generation=1):
                return
            case Started(generation=generation):
                self._generation = generation
                self._replay()
                yield note("voice runner died and was replaced", Severity.ERROR, runner=generation)
            case Remark():
                yield message.note()
            case _:
                yield message  # type: ignore[misc]  # the runner sends nothing but events besides

    def _replay(self) -> None:
        """Bring the new runner to where the old one was."""
        for command, pair in self._state.commands(self._entropy):
            self._send(command, pair)

    def _send(self, command: VoiceCommand, pair: RtpPair | None = None) -> None:
        """When the channel is full the runner hangs: its successor is told by `_replay`."""
        sockets = [] if pair is None else [pair.rtp.fileno(), pair.rtcp.fileno()]
        try:
            self._channel.send(Order(self._generation, command), sockets)
        except ChannelClosed as error:
            raise VoiceGone("the voice runner is gone and nobody starts another") from error

    def _wait(self) -> None:
        until = time.monotonic() + FAREWELL
        while time.monotonic() < until:
            if os.waitpid(self._keeper, os.WNOHANG)[0]:
                return
            time.sleep(0.005)
        os.kill(self._keeper, signal.SIGKILL)
        os.waitpid(self._keeper, 0)


class _Wanted:
    """What the runner has been told to do and has not been told to stop."""

    def __init__(self) -> None:
        self._streams: dict[int, tuple[StartVoice, RtpPair]] = {}
        self._latest: dict[type, VoiceCommand] = {}

    def note(self, command: VoiceCommand, pair: RtpPair | None) -> None:
        """Remember what matters to a successor."""
        match command:
            case StartVoice(stream=stream) if pair is not None:
                self._forget(stream)
                self._streams[stream] = command, pair
            case UpdateVoice(stream=stream, parameters=parameters) if stream in self._streams:
                pair = self._streams[stream][1]
                self._streams[stream] = StartVoice(stream, parameters), pair
            case StopVoice(stream=stream):
                self._forget(stream)
            case StopTone():
                self._latest.pop(PlayTone, None)
            case Listen() | Mute() | PlayTone() | SetGate():
                self._latest[type(command)] = command
            case _:
                pass  # a key held down is not worth telling

    def commands(self, entropy: Entropy) -> Iterator[tuple[VoiceCommand, RtpPair | None]]:
        """All of it, with fresh random numbers: a new source begins (RFC 3550 §8)."""
        for command, pair in self._streams.values():
            fresh = dataclasses.replace(
                command.parameters,
                ssrc=entropy.below(2**32),
                sequence=entropy.below(2**15),
                timestamp=RtpTicks(entropy.below(2**31)),
            )
            yield StartVoice(command.stream, fresh), pair
        for latest in self._latest.values():
            yield latest, None

    def close(self) -> None:
        """Close the sockets."""
        for stream in list(self._streams):
            self._forget(stream)

    def _forget(self, stream: int) -> None:
        if (found := self._streams.pop(stream, None)) is not None:
            found[1].close()
