"""From the microphone to datagrams: one stream's sending half."""

from typing import Final, NamedTuple

from offhook.audio.codec import Codec, open_codec
from offhook.audio.pcm import WIDTH
from offhook.phone.actions import VoiceParameters
from offhook.phone.voice_digits import InbandDigits
from offhook.rtp.packet import HEADER
from offhook.rtp.report import SenderStats
from offhook.rtp.telephone_event import EventSender
from offhook.units import Endpoint, RtpTicks, Samples, Seconds

RATE: Final = 8000
FRAME: Final = 80  # codecs take whole frames of 10 ms
SHORTEST: Final = 80
LONGEST: Final = 480  # samples in a packet
_MARKER: Final = 0x80


class Outgoing(NamedTuple):
    """A datagram to put on a stream's socket at once."""

    stream: int
    data: bytes
    to: Endpoint
    rtcp: bool
    """True: from the RTCP socket (port + 1); False: from the RTP socket (also muxed RTCP)."""


def _form(parameters: VoiceParameters) -> tuple[object, ...]:
    """All that decides how sound becomes packets."""
    return (
        parameters.codec,
        parameters.send_payload_type,
        parameters.dtmf_send,
        parameters.packet_time,
        parameters.send,
        parameters.silence_frames,
    )


class Sender:
    """Cuts sound into packets.  What it is given leaves: the gate before it decides.

    SSRC, sequence and timestamp run on through updates, holds and keys (RFC 3550 §8, C-50); the
    timestamp is media time, so what was not sent or not captured is a gap in it.
    """

    def __init__(self, parameters: VoiceParameters, began: Samples, now: Seconds) -> None:
        self.stats = SenderStats(parameters.ssrc, now)
        self._sequence = parameters.sequence
        self._offset = parameters.timestamp - began
        self._events = EventSender()
        self._inband = InbandDigits()
        self._codec: Codec | None = None
        self._held: list[bytes] = []
        self._size = 0
        self._start = began
        """Media time of the first sample held."""
        self._spurt = True
        """The next packet begins a talk spurt: marker (RFC 3551 §4.1)."""
        self._take(parameters)

    def update(self, parameters: VoiceParameters) -> None:
        """Negotiated anew."""
        before = self._parameters
        self._take(parameters)
        if _form(parameters) != _form(before):
            self.drop()

    def _take(self, parameters: VoiceParameters) -> None:
        self._parameters = parameters
        wanted = round(parameters.packet_time * RATE) // FRAME * FRAME
        self._packet = min(max(wanted, SHORTEST), LONGEST)

    def timestamp(self, at: Samples) -> RtpTicks:
        """RTP's name for this media time."""
        return RtpTicks(at + self._offset)

    def press(self, key: str) -> None:
        """A key goes down; while the peer does not listen it is forgotten."""
        if not self._parameters.send:
            return
        if self._parameters.dtmf_send is None:
            self._inband.press(key)
        else:
            self._events.press(key)

    def release(self) -> None:
        """The key goes up."""
        self._inband.release()
        self._events.release()

    def drop(self) -> None:
        """The gate closed: nothing of what was captured or pressed before may ever leave.

        That goes for the codec too: G.729 keeps 5 ms of what it heard.
        """
        self._held.clear()
        self._size = 0
        self._codec = None
        self._spurt = True
        self._events.clear()
        self._inband.clear()

    def send(self, frame: bytes, at: Samples) -> list[bytes]:
        """`frame` begins at media time `at`: the packets that are full with it."""
        n = len(frame) // WIDTH
        if n == self._packet and not self._size:  # a packet as it is: nothing to keep or to cut
            self._start = at
            return self._interval(self._inband.frame(n) or frame)
        if (
            self._size and at != self._start + self._size
        ):  # samples were lost: no packet spans a gap
            self._held.clear()
            self._size = 0
        if not self._size:
            self._start = at
        self._held.append(self._inband.frame(n) or frame)
        self._size += n
        if self._size < self._packet:
            return []
        return self._packets()

    def _packets(self) -> list[bytes]:
        sound = b"".join(self._held)
        packets: list[bytes] = []
        size = self._packet * WIDTH
        while len(sound) >= size:
            packets += self._interval(sound[:size])
            sound = sound[size:]
            self._start = Samples(self._start + self._packet)
        self._held = [sound] if sound else []
        self._size = len(sound) // WIDTH
        return packets

    def _interval(self, sound: bytes) -> list[bytes]:
        """One packet interval: voice, or the key that is down."""
        start = self.timestamp(self._start)
        events = self._events.packets(start, RtpTicks(self._packet))
        kind = self._parameters.dtmf_send
        if events is None or kind is None:
            return self._voice(sound, start)
        return [self._packet_of(kind, each.timestamp, each.payload, each.marker) for each in events]

    def _voice(self, sound: bytes, start: RtpTicks) -> list[bytes]:
        if self._codec is None:
            silent = self._parameters.silence_frames
            self._codec = open_codec(self._parameters.codec, silence_frames=silent)
        payload = self._codec.encode(sound)
        if not payload:
            self._spurt = True
            return []
        marker, self._spurt = self._spurt, False
        return [self._packet_of(self._parameters.send_payload_type, start, payload, marker)]

    def _packet_of(self, kind: int, timestamp: RtpTicks, payload: bytes, marker: bool) -> bytes:
        head = HEADER.pack(
            0x80,
            kind | _MARKER if marker else kind,
            self._sequence,
            timestamp & 0xFFFFFFFF,
            self.stats.ssrc,
        )
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.stats.sent(len(payload))
        return head + payload
