"""What the lab exchange says and hears in one call: echo, tones, digits read back.  No clock.

every packet time      a frame of a tone, a step of an event, or nothing
a packet comes         the echo answers it at once; the reader collects its digits
1.5 s after a digit    the reader plays them as tones, then sends them as events (RFC 4733)
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from offhook.audio.codec import available, open_codec
from offhook.audio.pcm import RATE, level_dbm0
from offhook.audio.tones import ToneSource, dtmf, plan
from offhook.entropy import Entropy
from offhook.rtp.packet import Packet, RtpError, is_rtcp
from offhook.rtp.report import ReceiverStats
from offhook.rtp.rtcp import (
    Description,
    Part,
    ReceiverReport,
    SenderReport,
    parse,
    serialize,
)
from offhook.sdp.negotiate import Agreed
from offhook.units import Decibels, Endpoint, Samples, Seconds

CNAME: Final = b"exchange@lab"
MAX_DIGITS: Final = 32  # read back at once
READ_AFTER: Final = Seconds(1.5)
DIGITS: Final = "0123456789*#ABCD"  # RFC 4733 table 3: the index is the event
_TONE: Final = Samples(800)  # a digit read back sounds 100 ms …
_GAP: Final = Samples(800)  # … and pauses as long
_STEPS: Final = 5  # packets of an event before its end
_ENDS: Final = 3  # copies of the end (RFC 4733 §2.5.1.4)
_LATEST: Final = Seconds(0.2)  # a sender that slept longer starts afresh


class Programme(Enum):
    """What the other end hears."""

    SILENCE = "silence"
    ECHO = "echo"
    MILLIWATT = "milliwatt"
    CONFIRM = "confirm"
    RINGBACK = "ringback"
    READER = "reader"


_TONES: Final = frozenset({Programme.MILLIWATT, Programme.CONFIRM, Programme.RINGBACK})


@dataclass(frozen=True, slots=True)
class Levels:
    """Of the last voice packets, seen from the telephone; None: unknown."""

    spoken: Decibels | None = None
    heard: Decibels | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """One packet to send."""

    payload: bytes
    event: bool = False
    marker: bool = False
    ticks: int = 0
    """How far the timestamp moves after it."""


@dataclass(slots=True)
class Media:
    """One RTP stream of the exchange."""

    port: int
    agreed: Agreed
    programme: Programme
    entropy: Entropy
    received: int = 0
    """Voice packets."""
    sent: int = 0
    levels: Levels = Levels()
    digits: str = ""
    """All digits heard, the last `MAX_DIGITS`."""
    remote: Endpoint = field(init=False)
    _unread: str = ""
    _read_at: Seconds | None = None
    _script: Iterator[_Step] | None = None
    _due: Seconds | None = None
    _event: int | None = None
    """Timestamp of the event that was heard last."""
    _offset: int | None = None
    """Between the timestamps that come and those of the echo."""
    _peer: int | None = None
    """SSRC of the telephone."""
    _heard: ReceiverStats = field(default_factory=lambda: ReceiverStats(RATE))
    _ssrc: int = field(init=False)
    _sequence: int = field(init=False)
    _timestamp: int = field(init=False)

    def __post_init__(self) -> None:
        self.remote = self.agreed.rtp
        self._ssrc = self.entropy.below(2**32)
        self._sequence = self.entropy.below(2**16)
        self._timestamp = self.entropy.below(2**32)

    def start(self, now: Seconds) -> None:
        """Begin with the programme."""
        self.play(self.programme, now)

    def play(self, programme: Programme, now: Seconds) -> None:
        """Change the programme; the stream goes on."""
        self.programme = programme
        self._script = self._tone() if programme in _TONES and self._speaks else None
        self._due = now if self._script is not None else None

    def renegotiate(self, agreed: Agreed) -> None:
        """A re-INVITE or UPDATE changed the session (RFC 3264 §8)."""
        self.agreed = agreed
        self.remote = agreed.rtp

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        return min((at for at in (self._due, self._read_at) if at is not None), default=None)

    def receive(self, data: bytes, now: Seconds) -> list[bytes]:
        """A datagram on the RTP port; returns what to send to `remote`."""
        try:
            if is_rtcp(data):
                return self._report(parse(data), now)
            packet = Packet.parse(data)
        except RtpError:
            return []
        if packet.payload_type == self.agreed.dtmf_receive:
            self._hear_event(packet, now)
            return []
        if packet.payload_type != self.agreed.receive_payload_type or not packet.payload:
            return []
        self.received += 1
        if packet.ssrc != self._peer:
            self._peer, self._heard = packet.ssrc, ReceiverStats(RATE)
        self._heard.accept(packet.sequence)
        self.levels = Levels(self._level(packet.payload), self.levels.heard)
        return self._echo(packet) if self.programme is Programme.ECHO and self.agreed.send else []

    def tick(self, now: Seconds) -> list[bytes]:
        """Send what is due."""
        if self._read_at is not None and self._read_at <= now:
            self._begin_reading(now)
        packets: list[bytes] = []
        while self._due is not None and self._due <= now:
            late = now - self._due > _LATEST
            self._due = Seconds((now if late else self._due) + self.agreed.packet_time)
            packets += self._next()
        return packets

    @property
    def _speaks(self) -> bool:
        return self.agreed.codec in available()

    @property
    def _frame(self) -> Samples:
        return Samples(round(self.agreed.packet_time * RATE))

    def _next(self) -> list[bytes]:
        step = next(self._script, None) if self._script is not None else None
        if step is None:
            self._script = self._due = None
            return []
        kind = self.agreed.dtmf_send if step.event else self.agreed.send_payload_type
        at, self._timestamp = self._timestamp, (self._timestamp + step.ticks) % 2**32
        if kind is None or not self.agreed.send or not step.payload:
            return []
        return [self._write(step, kind, at)]

    def _write(self, step: _Step, kind: int, timestamp: int) -> bytes:
        self._sequence = (self._sequence + 1) % 2**16
        self.sent += 1
        if not step.event:
            self.levels = Levels(self.levels.spoken, self._level(step.payload))
        return bytes(
            Packet(
                payload_type=kind,
                sequence=self._sequence,
                timestamp=timestamp,
                ssrc=self._ssrc,
                payload=step.payload,
                marker=step.marker,
            )
        )

    def _echo(self, packet: Packet) -> list[bytes]:
        if self._offset is None:
            self._offset = self._timestamp - packet.timestamp
        self._timestamp = (packet.timestamp + self._offset) % 2**32
        step = _Step(packet.payload, marker=packet.marker)
        return [self._write(step, self.agreed.send_payload_type, self._timestamp)]

    def _level(self, payload: bytes) -> Decibels | None:
        if self.agreed.codec not in {"PCMU", "PCMA"}:
            return None
        return level_dbm0(open_codec(self.agreed.codec).decode(payload))

    def _report(self, parts: list[Part], now: Seconds) -> list[bytes]:
        """Answer the telephone's SR at once: it learns its losses and the round trip."""
        sender = next((part for part in parts if isinstance(part, SenderReport)), None)
        if sender is None or sender.ssrc != self._peer or not self.agreed.rtcp_mux:
            return []
        self._heard.reported(sender, now)
        report = ReceiverReport(self._ssrc, (self._heard.block(sender.ssrc, now),))
        return [serialize([report, Description(self._ssrc, CNAME)])]

    def _hear_event(self, packet: Packet, now: Seconds) -> None:
        """Count an event once, however many packets tell of it."""
        if len(packet.payload) < 4 or packet.timestamp == self._event:
            return
        self._event = packet.timestamp
        if packet.payload[0] < len(DIGITS):
            digit = DIGITS[packet.payload[0]]
            self.digits = (self.digits + digit)[-MAX_DIGITS:]
            self._unread = (self._unread + digit)[-MAX_DIGITS:]
            if self.programme is Programme.READER:
                self._read_at = Seconds(now + READ_AFTER)

    def _begin_reading(self, now: Seconds) -> None:
        self._script = self._read(self._unread)
        self._unread, self._read_at, self._due = "", None, now

    def _tone(self) -> Iterator[_Step]:
        return self._voice(plan("us").source(self.programme.value))

    def _voice(self, source: ToneSource) -> Iterator[_Step]:
        codec = open_codec(self.agreed.codec)
        first = True
        while not source.done:
            yield _Step(codec.encode(source.frame(self._frame)), marker=first, ticks=self._frame)
            first = False

    def _read(self, digits: str) -> Iterator[_Step]:
        if self._speaks:
            for digit in digits:
                yield from self._voice(dtmf(digit, samples=_TONE))
                yield from self._pause()
        if self.agreed.dtmf_send is not None:
            for digit in digits:
                yield from self._events(DIGITS.index(digit))
                yield from self._pause()

    def _pause(self) -> Iterator[_Step]:
        codec = open_codec(self.agreed.codec) if self._speaks else None
        for _ in range(_GAP // self._frame):
            silence = codec.encode(bytes(2 * self._frame)) if codec else b""
            yield _Step(silence, ticks=self._frame)

    def _events(self, event: int) -> Iterator[_Step]:
        """One event: growing, then its end three times, all with the timestamp of its start."""
        for n in range(1, _STEPS + 1):
            length = (n * self._frame).to_bytes(2, "big")
            yield _Step(bytes((event, 10)) + length, event=True, marker=n == 1)
        length = (_STEPS * self._frame).to_bytes(2, "big")
        for n in range(1, _ENDS + 1):
            ticks = (_STEPS + _ENDS) * self._frame if n == _ENDS else 0
            yield _Step(bytes((event, 0x80 | 10)) + length, event=True, ticks=ticks)
