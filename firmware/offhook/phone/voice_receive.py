"""From datagrams to the earpiece: one stream's receiving half."""

from collections import Counter
from typing import Final

from offhook.audio.codec import open_codec
from offhook.audio.playout import Playout
from offhook.phone.actions import VoiceParameters
from offhook.phone.events import DigitHeard, FirstAudio
from offhook.rtp.packet import Packet, RtpError
from offhook.rtp.report import ReceiverStats
from offhook.rtp.sequence import TIMESTAMP_BITS, extend
from offhook.rtp.source import SourceLock, Verdict
from offhook.rtp.telephone_event import EventReceiver
from offhook.units import Endpoint, Hertz, RtpTicks, Seconds

RATE: Final = Hertz(8000)
LONGEST: Final = 1500  # bytes of an RTP payload that may be voice

Heard = FirstAudio | DigitHeard


class Receiver:
    """Judges, counts and buffers what comes; never raises on it."""

    def __init__(self, stream: int, parameters: VoiceParameters, now: Seconds) -> None:
        self.lock = SourceLock(parameters.remote, now)
        self.stats = ReceiverStats(RATE)
        self.dropped: Counter[str] = Counter()
        self.alive_at = now
        """When RTP or RTCP last came, or could first have come."""
        self._stream = stream
        self._parameters = parameters
        self._playout = Playout(open_codec(parameters.codec))
        self._events = EventReceiver()
        self._timestamp: RtpTicks | None = None
        self._heard = False
        self._after_key = False
        self._received_before = 0
        self._lost_before = 0

    def update(self, parameters: VoiceParameters, now: Seconds) -> None:
        """Negotiated anew: a new address re-arms the lock, a new codec the decoder (C-30)."""
        before, self._parameters = self._parameters, parameters
        if parameters.remote != before.remote:
            self.lock.arm(parameters.remote, now)
        if parameters.codec != before.codec:
            self._playout.reset(open_codec(parameters.codec))
        elif parameters.receive and not before.receive:
            self._playout.reset()
        if parameters.remote != before.remote or not before.timeout:
            self.alive_at = now

    def receive(self, data: bytes, source: Endpoint, at: Seconds) -> list[Heard]:
        """A datagram on the RTP socket that is not RTCP."""
        try:
            packet = Packet.parse(data)
        except RtpError:
            return self._drop("malformed")
        kind = packet.payload_type
        voice = kind == self._parameters.receive_payload_type
        if not voice and kind != self._parameters.dtmf_receive:
            return self._drop("type")
        match self.lock.judge(source, packet, at):
            case Verdict.DROP:
                return self._drop("stranger")
            case Verdict.WAIT:
                return self._drop("probation")
            case Verdict.TAKE_NEW:
                self._begin()
            case Verdict.TAKE:
                pass
        if self.stats.accept(packet.sequence) is None:
            return self._drop("leap")
        self.alive_at = at
        return self._voice(packet, at) if voice else self._event(packet)

    def get(self, n: int, now: Seconds) -> bytes:
        """`n` samples of the peer's voice."""
        return self._playout.get(n, now)

    @property
    def started(self) -> bool:
        """Voice has come at least once."""
        return self._heard

    @property
    def received(self) -> int:
        """Packets taken, over all SSRCs."""
        return self._received_before + self.stats.received

    @property
    def lost(self) -> int:
        """Packets that never came, over all SSRCs."""
        return max(self._lost_before + self.stats.lost, 0)

    @property
    def playout(self) -> Playout:
        """For its statistics."""
        return self._playout

    def _begin(self) -> None:
        """Another SSRC: another sequence, another clock."""
        self._received_before, self._lost_before = self.received, self.lost
        self.stats = ReceiverStats(RATE)
        if self._timestamp is not None:
            self._timestamp = None
            self._playout.reset()

    def _voice(self, packet: Packet, at: Seconds) -> list[Heard]:
        near = packet.timestamp if self._timestamp is None else self._timestamp
        stamp = RtpTicks(extend(packet.timestamp, near, TIMESTAMP_BITS))
        self._timestamp = stamp
        self.stats.arrived(stamp, at)
        if not self._parameters.receive or len(packet.payload) > LONGEST:
            return []
        marker = packet.marker or self._after_key  # the pause for a key is no loss
        self._after_key = False
        self._playout.put(stamp, packet.payload, at, marker=marker)
        if self._heard:
            return []
        self._heard = True
        return [FirstAudio(self._stream)]

    def _event(self, packet: Packet) -> list[Heard]:
        self._after_key = True
        key = self._events.receive(packet.ssrc, packet.timestamp, packet.marker, packet.payload)
        return [DigitHeard(self._stream, key)] if key is not None else []

    def _drop(self, why: str) -> list[Heard]:
        self.dropped[why] += 1
        return []
