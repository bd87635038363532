"""The voice path: everything between microphone, earpiece and the RTP sockets, without a clock.

Once a period of the sound card its owner calls, in this order: `capture`, `receive` for each
waiting datagram, `playout`, `events`.  Nothing here waits, raises on what peers send, or grows
without bound.

    microphone -> gain, mute -> GATE -> stream: packets, codec, keys -> datagrams
    datagrams -> stream: source lock, reports, playout buffer -> tones -> limiter -> earpiece
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from offhook.audio import tones
from offhook.audio.limiter import Limiter
from offhook.audio.pcm import WIDTH, gain, mix, samples, scale, settle, silence
from offhook.phone.actions import (
    Listen,
    Mute,
    PlayTone,
    SetGate,
    StartDigit,
    StartVoice,
    StopDigit,
    StopTone,
    StopVoice,
    Tone,
    UpdateVoice,
    VoiceCommand,
)
from offhook.phone.voice_clock import CaptureClock
from offhook.phone.voice_digits import KEYS, prepare_keys
from offhook.phone.voice_send import Outgoing
from offhook.phone.voice_stream import Stream, VoiceEvent
from offhook.rtp.source import State
from offhook.units import Decibels, Endpoint, Samples, Seconds

__all__ = ["MAX_STREAMS", "Outgoing", "VoiceEvent", "VoicePath"]

MAX_STREAMS: Final = 2
KEY_BEEP: Final = Decibels(-16)  # below the tone sent: what one hears of one's own keys
LIMIT: Final = Decibels(-9)  # dB below full scale
NO_GAIN: Final = Decibels(0)
SEAM: Final = Samples(64)  # 8 ms, in which the end of a voice that is cut off dies away
_OVER_THE_VOICE: Final = frozenset({Tone.CALL_WAITING})
_CUTS: Final = frozenset({PlayTone, StopTone, SetGate, StopVoice, UpdateVoice})
"""Commands that may cut off a voice in the middle of a wave."""


class VoicePath:
    """At most two streams, one gate, one earpiece."""

    def __init__(
        self,
        plan: tones.TonePlan,
        period: Samples,
        *,
        send_gain: Decibels = NO_GAIN,
        receive_gain: Decibels = NO_GAIN,
        limit: Decibels = LIMIT,
    ) -> None:
        """`period` samples are captured and played at each step; `limit` in dBFS."""
        self._plan = plan
        self.period = period
        """Samples in one step."""
        self._send_gain, self._receive_gain = send_gain, receive_gain
        self._limiter = Limiter(limit)
        self._clock = CaptureClock()
        self._streams: dict[int, Stream] = {}
        self._gate: int | None = None
        self._muted = False
        self._tone: tones.ToneSource | None = None
        self._tone_over = False
        """The tone is mixed with the voice instead of replacing it."""
        self._fading: tones.ToneSource | None = None
        """The tone before, in its last milliseconds."""
        self._beep: tones.ToneSource | None = None
        self._cut = False
        """What comes next may not go on where the last sample was."""
        self._last = silence(1)
        self._dropped: Counter[str] = Counter()
        plan.prepare()
        prepare_keys()

    def obey(self, command: VoiceCommand, now: Seconds) -> list[VoiceEvent]:
        """Perform any voice command; those about streams that are not there do nothing.

        Raises LookupError for a codec that is not available here.
        """
        self._cut = self._cut or type(command) in _CUTS
        return _ORDERS[type(command)](self, command, now)

    def farewell(self, stream: int, now: Seconds) -> list[Outgoing]:
        """RTCP BYE to send just before `StopVoice` is obeyed; empty when nothing was ever sent."""
        found = self._streams.get(stream)
        return found.farewell(self._clock.time, now) if found else []

    def capture(self, frame: bytes, now: Seconds) -> list[Outgoing]:
        """One period of microphone, 16-bit little-endian mono 8 kHz: what leaves for it."""
        n = samples(frame)
        at = self._clock.advance(n, now)
        if not self._streams:
            return []
        if self._muted:
            frame = silence(n)
        elif self._send_gain:
            frame = gain(frame, self._send_gain)
        out: list[Outgoing] = []
        for stream in self._streams.values():
            # The gate: the one place where the microphone meets the network.
            out += stream.capture(frame if stream.number == self._gate else None, at, now)
        return out

    def receive(
        self, stream: int, data: bytes, source: Endpoint, at: Seconds, rtcp: bool
    ) -> list[VoiceEvent]:
        """A datagram came `at` (kernel time stamp) on the stream's socket.  Never raises."""
        found = self._streams.get(stream)
        if found is None:
            self._dropped["no stream"] += 1
            return []
        return found.receive(data, source, at, rtcp)

    def source(self, stream: int) -> Endpoint | None:
        """Where this stream's packets come from, once no other source can be taken."""
        found = self._streams.get(stream)
        if found is None or found.receiver.lock.state is not State.CERTAIN:
            return None
        return found.receiver.lock.locked

    def playout(self, now: Seconds) -> bytes:
        """One period for the earpiece, after the limiter."""
        n = self.period
        frame = self._voice(n, now) or silence(n)
        if self._tone is not None or self._fading is not None or self._beep is not None:
            frame = self._tones(n, frame)
        if self._cut:
            frame = settle(mix(self._last, scale(frame[:WIDTH], -1)), frame, SEAM)
            self._cut = False
        self._last = frame[-WIDTH:]
        if self._receive_gain:
            frame = gain(frame, self._receive_gain)
        return self._limiter.process(frame)

    def events(self, now: Seconds) -> list[VoiceEvent]:
        """Time-outs and reports that are due; call once a period."""
        return [event for stream in self._streams.values() for event in stream.events(now)]

    def dropped(self) -> Mapping[str, int]:
        """Datagrams thrown away since the start, by reason."""
        return sum((each.receiver.dropped for each in self._streams.values()), self._dropped)

    def _voice(self, n: Samples, now: Seconds) -> bytes | None:
        """What the peers say: only the one the gate is open to, or whoever there is before that."""
        heard: bytes | None = None
        for stream in self._streams.values():
            frame = stream.playout(n, now)  # also of an unheard one: its buffer must flow
            if frame is not None and (self._gate is None or self._gate == stream.number):
                heard = frame if heard is None else mix(heard, frame)
        return heard

    def _tones(self, n: Samples, heard: bytes) -> bytes:
        if self._tone is not None:
            sound = self._tone.frame(n)
            heard = mix(heard, sound) if self._tone_over else sound
            self._tone = None if self._tone.done else self._tone
        if self._fading is not None:
            heard = mix(heard, self._fading.frame(n))
            self._fading = None if self._fading.done else self._fading
        if self._beep is not None:
            heard = mix(heard, gain(self._beep.frame(n), KEY_BEEP))
            self._beep = None if self._beep.done else self._beep
        return heard

    def _start(self, command: StartVoice, now: Seconds) -> list[VoiceEvent]:
        if command.stream in self._streams or len(self._streams) >= MAX_STREAMS:
            self._dropped["too many streams"] += 1
            return []
        stream = Stream(command.stream, command.parameters, self._clock.time, now)
        self._streams[command.stream] = stream
        if self._gate == command.stream:
            stream.opened(now)
        return []

    def _update(self, command: UpdateVoice, now: Seconds) -> list[VoiceEvent]:
        if (stream := self._streams.get(command.stream)) is not None:
            stream.update(command.parameters, now)
        return []

    def _stop(self, command: StopVoice, now: Seconds) -> list[VoiceEvent]:
        if self._gate == command.stream:
            self._gate = None
        stream = self._streams.pop(command.stream, None)
        if stream is None:
            return []
        self._dropped += stream.receiver.dropped
        return [stream.report(final=True)]

    def _set_gate(self, command: SetGate, now: Seconds) -> list[VoiceEvent]:
        if command.stream == self._gate:
            return []
        self._forget()
        self._gate = command.stream
        if command.stream is not None and (stream := self._streams.get(command.stream)):
            stream.opened(now)
        return []

    def _listen(self, command: Listen, now: Seconds) -> list[VoiceEvent]:
        self._forget()
        return []

    def _forget(self) -> None:
        """Whatever was captured and has not left never will."""
        for stream in self._streams.values():
            stream.closed()

    def _mute(self, command: Mute, now: Seconds) -> list[VoiceEvent]:
        self._muted = command.on
        return []

    def _play(self, command: PlayTone, now: Seconds) -> list[VoiceEvent]:
        self._fade()
        self._tone = self._plan.source(command.tone.name.lower())
        self._tone_over = command.tone in _OVER_THE_VOICE
        return []

    def _stop_tone(self, command: StopTone, now: Seconds) -> list[VoiceEvent]:
        self._fade()
        return []

    def _fade(self) -> None:
        """No tone stops with a click."""
        if self._tone is not None:
            self._tone.stop()
            self._fading, self._tone = self._tone, None

    def _press(self, command: StartDigit, now: Seconds) -> list[VoiceEvent]:
        stream = self._streams.get(command.stream)
        if stream is not None and self._gate == command.stream:
            stream.press(command.digit)
            self._sound_key(command.digit)
        return []

    def _release(self, command: StopDigit, now: Seconds) -> list[VoiceEvent]:
        if (stream := self._streams.get(command.stream)) is not None:
            stream.release()
        if self._beep is not None:
            self._beep.stop()
        return []

    def _sound_key(self, digit: str) -> None:
        self._beep = tones.dtmf(digit) if digit in KEYS else None  # the hook flash is silent


_ORDERS: Final[Mapping[type[VoiceCommand], Callable[..., list[VoiceEvent]]]] = {
    Listen: VoicePath._listen,
    StartVoice: VoicePath._start,
    UpdateVoice: VoicePath._update,
    StopVoice: VoicePath._stop,
    SetGate: VoicePath._set_gate,
    Mute: VoicePath._mute,
    PlayTone: VoicePath._play,
    StopTone: VoicePath._stop_tone,
    StartDigit: VoicePath._press,
    StopDigit: VoicePath._release,
}
