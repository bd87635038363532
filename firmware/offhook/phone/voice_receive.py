"""From datagrams to the earpiece: one stream's receiving half."""

from collections import Counter
from collections.abc import Mapping
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
EVENT: Final = ""  # in place of a codec's name: telephone-event
ALWAYS: Final[Mapping[int | None, str]] = {0: "PCMU", 8: "PCMA"}
"""Who answers an offer with two codecs may send either (RFC 3264 §7); these cost us nothing."""

UNSPECIFIED: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - a peer's way to say "hold"
_TAKE: Final = Verdict.TAKE  # members of an Enum are slow to find, and this is for each packet
_REFUSED: Final = {Verdict.DROP: "stranger", Verdict.WAIT: "probation"}

Heard = FirstAudio | DigitHeard


def somewhere(address: Endpoint | None) -> Endpoint | None:
    """`address`, unless it is none at all (old-style hold)."""
    return None if address is None or address.host in UNSPECIFIED else address


def payload_types(parameters: VoiceParameters) -> dict[int, str]:
    """What each payload type means.

    Ours hold, but some peers send by the numbers of their own description (C-46).
    """
    types: dict[int | None, str] = {
        **ALWAYS,
        parameters.dtmf_send: EVENT,
        parameters.send_payload_type: parameters.codec,
        parameters.dtmf_receive: EVENT,
        parameters.receive_payload_type: parameters.codec,
    }
    return {kind: name for kind, name in types.items() if kind is not None}


class Receiver:
    """Judges, counts and buffers what comes; never raises on it."""

    def __init__(self, stream: int, parameters: VoiceParameters, now: Seconds) -> None:
        self.lock = SourceLock(somewhere(parameters.remote), now)
        self.stats = ReceiverStats(RATE)
        self.dropped: Counter[str] = Counter()
        self.alive_at = now
        """When RTP or RTCP last came, or could first have come."""
        self._stream = stream
        self._parameters = parameters
        self._types = payload_types(parameters)
        self._codec = parameters.codec
        self.playout = Playout(open_codec(parameters.codec))
        self._events = EventReceiver()
        self._timestamp: RtpTicks | None = None
        self.started = False
        """Voice has come at least once."""
        self._after_key = False
        self._received_before = 0
        self._lost_before = 0

    def update(self, parameters: VoiceParameters, now: Seconds) -> None:
        """Negotiated anew: a new address re-arms the lock, a new codec the decoder (C-30).

        No address (a hold) is no new address: else anybody might be learnt meanwhile.
        """
        before, self._parameters = self._parameters, parameters
        self._types = payload_types(parameters)
        moved = somewhere(parameters.remote) not in {None, self.lock.named}
        if moved:
            self.lock.arm(parameters.remote, now)
        if parameters.codec not in {before.codec, self._codec}:
            self._decode(parameters.codec)
        elif parameters.receive and not before.receive:
            self.playout.reset()
        if moved or not before.timeout:
            self.alive_at = now

    def receive(self, data: bytes, source: Endpoint, at: Seconds) -> list[Heard]:
        """A datagram on the RTP socket that is not RTCP."""
        try:
            packet = Packet.parse(data)
        except RtpError:
            return self._drop("malformed")
        name = self._types.get(packet.payload_type)
        if name is None:
            return self._drop("type")
        verdict = self.lock.judge(source, packet, at)
        if verdict is not _TAKE:
            if verdict is not Verdict.TAKE_NEW:
                return self._drop(_REFUSED[verdict])
            self._begin()
        if self.stats.accept(packet.sequence) is None:
            return self._drop("leap")
        self.alive_at = max(self.alive_at, at)
        return self._event(packet) if name == EVENT else self._voice(packet, name, at)

    @property
    def received(self) -> int:
        """Packets taken, over all SSRCs."""
        return self._received_before + self.stats.received

    @property
    def lost(self) -> int:
        """Packets that never came, over all SSRCs."""
        return max(self._lost_before + self.stats.lost, 0)

    def _begin(self) -> None:
        """Another SSRC: another sequence, another clock."""
        self._received_before, self._lost_before = self.received, self.lost
        self.stats = ReceiverStats(RATE)
        if self._timestamp is not None:
            self._timestamp = None
            self.playout.reset()

    def _decode(self, name: str) -> None:
        """Another codec from here on."""
        self._codec = name
        self.playout.reset(open_codec(name))

    def _voice(self, packet: Packet, name: str, at: Seconds) -> list[Heard]:
        near = packet.timestamp if self._timestamp is None else self._timestamp
        stamp = RtpTicks(extend(packet.timestamp, near, TIMESTAMP_BITS))
        self._timestamp = stamp
        self.stats.arrived(stamp, at)
        if not self._parameters.receive or len(packet.payload) > LONGEST:
            return []
        if name != self._codec:
            self._decode(name)
        marker = packet.marker or self._after_key  # the pause for a key is no loss
        self._after_key = False
        self.playout.put(stamp, packet.payload, at, marker=marker)
        if self.started:
            return []
        self.started = True
        return [FirstAudio(self._stream)]

    def _event(self, packet: Packet) -> list[Heard]:
        self._after_key = True
        key = self._events.receive(packet.ssrc, packet.timestamp, packet.marker, packet.payload)
        return [DigitHeard(self._stream, key)] if key is not None else []

    def _drop(self, why: str) -> list[Heard]:
        self.dropped[why] += 1
        return []
