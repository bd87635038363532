"""One round of the voice loop, with a sound card that counts and no time."""

import gc
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from offhook.audio.tones import plan
from offhook.phone.actions import (
    Listen,
    PlayTone,
    SetGate,
    StartVoice,
    StopVoice,
    Tone,
    VoiceCommand,
    VoiceParameters,
)
from offhook.phone.events import SoundTrouble, VoiceReport
from offhook.phone.voice import VoicePath
from offhook.service.voice.channel import Channel, ChannelClosed
from offhook.service.voice.loop import CHORES, VoiceLoop
from offhook.service.voice.messages import Order, Quit, Remark, Started
from offhook.units import Endpoint, Hertz, RtpTicks, Samples, Seconds

pytestmark = pytest.mark.integration  # socket pairs and UDP on loopback
SILENCE = bytes(160)


@dataclass
class CountingSound:
    """Quits the loop after `rounds` reads."""

    channel: Channel
    rounds: int = 5
    rate: Hertz = Hertz(8000)
    period: Samples = Samples(80)
    log: list[str] = field(default_factory=list)
    written: list[bytes] = field(default_factory=list)
    told: str | None = None
    collected: list[bool] = field(default_factory=list)

    def start(self) -> None:
        self.log.append("start")

    def stop(self) -> None:
        self.log.append("stop")

    def read(self) -> bytes:
        self.log.append("read")
        self.collected.append(gc.isenabled())
        if self.log.count("read") == self.rounds:
            self.channel.send(Quit())
        return b"\x10\x20" * 80

    def write(self, frame: bytes) -> None:
        self.log.append("write")
        self.written.append(frame)

    def trouble(self) -> str | None:
        return self.told

    def close(self) -> None:
        self.log.append("close")


@dataclass
class Rig:
    """The main process's end, and a loop to be run to its end."""

    ours: Channel
    theirs: Channel
    sound: CountingSound
    at: float = 100.0
    beats: list[Seconds] = field(default_factory=list)

    def now(self) -> Seconds:
        self.at += 0.001
        return Seconds(self.at)

    def order(self, command: VoiceCommand, *sockets: socket.socket, generation: int = 1) -> None:
        assert self.ours.send(Order(generation, command), [each.fileno() for each in sockets])

    def run(self, step: Samples | None = None) -> list[object]:
        path = VoicePath(plan("us"), step or self.sound.period)
        loop = VoiceLoop(
            self.theirs, path, self.sound, generation=1, now=self.now, beat=self.beats.append
        )
        loop.run()
        self.theirs.close()
        told = []
        try:
            while (received := self.ours.receive()) is not None:
                told.append(received[0])
        except ChannelClosed:
            pass
        return told


@pytest.fixture
def rig() -> Iterator[Rig]:
    ours, theirs = Channel.pair()
    yield Rig(ours, theirs, CountingSound(ours))
    ours.close()
    theirs.close()
    gc.enable()


def udp() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return sock


def parameters(codec: str = "PCMU", to: Endpoint | None = None) -> VoiceParameters:
    return VoiceParameters(
        port=2, codec=codec, send_payload_type=0, receive_payload_type=0, remote=to,
        remote_rtcp=None, rtcp_mux=True, packet_time=Seconds(0.02), send=True, receive=True,
        dtmf_send=None, dtmf_receive=None, silence_frames=False, ssrc=5, sequence=6,
        timestamp=RtpTicks(7), cname="x", timeout=Seconds(0),
    )  # fmt: skip


def test_it_says_that_it_is_ready_and_ends_when_told(rig: Rig) -> None:
    rig.ours.send(Quit())
    assert rig.run() == [Started(1)]
    assert rig.sound.log == ["close"]


def test_it_ends_when_the_main_process_is_gone(rig: Rig) -> None:
    rig.ours.close()
    path = VoicePath(plan("us"), rig.sound.period)
    VoiceLoop(rig.theirs, path, rig.sound, generation=1, now=rig.now, beat=rig.beats.append).run()
    assert rig.sound.log == ["close"]


def test_each_period_reads_then_writes_and_shows_life(rig: Rig) -> None:
    rig.order(Listen(on=True))
    rig.order(PlayTone(Tone.DIAL))
    rig.run()
    assert rig.sound.log[:5] == ["start", "read", "write", "read", "write"]
    assert any(frame != SILENCE for frame in rig.sound.written)


