"""The voice loop: once round for each period of the sound card (10 ms).

    read microphone -> path -> send;  receive -> path;  path -> write earpiece;  events

The path may take two periods in one step.  After each sleep the processor's caches are cold, so a
step costs by what it touches and hardly by how much sound it is given; a packet is two periods
anyway.  The card is read and written every period all the same: its queues stay short.

While nobody listens and nothing is streamed it sleeps until a command comes.  While something is
streamed but nobody listens (the handset lies in its cradle) a silent clock paces it, and the
microphone is not even open.  No logging, no locks, and no garbage collection while it runs.
"""

import gc
import os
import select
import socket
from collections import deque
from collections.abc import Callable
from typing import Final

from offhook.audio.pcm import WIDTH
from offhook.drivers.silent_sound import SilentSound
from offhook.notes import Severity, note
from offhook.phone.actions import Listen, StartVoice, StopVoice, UpdateVoice, VoiceCommand
from offhook.phone.events import Event, SoundTrouble
from offhook.phone.voice import VoicePath
from offhook.ports import Sound
from offhook.service.voice.channel import Channel, ChannelClosed
from offhook.service.voice.messages import Order, Quit, Remark, Started
from offhook.service.voice.sockets import MAX_DRAIN, StreamSockets, drain
from offhook.units import Seconds

IDLE_BEAT: Final = Seconds(0.5)
"""Between signs of life while there is nothing to do."""
CHORES: Final = Seconds(0.05)
"""Between signs of life, and looks at what is due, while it runs."""
MAX_UNSENT: Final = 256  # events kept while the main process does not read
MAX_ORDERS: Final = 16  # obeyed in one period


