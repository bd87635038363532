"""Keys as events (RFC 4733): what a press looks like on the wire, and back.

A press of 50 ms with 20 ms packets, begun at timestamp 800, after voice packet 7:

    ms   seq  marker  timestamp  duration  end
    20     8    1        800       160      0
    40     9    0        800       320      0
    60    10    0        800       480      1   released: first of three
    80    11    0        800       480      1
    100   12    0        800       480      1
    120   13    0       1600       voice again, where its clock is now
"""

import struct
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, NamedTuple

from offhook.units import RtpTicks

FLASH: Final = "flash"
CODES: Final = {**{key: code for code, key in enumerate("0123456789*#ABCD")}, FLASH: 16}
KEYS: Final = {code: key for key, code in CODES.items()}
SHORTEST: Final = RtpTicks(320)  # 40 ms at 8 kHz
PAUSE: Final = RtpTicks(320)  # between two events
COPIES: Final = 3  # of each last packet (§2.5.1.4)
LONGEST: Final = 0xFFFF  # ticks in one segment (§2.5.1.3)
VOLUME: Final = 10  # -10 dBm0
MAX_WAITING: Final = 32  # keys pressed faster than they can be sent
REMEMBERED: Final = 16  # events of the past that a late packet might repeat
SAME_PRESS: Final = 1600  # ticks; senders that (wrongly) move the timestamp while a key is down

_PAYLOAD: Final = struct.Struct("!BBH")
_END: Final = 0x80


class EventPacket(NamedTuple):
    """One packet to send."""

    timestamp: RtpTicks
    payload: bytes
    marker: bool


class State(Enum):
    """Where the sender is."""

    IDLE = auto()
    SOUNDING = auto()  # key down
    RELEASED = auto()  # key up, but not yet 40 ms
    ENDING = auto()  # repeating the last packet
    PAUSING = auto()  # voice again, but no new event yet


_IDLE: Final = State.IDLE  # asked for each packet; members of an Enum are slow to find


class Input(Enum):
    """What may happen to the sender."""

    BEGIN = auto()  # a key waits
    RELEASE = auto()
    UPDATE = auto()  # a packet is due
    ENOUGH = auto()  # 40 ms are full
    TOLD = auto()  # the last copy went
    PAUSED = auto()


@dataclass(slots=True)
class _Press:
    key: str
    released: bool = False


@dataclass(slots=True)
class EventSender:
    """The keys of one stream.  `packets` is called once for each packet interval."""

    state: State = State.IDLE
    _waiting: deque[_Press] = field(default_factory=lambda: deque(maxlen=MAX_WAITING))
    _press: _Press = field(default_factory=lambda: _Press("0"))
    _began: int = 0
    """Timestamp of the segment."""
    _until: int = 0
    """Media time at the end of the interval that is being sent."""
    _ended: int = 0
    _marker: bool = False
    _copies: int = 0
    _segment: tuple[EventPacket, int] | None = None
    """The last packet of a full segment, and how many copies are still to go."""

    def press(self, key: str) -> None:
        """A key of `CODES` goes down; a key still down goes up first.  Others are ignored."""
        self.release()
        if key in CODES and len(self._waiting) < MAX_WAITING:
            self._waiting.append(_Press(key))

    def release(self) -> None:
        """The key pressed last goes up."""
        if self._waiting:
            self._waiting[-1].released = True
        else:
            self._step(Input.RELEASE)

    def clear(self) -> None:
        """Forget everything at once: the gate was closed."""
        self.state, self._segment = State.IDLE, None
        self._waiting.clear()

    def packets(self, start: RtpTicks, ticks: RtpTicks) -> list[EventPacket] | None:
        """What to send for the interval of `ticks` from media time `start`; None: voice."""
        if self.state is _IDLE and not self._waiting:
            return None
        self._until = start + ticks
        if self.state is State.PAUSING and start >= self._ended + PAUSE:
            self._step(Input.PAUSED)
        if self.state is State.IDLE and self._waiting:
            self._began = start
            self._step(Input.BEGIN)
        if self.state in {State.IDLE, State.PAUSING}:
            return None
        return self._again() + self._step(Input.UPDATE)

    def _step(self, what: Input) -> list[EventPacket]:
        row = TRANSITIONS.get((self.state, what))
        if row is None:
            return []
        self.state, effect = row
        return effect(self)

    def _begin(self) -> list[EventPacket]:
        self._press = self._waiting.popleft()
        self._marker, self._copies, self._segment = True, 0, None
        return self._step(Input.RELEASE) if self._press.released else []

    def _update(self) -> list[EventPacket]:
        full = []
        if self._until - self._began > LONGEST:
            last = self._packet(LONGEST, end=False)
            self._segment = (last, COPIES - 1)
            self._began += LONGEST
            full = [last]
        return [*full, self._packet(self._until - self._began, end=False)]

    def _shorten(self) -> list[EventPacket]:
        """Released: end with this packet if 40 ms are full, else go on until they are."""
        if self._until - self._began >= SHORTEST or self._segment is not None:
            return self._step(Input.ENOUGH)
        return self._update()

    def _end(self) -> list[EventPacket]:
        full = self._update()[:-1]
        self._ended = self._until
        return full + self._tell()

    def _tell(self) -> list[EventPacket]:
        last = self._packet(self._ended - self._began, end=True)
        self._copies += 1
        if self._copies == COPIES:
            self._step(Input.TOLD)
        return [last]

    def _again(self) -> list[EventPacket]:
        """Copies of a full segment's last packet, one with each later packet."""
        if self._segment is None or self._segment[1] == 0:
            return []
        last, left = self._segment
        self._segment = (last, left - 1)
        return [last]

    def _nothing(self) -> list[EventPacket]:
        return []

    def _packet(self, duration: int, *, end: bool) -> EventPacket:
        code = CODES[self._press.key]
        payload = _PAYLOAD.pack(code, end * _END | VOLUME, duration)
        marker, self._marker = self._marker, False
        return EventPacket(RtpTicks(self._began), payload, marker)