def test_it_shows_life_all_the_time(rig: Rig) -> None:
    rig.sound.rounds = 200
    rig.order(Listen(on=True))
    rig.run()
    gaps = [b - a for a, b in pairwise(rig.beats)]
    assert len(gaps) > 2
    assert max(gaps) < 2 * CHORES


def test_the_path_may_take_two_periods_in_a_step(rig: Rig) -> None:
    """The card is read and written every period all the same; silence bridges the first step."""
    rig.order(Listen(on=True))
    rig.order(PlayTone(Tone.DIAL))
    rig.sound.rounds = 6
    rig.run(step=Samples(160))
    assert rig.sound.log[:5] == ["start", "read", "write", "read", "write"]
    assert rig.sound.written[0] == SILENCE
    assert all(len(frame) == len(SILENCE) for frame in rig.sound.written)
    assert b"".join(rig.sound.written[1:5]) == tone(2, Samples(160))


def tone(steps: int, step: Samples) -> bytes:
    path = VoicePath(plan("us"), step)
    path.obey(PlayTone(Tone.DIAL), Seconds(0))
    return b"".join(path.playout(Seconds(at)) for at in range(steps))


def test_no_garbage_is_collected_while_it_runs(rig: Rig) -> None:
    rig.order(Listen(on=True))
    rig.run()
    assert rig.sound.collected == [False] * rig.sound.rounds
    gc.enable()


def test_stopping_gives_the_collector_its_turn(rig: Rig) -> None:
    rig.order(Listen(on=True))
    rig.order(Listen(on=False))
    rig.ours.send(Quit())
    rig.run()
    assert rig.sound.log == ["start", "stop", "close"]
    assert gc.isenabled()


def test_the_microphone_is_not_open_while_nobody_listens(rig: Rig) -> None:
    """The handset lies in its cradle; a stream alone is paced by the silent clock."""
    with udp() as rtp, udp() as rtcp, udp() as peer:
        to = Endpoint(*peer.getsockname())
        rig.order(StartVoice(1, parameters(to=to)), rtp, rtcp)
        rig.order(SetGate(1))
        rig.order(StopVoice(1))
        rig.ours.send(Quit())
        rig.run()
        assert "read" not in rig.sound.log
        assert "start" not in rig.sound.log


def test_what_the_microphone_hears_leaves_through_the_gate(rig: Rig) -> None:
    rig.sound.rounds = 8
    with udp() as rtp, udp() as rtcp, udp() as peer:
        peer.settimeout(5)
        rig.order(StartVoice(1, parameters(to=Endpoint(*peer.getsockname()))), rtp, rtcp)
        rig.order(Listen(on=True))
        rig.order(SetGate(1))
        rig.run()
        packet = peer.recv(2048)
        assert len(packet) == 172
        assert packet[2:4] == b"\x00\x06"


def test_a_stream_that_stops_reports_and_closes_its_sockets(rig: Rig) -> None:
    with udp() as rtp, udp() as rtcp:
        before = len(os.listdir("/proc/self/fd"))
        rig.order(StartVoice(1, parameters()), rtp, rtcp)
        rig.order(StopVoice(1))
        rig.ours.send(Quit())
        told = rig.run()
        assert [type(each) for each in told] == [Started, VoiceReport]
        assert len(os.listdir("/proc/self/fd")) == before - 1  # our own end of the channel, closed


def test_orders_for_a_runner_that_died_are_thrown_away_with_their_sockets(rig: Rig) -> None:
    with udp() as rtp, udp() as rtcp:
        before = len(os.listdir("/proc/self/fd"))
        rig.order(StartVoice(1, parameters()), rtp, rtcp, generation=7)
        rig.ours.send(Quit())
        assert rig.run() == [Started(1)]
        assert len(os.listdir("/proc/self/fd")) == before - 1


def test_a_codec_that_is_missing_is_told_and_kills_nothing(rig: Rig) -> None:
    with udp() as rtp, udp() as rtcp:
        rig.order(StartVoice(1, parameters("OPUS")), rtp, rtcp)
        rig.order(Listen(on=True))
        told = rig.run()
    assert [type(each) for each in told] == [Started, Remark]
    assert rig.sound.log.count("read") == rig.sound.rounds


def test_trouble_with_the_card_is_told_once(rig: Rig) -> None:
    rig.sound.told = "unplugged"
    rig.order(Listen(on=True))
    assert rig.run() == [Started(1), SoundTrouble("unplugged")]
