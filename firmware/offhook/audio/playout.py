"""Adaptive playout: packets come as the network likes, sound goes out as the ear needs it.

`Playout` keeps *payloads* and decodes each when its time comes, in order, because codecs have
memory; what is missing it makes up, by the codec's own means where it has any.  The caller puts
packets in as they arrive and takes exactly as many samples as it wants, every period.

The three quantities to know, all in samples of media time:

    wanted    what should be at the ear now: the clock less the offset of `arrival`
    playing   what is: `_next` less what is decoded but not yet taken
    error     wanted - playing, smoothed: how much too late we play

An error is removed by leaving out or repeating periods of the voice (`stretch`), so the drift of
two clocks, a growing and a shrinking delay are all the same thing.  In a gap nobody hears the
difference, so there the error is removed at once.  A packet that comes too late moves `_next`
back: what was made up meanwhile has then been inserted, and no word is lost.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

from offhook.audio.arrival import MOST, Arrivals, transit
from offhook.audio.codec import Codec
from offhook.audio.conceal import Concealer
from offhook.audio.pcm import RATE, WIDTH, duration, level_dbm0, silence
from offhook.audio.stretch import ALIKE, cut, lengthen, repeat_last, shorten
from offhook.units import Decibels, RtpTicks, Samples, Seconds

MOST_PACKETS: Final = 64
"""Kept at once."""
LONGEST_PACKET: Final = Samples(1600)
"""200 ms; a longer one is nonsense."""
FAR: Final = 8000
"""A second: a packet this far from the others is a new time base, if the next one agrees."""
HOPELESS: Final = Seconds(0.5)
"""Packets that all come too late for this long begin a new time base."""
RECENT: Final = 64
"""Timestamps remembered, to know a duplicate from a late packet."""

FLOOR: Final = Samples(32)
"""4 ms and half a period: the least wait over the fastest packet.  A packet is needed up to one
period before it is heard, which half a period covers on average and `Arrivals` for the rest."""
GAP: Final = Samples(800)
"""100 ms without a packet: concealment has faded, so time may jump unheard."""
TOLERANCE: Final = 24.0
"""3 ms of error either way are left alone."""
SMOOTHING: Final = 1 / 16
"""Of the error, per `get`: the clock of the caller jitters."""
JUMP: Final = 160.0
"""20 ms: an error that leaps by this much is real."""
TOO_LATE: Final = float(MOST)
"""300 ms behind: then packets are thrown away."""
DESPERATE: Final = 480.0
"""60 ms of error: then any cut will do."""
PACE: Final = 0.15
"""The greatest part of speech that is left out or repeated."""
PAUSE: Final = Decibels(-45.0)
"""dBm0; in what is softer, any cut will do."""
PAUSE_CUT: Final = Samples(40)
"""5 ms of each packet of a pause may go."""


@dataclass(frozen=True, slots=True)
class PlayoutStats:
    """Since the start of the stream (`reset` keeps them)."""

    received: int
    late: int
    """Arrived after their time to be played; they are played all the same where possible."""
    lost: int
    """Were not there when a later one was played."""
    dropped: int
    """Duplicates, nonsense, and what did not fit in the buffer."""
    concealed: Seconds
    """Sound made up in place of lost or late packets."""
    delay: Seconds
    """From the arrival of the last packet decoded until it reached the ear."""
    mean_delay: Seconds
    """The mean of that over all packets."""


class _Packet(NamedTuple):
    payload: bytes
    length: Samples
    arrival: Seconds
    marker: bool


class Playout:
    """One received stream."""

    def __init__(self, codec: Codec) -> None:
        self._received = self._late = self._lost = self._dropped = self._played = 0
        self._concealed = self._gap_concealed = 0
        self._delay = self._delays = 0.0
        self._arrivals = Arrivals()
        self._period = 80  # samples taken at once
        self.reset(codec)

    def reset(self, codec: Codec | None = None) -> None:
        """A new source (SSRC), or a new codec: forget the past but the statistics."""
        if codec is not None:
            self._codec = codec
        self._packets: dict[int, _Packet] = {}
        self._recent: deque[int] = deque(maxlen=RECENT)
        self._arrivals.forget()
        self._concealer = Concealer()
        self._stray: float | None = None  # transit of a lone packet of another time base
        self._hopeless: Seconds | None = None  # since when packets come too late for any use
        self._running = False  # until the first packet is met
        self._next = 0  # timestamp of the next sample to decode
        self._done = 0  # timestamp after the last packet decoded
        self._ready = b""
        self._error = 0.0
        self._rest = 0  # samples until time may be scaled again
        self._gap: int = GAP  # samples since the last that was decoded

    # Packets in

    def put(
        self, timestamp: RtpTicks, payload: bytes, arrival: Seconds, *, marker: bool = False
    ) -> None:
        """A packet arrived.  `timestamp` is extended (never wraps); `marker` starts a talk spurt.

        Never raises; keeps at most `MOST_PACKETS`.
        """
        length = self._codec.duration(payload)
        took = transit(timestamp, arrival)
        if not 0 < length <= LONGEST_PACKET or not self._same_time_base(took):
            self._dropped += 1
            return
        if timestamp in self._packets or (timestamp < self._done and timestamp in self._recent):
            self._dropped += 1
            return
        self._received += 1
        self._keep(timestamp, _Packet(payload, length, arrival, marker), took)

    def _keep(self, timestamp: int, packet: _Packet, took: float) -> None:
        late = self._running and timestamp < self._next
        if late:
            self._late += 1
            took = self._go_back(timestamp, took)
        self._arrivals.note(took, packet.arrival, self._period // 2 + FLOOR)
        if self._running and timestamp < self._done:
            self._lost = max(0, self._lost - 1)  # it was counted lost, but came
        elif self._running and timestamp + packet.length <= self._next:
            self._give_up(packet)
        else:
            self._hopeless = None
            self._wait(timestamp, packet)

    def _wait(self, timestamp: int, packet: _Packet) -> None:
        self._packets[timestamp] = packet
        if len(self._packets) > MOST_PACKETS:
            del self._packets[min(self._packets)]
            self._dropped += 1

    def _go_back(self, timestamp: int, took: float) -> float:
        """Play a late packet now, if nothing after it was played; the transit it amounts to."""
        back = self._next - max(timestamp, self._done)
        room = int(self._arrivals.fastest + MOST - self._arrivals.offset)
        if timestamp < self._done:
            return took
        back = max(0, min(back, room))
        self._next -= back
        return max(took, self._arrivals.offset + back)

    def _give_up(self, packet: _Packet) -> None:
        """It came too late even for the longest wait.  If that goes on, the delay is a new one."""
        self._dropped += 1
        if self._hopeless is None:
            self._hopeless = packet.arrival
        elif packet.arrival - self._hopeless > HOPELESS:
            self.reset()

    def _same_time_base(self, took: float) -> bool:
        """Whether a packet belongs to the stream; two strays that agree become the stream."""
        if self._arrivals.apart(took) < FAR:
            self._stray = None
            return True
        if self._stray is None or abs(took - self._stray) >= FAR:
            self._stray = took
            return False
        self.reset()
        return True

    # Sound out

    def get(self, n: int, now: Seconds) -> bytes:
        """Exactly `n` samples for the ear from `now` on."""
        self._period = n
        if not self._running and not self._start(now):
            return silence(n)
        self._steer(now)
        size = WIDTH * n
        while len(self._ready) < size:
            self._ready += self._more((size - len(self._ready)) // WIDTH, now)
        out, self._ready = self._ready[:size], self._ready[size:]
        return out

    def _start(self, now: Seconds) -> bool:
        if not self._packets:
            return False
        first = min(self._packets)
        self._packets[first] = self._packets[first]._replace(marker=True)  # nothing was lost
        self._next = min(first, int(now * RATE - self._arrivals.offset))
        self._done = self._next
        self._running = True
        return True

    def _steer(self, now: Seconds) -> None:
        """Find the error; where nobody hears it, remove it."""
        playing = self._next - len(self._ready) // WIDTH
        error = now * RATE - self._arrivals.offset - playing
        if abs(error - self._error) > JUMP:
            self._error = error
        else:
            self._error += (error - self._error) * SMOOTHING
        if self._gap >= GAP:
            first = min(self._packets, default=self._next + FAR)
            self._move(max(self._done, min(first, self._next + int(error))))
        elif error > TOO_LATE:
            self._move(self._next + int(error))

    def _move(self, to: int) -> None:
        """Jump in media time."""
        self._error -= to - self._next
        self._next = to
        for old in [at for at, packet in self._packets.items() if at + packet.length <= to]:
            del self._packets[old]
            self._dropped += 1

    def _more(self, most: int, now: Seconds) -> bytes:
        """The next packet, or at most `most` samples made up where there is none."""
        first = min(self._packets, default=self._next + most)
        if first in self._packets and first <= self._next:
            return self._take(first, now)
        n = min(most, first - self._next)
        self._next += n
        self._gap += n
        if not self._recent:
            return silence(n)  # nothing was heard yet
        self._gap_concealed += n
        return self._codec.conceal(Samples(n)) or self._concealer.missing(n)

    def _take(self, first: int, now: Seconds) -> bytes:
        packet = self._packets.pop(first)
        self._count(first, packet, now)
        pcm = self._codec.decode(packet.payload)[WIDTH * (self._next - first) :]
        if not self._gap:
            pcm = self._scaled(pcm)
        self._gap = 0
        self._next = self._done = first + packet.length
        self._recent.append(first)
        return self._concealer.good(pcm)

    def _count(self, first: int, packet: _Packet, now: Seconds) -> None:
        hole = first - self._done
        if not packet.marker and hole < FAR:
            self._lost += max(0, hole) // packet.length
            self._concealed += self._gap_concealed
        self._gap_concealed = 0
        self._played += 1
        self._delay = now + len(self._ready) / (WIDTH * RATE) - packet.arrival
        self._delays += self._delay

    def _scaled(self, pcm: bytes) -> bytes:
        """Leave out or repeat a little, if the error asks for it and the sound allows it."""
        n = len(pcm) // WIDTH
        self._rest -= n
        if abs(self._error) <= TOLERANCE:
            return pcm
        most = int(abs(self._error) + TOLERANCE)
        if level_dbm0(pcm) < PAUSE:
            out = self._scaled_pause(pcm, min(most, PAUSE_CUT, n // 3))
        elif self._rest > 0:
            return pcm
        elif self._error > 0:
            out = shorten(pcm, most, self._strictness)
        else:
            out = lengthen(self._concealer.heard, pcm, most, self._strictness)
        gone = n - len(out) // WIDTH
        self._error -= gone
        self._rest = int(abs(gone) / PACE)
        return out

    def _scaled_pause(self, pcm: bytes, lag: int) -> bytes:
        return cut(pcm, lag) if self._error > 0 else repeat_last(self._concealer.heard, pcm, lag)

    @property
    def _strictness(self) -> float:
        """A great error is worse than a cut that can be heard."""
        return max(0.0, ALIKE * (1 - abs(self._error) / DESPERATE))

    @property
    def stats(self) -> PlayoutStats:
        """A snapshot; cheap."""
        return PlayoutStats(
            received=self._received,
            late=self._late,
            lost=self._lost,
            dropped=self._dropped,
            concealed=duration(self._concealed),
            delay=Seconds(self._delay),
            mean_delay=Seconds(self._delays / max(1, self._played)),
        )
