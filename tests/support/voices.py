"""Voice paths on a table: one alone with its packets laid open, or two with a network between."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from offhook.audio.tones import plan
from offhook.phone.actions import SetGate, StartVoice, VoiceParameters
from offhook.phone.voice import Outgoing, VoiceEvent, VoicePath
from offhook.rtp.packet import Packet
from offhook.units import Endpoint, RtpTicks, Samples, Seconds
from support.netem import Netem

RATE = 8000
ALICE = Endpoint("192.0.2.1", 4000)
BOB = Endpoint("192.0.2.2", 6000)
PARAMETERS = VoiceParameters(
    port=ALICE.port,
    codec="PCMU",
    send_payload_type=0,
    receive_payload_type=0,
    remote=BOB,
    remote_rtcp=Endpoint(BOB.host, BOB.port + 1),
    rtcp_mux=False,
    packet_time=Seconds(0.02),
    send=True,
    receive=True,
    dtmf_send=101,
    dtmf_receive=101,
    silence_frames=False,
    ssrc=0xA11CE,
    sequence=65_530,
    timestamp=RtpTicks(2**32 - 1000),
    cname="c0ffee",
    timeout=Seconds(0),
)
BOBS = replace(
    PARAMETERS,
    port=BOB.port,
    remote=ALICE,
    remote_rtcp=Endpoint(ALICE.host, ALICE.port + 1),
    ssrc=0xB0B,
    sequence=7,
    timestamp=RtpTicks(99),
)


def path(period: int = 80) -> VoicePath:
    return VoicePath(plan("US"), Samples(period))


@dataclass(slots=True)
class Alone:
    """One path, stepped period by period."""

    period: int = 80
    now: float = 1000.0
    voice: VoicePath = field(init=False)
    heard: bytearray = field(default_factory=bytearray)
    events: list[VoiceEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.voice = path(self.period)

    def obey(self, *commands: object) -> list[VoiceEvent]:
        found = [event for each in commands for event in self.voice.obey(each, self.at)]  # type: ignore[arg-type]
        self.events += found
        return found

    def start(self, parameters: VoiceParameters = PARAMETERS, *, stream: int = 1) -> None:
        self.obey(StartVoice(stream, parameters), SetGate(stream))

    @property
    def at(self) -> Seconds:
        return Seconds(self.now)

    def step(self, frame: bytes | None = None) -> list[Outgoing]:
        """One period: what left."""
        self.now += self.period / RATE
        out = self.voice.capture(frame or self.tick(), self.at)
        self.heard += self.voice.playout(self.at)
        self.events += self.voice.events(self.at)
        return out

    def run(self, seconds: float, frame: bytes | None = None) -> list[Outgoing]:
        """Many periods."""
        count = round(seconds * RATE / self.period)
        return [each for _ in range(count) for each in self.step(frame)]

    def tick(self) -> bytes:
        """A microphone that is never silent."""
        return b"\x00\x10" * self.period

    def hear(
        self, packet: Packet | bytes, source: Endpoint = BOB, *, stream: int = 1, rtcp: bool = False
    ) -> list[VoiceEvent]:
        """A datagram comes now."""
        found = self.voice.receive(stream, bytes(packet), source, self.at, rtcp)
        self.events += found
        return found


def rtp(out: list[Outgoing]) -> list[Packet]:
    """The RTP packets among what left."""
    return [
        Packet.parse(each.data)
        for each in out
        if not each.rtcp and each.data[1] not in range(192, 224)
    ]


@dataclass(slots=True)
class End:
    """One of two telephones: its path, its sound card, and what it heard."""

    parameters: VoiceParameters
    address: Endpoint
    speech: bytes = b""
    ppm: float = 0.0
    period: int = 80
    voice: VoicePath = field(init=False)
    heard: bytearray = field(default_factory=bytearray)
    events: list[VoiceEvent] = field(default_factory=list)
    ticks: int = 0

    def __post_init__(self) -> None:
        self.voice = path(self.period)

    @property
    def due(self) -> float:
        """When its sound card is ready next."""
        return (self.ticks + 1) * self.period / RATE * (1 + self.ppm * 1e-6)

    def frame(self) -> bytes:
        """The next of its microphone."""
        size = 2 * self.period
        at = self.ticks * size
        return self.speech[at : at + size].ljust(size, b"\0")


@dataclass(slots=True)
class Pair:
    """Two telephones in a call."""

    alice: End
    bob: End
    there: Netem
    back: Netem
    began: float = 50.0
    at_tick: Callable[[End, Seconds], None] | None = None

    def start(self) -> None:
        for end in (self.alice, self.bob):
            end.voice.obey(StartVoice(1, end.parameters), Seconds(self.began))
            end.voice.obey(SetGate(1), Seconds(self.began))

    def run(self, until: float) -> None:
        """Until so many seconds after the beginning."""
        while min(self.alice.due, self.bob.due) < until:
            if self.alice.due <= self.bob.due:
                self._turn(self.alice, self.there, self.back)
            else:
                self._turn(self.bob, self.back, self.there)

    def _turn(self, end: End, out: Netem, back: Netem) -> None:
        now = Seconds(self.began + end.due)
        for each in end.voice.capture(end.frame(), now):
            out.send(each.data, end.address, each.rtcp, now)
        for came in back.arrived(now):
            source = Endpoint(came.source.host, came.source.port + came.rtcp)
            end.events += end.voice.receive(1, came.data, source, came.at, came.rtcp)
        end.heard += end.voice.playout(now)
        end.events += end.voice.events(now)
        if self.at_tick is not None:
            self.at_tick(end, now)
        end.ticks += 1


def pair(there: Netem | None = None, back: Netem | None = None, **bobs: float) -> Pair:
    """Alice and Bob, PCMU."""
    bob = End(BOBS, BOB, **bobs)  # type: ignore[arg-type]
    return Pair(End(PARAMETERS, ALICE), bob, there or Netem(1), back or Netem(2))
