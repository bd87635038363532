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

    __hash__ = object.__hash__  # by identity, in C: they are looked up for each packet

    OPEN = auto()  # nothing taken yet
    LEARNT = auto()  # an address that SDP did not name
    CERTAIN = auto()  # the address that SDP named


class Verdict(Enum):
    """What to do with a packet."""

    TAKE = auto()
    TAKE_NEW = auto()  # the first of its SSRC: begin anew
    WAIT = auto()  # perhaps, if more like it come
    DROP = auto()


_TAKE: Final = Verdict.TAKE  # members of an Enum are slow to find, and this is for each packet


class Input(Enum):
    """What a packet is to the lock."""

    __hash__ = object.__hash__  # by identity, in C: they are looked up for each packet

    NAMED = auto()  # from the address in SDP, for the first time
    SAME = auto()  # from the locked address, with the locked SSRC
    OTHER = auto()  # from there, with another SSRC
    CHANGED = auto()  # so many of those that the peer must have changed it
    CANDIDATE = auto()  # from elsewhere, while that may still be learnt
    PROVEN = auto()  # so many of those that it is learnt
    STRANGER = auto()  # from elsewhere


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
        if source == self.locked and packet.ssrc == self.ssrc and self._run.source is None:
            return _TAKE  # nearly every packet there is: what the table says of SAME
        self.state, effect = TRANSITIONS[self.state, self._input(source, packet, at)]
        return effect(self, source, packet)

    def knows(self, host: str) -> bool:
        """Whether RTCP from this host is worth reading."""
        return any(each is not None and each.host == host for each in (self.named, self.locked))

    def left(self, ssrc: int) -> None:
        """RTCP BYE: the next SSRC may begin without ado."""
        if ssrc == self.ssrc:
            self.ssrc = None

    def _input(self, source: Endpoint, packet: Packet, at: Seconds) -> Input:
        if source == self.locked:
            return self._from_locked(source, packet)
        if source == self.named:
            return Input.NAMED
        if self.state is not State.OPEN or not 0 <= at - self.armed_at <= WINDOW:
            return Input.STRANGER
        proven = self._run.add(source, packet) >= PROBATION
        return Input.PROVEN if proven else Input.CANDIDATE

    def _from_locked(self, source: Endpoint, packet: Packet) -> Input:
        if packet.ssrc == self.ssrc:
            self._run.source = None  # whatever had begun is broken off
            return Input.SAME
        changed = self.ssrc is None or self._run.add(source, packet) >= NEW_SSRC
        return Input.CHANGED if changed else Input.OTHER

    def _take(self, source: Endpoint, packet: Packet) -> Verdict:
        return Verdict.TAKE

    def _wait(self, source: Endpoint, packet: Packet) -> Verdict:
        return Verdict.WAIT

    def _drop(self, source: Endpoint, packet: Packet) -> Verdict:
        return Verdict.DROP

    def _adopt(self, source: Endpoint, packet: Packet) -> Verdict:
        """Lock this address and this SSRC; an SSRC that goes on is no new beginning."""
        self._run, self.locked = _Run(), source
        if packet.ssrc == self.ssrc:
            return Verdict.TAKE
        self.ssrc = packet.ssrc
        return Verdict.TAKE_NEW


_Effect = Callable[[SourceLock, Endpoint, Packet], Verdict]

TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, _Effect]]] = {
    (State.OPEN, Input.NAMED): (State.CERTAIN, SourceLock._adopt),
    (State.OPEN, Input.CANDIDATE): (State.OPEN, SourceLock._wait),
    (State.OPEN, Input.PROVEN): (State.LEARNT, SourceLock._adopt),
    (State.OPEN, Input.STRANGER): (State.OPEN, SourceLock._drop),
    (State.LEARNT, Input.NAMED): (State.CERTAIN, SourceLock._adopt),
    (State.LEARNT, Input.SAME): (State.LEARNT, SourceLock._take),
    (State.LEARNT, Input.OTHER): (State.LEARNT, SourceLock._wait),
    (State.LEARNT, Input.CHANGED): (State.LEARNT, SourceLock._adopt),
    (State.LEARNT, Input.STRANGER): (State.LEARNT, SourceLock._drop),
    (State.CERTAIN, Input.SAME): (State.CERTAIN, SourceLock._take),
    (State.CERTAIN, Input.OTHER): (State.CERTAIN, SourceLock._wait),
    (State.CERTAIN, Input.CHANGED): (State.CERTAIN, SourceLock._adopt),
    (State.CERTAIN, Input.STRANGER): (State.CERTAIN, SourceLock._drop),
}