class VoiceLoop:
    """Owns the sound card, the sockets and the voice path."""

    def __init__(
        self,
        channel: Channel,
        path: VoicePath,
        sound: Sound,
        *,
        generation: int,
        now: Callable[[], Seconds],
        beat: Callable[[Seconds], None],
    ) -> None:
        """`beat` is told the time of each round."""
        self._channel, self._path, self._sound = channel, path, sound
        self._silent = SilentSound(sound.rate, sound.period, now)
        self._generation, self._now, self._beat = generation, now, beat
        self._step = WIDTH * path.period
        """Bytes of sound in one step of the path."""
        self._mic = self._ear = b""
        """Captured, not yet a step; made in the last step, not yet written."""
        self._streams: dict[int, StreamSockets] = {}
        self._poll = select.poll()
        self._readers: dict[int, tuple[int, socket.socket, bool]] = {}
        self._listening = self._running = False
        self._unsent: deque[Event | Remark | Started] = deque(maxlen=MAX_UNSENT)
        self._trouble: str | None = None
        self._chores_at = Seconds(0)

    def run(self) -> None:
        """Until the main process says so, or is gone."""
        self._poll.register(self._channel.fileno(), select.POLLIN)
        try:
            self._post(Started(self._generation))
            while True:
                if self._running:
                    self._period()
                else:
                    self._idle()
        except ChannelClosed:
            return
        finally:
            self._end()

    def _period(self) -> None:
        sound = self._sound if self._listening else self._silent
        frame = self._mic + sound.read()
        if len(frame) < self._step:
            self._mic = frame
            self._write(sound)
            return
        now = self._now()
        self._mic = b""
        for out in self._path.capture(frame, now):
            if (sockets := self._streams.get(out.stream)) is not None:
                sockets.send(out.data, out.to, rtcp=out.rtcp)
        for stream, sockets in self._streams.items():  # one packet a period: it will be there
            self._receive(stream, sockets.rtp, False, now, most=1)
        self._serve(0, now)  # and whatever else there may be
        if self._running and sound is (self._sound if self._listening else self._silent):
            self._ear = self._path.playout(now)
            self._write(sound)
        if now >= self._chores_at:
            self._chores(now)

    def _write(self, sound: Sound) -> None:
        size = WIDTH * sound.period
        sound.write(self._ear[:size])
        self._ear = self._ear[size:]

    def _chores(self, now: Seconds) -> None:
        """What need not be done in each period: a period is expensive by what it touches."""
        self._chores_at = Seconds(now + CHORES)
        self._beat(now)
        for event in self._path.events(now):
            self._post(event)
        self._look_at_sound()
        if self._unsent:
            self._flush()

    def _idle(self) -> None:
        self._beat(self._now())
        self._look_at_sound()
        if self._unsent:
            self._flush()
        self._serve(IDLE_BEAT, self._now())

    def _serve(self, patience: Seconds | int, now: Seconds) -> None:
        for descriptor, _ in self._poll.poll(patience * 1000):
            if (reader := self._readers.get(descriptor)) is not None:
                self._receive(*reader, now)
            elif descriptor == self._channel.fileno():
                self._obey_all()

    def _receive(
        self, stream: int, sock: socket.socket, rtcp: bool, now: Seconds, most: int = MAX_DRAIN
    ) -> None:
        for data, source, at in drain(sock, now, most):
            if events := self._path.receive(stream, data, source, at, rtcp):
                self._tell(*events)
        sockets = self._streams.get(stream)
        if sockets is not None and sockets.locked is None and not rtcp:
            sockets.lock(self._path.source(stream))

    def _obey_all(self) -> None:
        for _ in range(MAX_ORDERS):
            match self._channel.receive():
                case None:
                    return
                case (Order(generation=generation, command=command), descriptors) if (
                    generation == self._generation
                ):
                    self._obey(command, descriptors)
                case (Quit(), _):
                    raise ChannelClosed
                case (_, descriptors):  # meant for a runner that died
                    for descriptor in descriptors:
                        os.close(descriptor)

    def _obey(self, command: VoiceCommand, descriptors: list[int]) -> None:
        now = self._now()
        if isinstance(command, StartVoice):
            self._adopt(command.stream, descriptors)
        elif isinstance(command, StopVoice):
            self._say_goodbye(command.stream, now)
        try:
            self._tell(*self._path.obey(command, now))
        except LookupError as error:  # a codec that this machine does not have
            text = f"voice command not obeyed: {error}"
            remark = note(text, Severity.ERROR, command=type(command).__name__)
            self._post(Remark.of(remark))
        if isinstance(command, Listen):
            self._listen(command.on)
        elif isinstance(command, UpdateVoice) and command.stream in self._streams:
            self._streams[command.stream].lock(self._path.source(command.stream))
        elif isinstance(command, StopVoice):
            self._drop(command.stream)
        self._pace()

    def _adopt(self, stream: int, descriptors: list[int]) -> None:
        rtp, rtcp = (socket.socket(fileno=each) for each in descriptors)
        self._drop(stream)
        self._streams[stream] = StreamSockets(rtp, rtcp)
        for sock, is_rtcp in ((rtp, False), (rtcp, True)):
            sock.setblocking(False)
            self._readers[sock.fileno()] = stream, sock, is_rtcp
            self._poll.register(sock.fileno(), select.POLLIN)

    def _say_goodbye(self, stream: int, now: Seconds) -> None:
        if (sockets := self._streams.get(stream)) is not None:
            for out in self._path.farewell(stream, now):
                sockets.send(out.data, out.to, rtcp=out.rtcp)

    def _drop(self, stream: int) -> None:
        if (sockets := self._streams.pop(stream, None)) is None:
            return
        for sock in (sockets.rtp, sockets.rtcp):
            self._poll.unregister(sock.fileno())
            del self._readers[sock.fileno()]
        sockets.close()

    def _listen(self, on: bool) -> None:
        if on == self._listening:
            return
        self._listening = on
        self._begin()
        if on:
            self._sound.start()
        else:
            self._sound.stop()
            self._silent.start()

    def _pace(self) -> None:
        """Run while there is something to hear or to send; the garbage waits until then."""
        running = self._listening or bool(self._streams)
        if running == self._running:
            return
        self._running = running
        if running:
            gc.disable()
            self._begin()
            if not self._listening:
                self._silent.start()
        else:
            gc.enable()
            gc.collect()

    def _begin(self) -> None:
        """Nothing of what was heard before, and silence until the first step is complete."""
        self._mic, self._ear = b"", bytes(self._step - WIDTH * self._sound.period)

    def _look_at_sound(self) -> None:
        trouble = self._sound.trouble()
        if trouble != self._trouble:
            self._trouble = trouble
            self._post(SoundTrouble(trouble))

    def _tell(self, *events: Event) -> None:
        for event in events:
            self._post(event)

    def _post(self, message: Event | Remark | Started) -> None:
        self._unsent.append(message)
        self._flush()

    def _flush(self) -> None:
        while self._unsent and self._channel.send(self._unsent[0]):
            self._unsent.popleft()

    def _end(self) -> None:
        for stream in list(self._streams):
            self._drop(stream)
        self._sound.close()
