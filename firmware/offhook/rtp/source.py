"""Whose packets we take (C-49 of the complaints; against "RTP bleed" and injection).

The peer's SDP names an address.  Packets from there are taken at once, and for good.  Behind a NAT
they come from elsewhere: another address is learnt only within `WINDOW` after the description came,
only after `PROBATION` packets in a row that go together, only once, and only until the named
address itself speaks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from offhook.rtp.packet import Packet
from offhook.units import Endpoint, Seconds

WINDOW: Final = Seconds(5)
PROBATION: Final = 4  # consecutive packets from an address that SDP did not name
NEW_SSRC: Final = 2  # consecutive packets of another SSRC from the right address (RFC 3550 A.1)


class State(Enum):
    """How sure we are of the source."""

    OPEN = auto()  # nothing taken yet
    LEARNT = auto()  # an address that SDP did not name
    CERTAIN = auto()  # the address that SDP named


class Verdict(Enum):
    """What to do with a packet."""

    TAKE = auto()
    TAKE_NEW = auto()  # the first of its SSRC: begin anew
    WAIT = auto()  # perhaps, if more like it come
    DROP = auto()


class _From(Enum):
    """Where a packet came from, as the lock sees it."""

    NAMED = auto()
    LOCKED = auto()
    STRANGER = auto()


@dataclass(slots=True)
class _Run:
    """Packets in a row that may become the source."""

    source: Endpoint | None = None
    ssrc: int = -1
    next: int = -1
    length: int = 0

    def add(self, source: Endpoint, packet: Packet) -> int:
        """How long the row is with this packet."""
        goes_on = (source, packet.ssrc, packet.sequence) == (self.source, self.ssrc, self.next)
        self.length = self.length + 1 if goes_on else 1
        self.source, self.ssrc = source, packet.ssrc
        self.next = (packet.sequence + 1) & 0xFFFF
        return self.length


@dataclass(slots=True)
class SourceLock:
    """One stream's source."""

    named: Endpoint | None
    """The address in the peer's SDP; None while there is none."""
    armed_at: Seconds
    state: State = State.OPEN
    locked: Endpoint | None = None
    ssrc: int | None = None
    _run: _Run = field(default_factory=_Run)

    @property
    def target(self) -> Endpoint | None:
        """Where our packets go: the learnt address, else the named one."""
        return self.locked or self.named

    def arm(self, named: Endpoint | None, at: Seconds) -> None:
        """A new description came: start over, though the SSRC may go on."""
        self.named, self.armed_at = named, at
        self.state, self.locked = State.OPEN, None
        self._run = _Run()

    def renew(self, at: Seconds) -> None:
        """The call was answered: give a source behind a NAT its window again, if none is known."""
        if self.state is State.OPEN:
            self.armed_at = at

    def judge(self, source: Endpoint, packet: Packet, at: Seconds) -> Verdict:
        """Decide on a packet of a payload type that was agreed."""
        effect = TRANSITIONS[self.state, self._whence(source)]
        return effect(self, source, packet, at)

    def knows(self, host: str) -> bool:
        """Whether RTCP from this host is worth reading."""
        return any(each is not None and each.host == host for each in (self.named, self.locked))

    def left(self, ssrc: int) -> None:
        """RTCP BYE: the next SSRC may begin without ado."""
        if ssrc == self.ssrc:
            self.ssrc = None

    def _whence(self, source: Endpoint) -> _From:
        if source == self.named:
            return _From.NAMED
        return _From.LOCKED if source == self.locked else _From.STRANGER

    def _certain(self, source: Endpoint, packet: Packet, at: Seconds) -> Verdict:
        """The named address speaks for the first time: it is believed over any other."""
        self.state, self.locked = State.CERTAIN, source
        return self._adopt(packet)

    def _learn(self, source: Endpoint, packet: Packet, at: Seconds) -> Verdict:
        if not 0 <= at - self.armed_at <= WINDOW:
            return Verdict.DROP
        if self._run.add(source, packet) < PROBATION:
            return Verdict.WAIT
        self.state, self.locked = State.LEARNT, source
        return self._adopt(packet)

    def _known(self, source: Endpoint, packet: Packet, at: Seconds) -> Verdict:
        if packet.ssrc == self.ssrc:
            self._run.length = 0
            return Verdict.TAKE
        if self.ssrc is not None and self._run.add(source, packet) < NEW_SSRC:
            return Verdict.WAIT
        return self._adopt(packet)

    def _stranger(self, source: Endpoint, packet: Packet, at: Seconds) -> Verdict:
        return Verdict.DROP

    def _adopt(self, packet: Packet) -> Verdict:
        self._run = _Run()
        if packet.ssrc == self.ssrc:
            return Verdict.TAKE
        self.ssrc = packet.ssrc
        return Verdict.TAKE_NEW


_Effect = Callable[[SourceLock, Endpoint, Packet, Seconds], Verdict]

TRANSITIONS: Final[Mapping[tuple[State, _From], _Effect]] = {
    (State.OPEN, _From.NAMED): SourceLock._certain,
    (State.OPEN, _From.STRANGER): SourceLock._learn,
    (State.LEARNT, _From.NAMED): SourceLock._certain,
    (State.LEARNT, _From.LOCKED): SourceLock._known,
    (State.LEARNT, _From.STRANGER): SourceLock._stranger,
    (State.CERTAIN, _From.NAMED): SourceLock._known,
    (State.CERTAIN, _From.STRANGER): SourceLock._stranger,
}
