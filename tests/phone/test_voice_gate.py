"""The media gate: the phone's most important invariant.

No microphone sample leaves a stream unless the gate is open to it, and nothing that was captured
while it was closed ever leaves, in whatever order commands, frames and datagrams come.
"""

import struct
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from offhook.audio.codec.g711 import decode_ulaw, encode_ulaw
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
from offhook.phone.voice import Outgoing
from offhook.rtp import rtcp
from offhook.rtp.packet import Packet
from offhook.units import Endpoint, Seconds
from support.voices import ALICE, BOB, PARAMETERS, path

STREAMS = st.sampled_from([1, 2, 3])
PEERS = {1: BOB, 2: Endpoint("192.0.2.22", 6022), 3: Endpoint("192.0.2.33", 6033)}


def level(value: int) -> bytes:
    return struct.pack("<h", value) * 80


def heard_levels(payload: bytes) -> set[int]:
    sound = decode_ulaw(payload)
    return set(struct.unpack(f"<{len(sound) // 2}h", sound))


def on_the_wire(value: int) -> int:
    """What becomes of a sample by way of the µ law."""
    (value,) = heard_levels(encode_ulaw(struct.pack("<h", value)))
    return value


CODES = sorted({on_the_wire(value) for value in range(300, 20_000, 7)})
"""Each captured frame has a level of its own, so a packet tells when its samples were captured."""