TRANSITIONS: Final[
    Mapping[tuple[State, Input], tuple[State, Callable[[EventSender], list[EventPacket]]]]
] = {
    (State.IDLE, Input.BEGIN): (State.SOUNDING, EventSender._begin),
    (State.SOUNDING, Input.UPDATE): (State.SOUNDING, EventSender._update),
    (State.SOUNDING, Input.RELEASE): (State.RELEASED, EventSender._nothing),
    (State.RELEASED, Input.UPDATE): (State.RELEASED, EventSender._shorten),
    (State.RELEASED, Input.ENOUGH): (State.ENDING, EventSender._end),
    (State.ENDING, Input.UPDATE): (State.ENDING, EventSender._tell),
    (State.ENDING, Input.TOLD): (State.PAUSING, EventSender._nothing),
    (State.PAUSING, Input.PAUSED): (State.IDLE, EventSender._nothing),
}


@dataclass(slots=True)
class EventReceiver:
    """The peer's keys: each press is told once, at the first packet of it that arrives (C-45)."""

    _past: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    """SSRC and timestamp of events already told."""
    _last: tuple[int, int] = (-1, -1)
    """SSRC and code."""
    _open: bool = False
    """No end of the last event was seen."""
    _until: int = 0
    """Timestamp where the last event's sound ended, as far as known."""

    def receive(self, ssrc: int, timestamp: int, marker: bool, payload: bytes) -> str | None:
        """A packet of telephone-event: the key if it is a new press, else None.  Never raises."""
        if len(payload) < _PAYLOAD.size:
            return None
        code, flags, duration = _PAYLOAD.unpack_from(payload)
        if code not in KEYS:
            return None
        told = (ssrc, timestamp) in self._past
        goes_on = not marker and self._open and self._last == (ssrc, code) and self._near(timestamp)
        if told and (ssrc, timestamp) != self._past[-1]:
            return None  # an old event's packet, late
        if not told:
            self._past.append((ssrc, timestamp))
        self._last = (ssrc, code)
        self._open = not flags & _END if not told else self._open and not flags & _END
        self._until = timestamp + duration
        return None if told or goes_on else KEYS[code]

    def _near(self, timestamp: int) -> bool:
        """A new segment, or a wrongly moving timestamp, of the press that is still open."""
        ahead = (timestamp - self._until + 0x80000000) % 2**32 - 0x80000000
        return -LONGEST <= ahead <= SAME_PRESS