class Gate(RuleBasedStateMachine):
    """Any order; a model of what may leave beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.voice = path()
        self.now = 100.0
        self.frames = 0
        self.gate: int | None = None
        self.streams: dict[int, dict[str, object]] = {}
        self.muted = False
        self.allowed: dict[int, set[int]] = {1: set(), 2: set(), 3: set()}
        """Levels each stream may send: of frames captured since the gate opened to it."""
        self.answered: set[int] = set()
        self.left: list[Outgoing] = []

    @initialize(stream=STREAMS)
    def begin(self, stream: int) -> None:
        """A call, as most begin."""
        self.start(stream, True, True, False)
        self.set_gate(stream)

    def obey(self, command: VoiceCommand) -> None:
        self.voice.obey(command, Seconds(self.now))

    def forget(self) -> None:
        for levels in self.allowed.values():
            levels.clear()

    @rule(stream=STREAMS, keys=st.booleans(), send=st.booleans(), mux=st.booleans())
    def start(self, stream: int, keys: bool, send: bool, mux: bool) -> None:
        changes = self.changes(stream, keys, send, mux)
        if stream not in self.streams and len(self.streams) < 2:
            self.streams[stream] = changes
            if self.gate == stream:
                self.answered.add(stream)
        self.obey(StartVoice(stream, replace(PARAMETERS, **changes)))  # type: ignore[arg-type]

    @rule(stream=STREAMS, keys=st.booleans(), send=st.booleans(), mux=st.booleans())
    def update(self, stream: int, keys: bool, send: bool, mux: bool) -> None:
        changes = self.changes(stream, keys, send, mux)
        if stream in self.streams:
            self.streams[stream] = changes
        self.obey(UpdateVoice(stream, replace(PARAMETERS, **changes)))  # type: ignore[arg-type]

    def changes(self, stream: int, keys: bool, send: bool, mux: bool) -> dict[str, object]:
        peer = PEERS[stream]
        return {
            "remote": peer,
            "remote_rtcp": Endpoint(peer.host, peer.port + 1),
            "dtmf_send": 101 if keys else None,
            "send": send,
            "rtcp_mux": mux,
        }

    @rule(stream=STREAMS)
    def stop(self, stream: int) -> None:
        self.obey(StopVoice(stream))
        self.streams.pop(stream, None)
        self.answered.discard(stream)
        self.allowed[stream].clear()
        if self.gate == stream:
            self.gate = None

    @rule(stream=st.none() | STREAMS)
    def set_gate(self, stream: int | None) -> None:
        self.obey(SetGate(stream))
        if stream != self.gate:
            self.forget()
        self.gate = stream
        if stream in self.streams and stream is not None:
            self.answered.add(stream)

    @precondition(lambda self: self.gate is not None)
    @rule(frames=st.integers(1, 3), other=st.none() | STREAMS)
    def blink(self, frames: int, other: int | None) -> None:
        """Closed and opened again within a period: what was held in between must be gone."""
        gate = self.gate
        self.capture(frames)
        self.set_gate(other)
        self.set_gate(gate)

    @rule(on=st.booleans())
    def mute(self, on: bool) -> None:
        self.obey(Mute(on))
        self.muted = on

    @rule(on=st.booleans())
    def listen(self, on: bool) -> None:
        self.obey(Listen(on))
        self.forget()

    @rule(stream=STREAMS, digit=st.sampled_from(["1", "#", "flash", "x"]))
    def press(self, stream: int, digit: str) -> None:
        self.obey(StartDigit(stream, digit))

    @rule(stream=STREAMS)
    def release(self, stream: int) -> None:
        self.obey(StopDigit(stream))

    @rule(tone=st.sampled_from(Tone))
    def tone(self, tone: Tone) -> None:
        self.obey(PlayTone(tone))

    @rule()
    def quiet(self) -> None:
        self.obey(StopTone())

    @rule(stream=STREAMS, source=st.sampled_from([*PEERS.values(), ALICE]), seq=st.integers(0, 9))
    def datagram(self, stream: int, source: Endpoint, seq: int) -> None:
        data = bytes(Packet(0, seq, 160 * seq, 5, b"\x33" * 160))
        self.voice.receive(stream, data, source, Seconds(self.now), False)

    @rule(stream=STREAMS, source=st.sampled_from([*PEERS.values(), ALICE]), mux=st.booleans())
    def report(self, stream: int, source: Endpoint, mux: bool) -> None:
        data = rtcp.serialize([rtcp.ReceiverReport(5), rtcp.Goodbye((5,))])
        self.voice.receive(stream, data, source, Seconds(self.now), not mux)

    @rule(count=st.integers(1, 12))
    def capture(self, count: int) -> None:
        for _ in range(count):
            self.now += 0.01
            value = CODES[self.frames % len(CODES)]
            self.frames += 1
            if self.gate in self.streams and not self.muted and self.gate is not None:
                self.allowed[self.gate].add(value)
            self.check(self.voice.capture(level(value), Seconds(self.now)))
            self.voice.playout(Seconds(self.now))
            self.voice.events(Seconds(self.now))

    @precondition(lambda self: self.streams)
    @rule(seconds=st.integers(1, 9))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    def check(self, out: list[Outgoing]) -> None:
        for each in out:
            if each.rtcp or each.data[1] in range(192, 224):
                assert each.stream in self.answered
                rtcp.parse(each.data)
                continue
            assert each.stream == self.gate
            stream = self.streams[each.stream]
            assert stream["send"]
            packet = Packet.parse(each.data)
            if packet.payload_type == 101:
                assert stream["dtmf_send"] == 101
                assert len(packet.payload) == 4
            elif stream["dtmf_send"] is not None:  # else a key may sound in it
                assert heard_levels(packet.payload) <= self.allowed[each.stream] | {0}

    @invariant()
    def farewells_only_after_answers(self) -> None:
        for stream in PEERS:
            found = self.voice.farewell(stream, Seconds(self.now))
            assert not found or stream in self.answered


TestGate = Gate.TestCase
TestGate.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)


def test_the_model_can_fail() -> None:
    """A sample captured while closed would be noticed."""
    machine = Gate()
    machine.start(1, True, True, False)
    machine.set_gate(1)
    machine.capture(1)
    out: list[Outgoing] = machine.voice.capture(level(on_the_wire(31_000)), Seconds(machine.now))
    try:
        machine.check(out)
    except AssertionError:
        return
    raise AssertionError("a stranger's level went unnoticed")
