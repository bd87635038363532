"""One call of the native line: its record, its session, its voice."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from offhook.notes import Note, Severity, note
from offhook.phone.actions import (
    StartDigit,
    StartVoice,
    StopDigit,
    UpdateVoice,
    VoiceParameters,
)
from offhook.phone.ledger import Record
from offhook.phone.media import MediaSession
from offhook.sdp.session import SdpError
from offhook.sip.actions import CallRef, Party
from offhook.units import Seconds

UNHEARD: Final = Seconds(5)


class State(Enum):
    """Of one call."""

    OFFERED = auto()  # it comes in and nobody answered
    CALLING = auto()  # it goes out and nobody answered
    UP = auto()
    HELD = auto()  # by us
    OVER = auto()


@dataclass(slots=True)
class Call:
    """One call and all that belongs to it."""

    ref: CallRef
    record: Record
    state: State
    offer: bytes | None = None
    """Theirs, of an incoming call; None: they want ours."""
    media: MediaSession | None = None
    voice: VoiceParameters | None = None
    """What the voice path was told last."""
    digit: str = ""
    """The one that is being sent."""
    asked: bool = False
    """A re-INVITE of ours is under way, or our 200 waits for its ACK: no other may follow yet."""
    reason: str = ""
    """Of our BYE or CANCEL, if no person ended the call (a Reason header, RFC 3326)."""
    unheard: bool = False
    """It was noted that the peer sends no voice."""
    due: Seconds | None = None
    """When the final report is no longer waited for."""

    @property
    def session(self) -> MediaSession:
        """Ours, once somebody answered or placed the call."""
        if self.media is None:
            raise LookupError("the table is wrong: nobody answered or placed this call")
        return self.media

    def conclude(self, body: bytes | None) -> str:
        """Take their answer; what is wrong with it, if anything."""
        if body is None:
            return "" if self.session.agreed is not None else "an answer without a session"
        try:
            self.session.conclude(body)
        except SdpError as error:
            return str(error)
        return ""

    def meet(self, peer: Party | None) -> None:
        """The connected party: what they say now, else what we knew (row 36)."""
        known = self.record.party
        if peer is not None:
            self.record.party = Party(peer.number or known.number, peer.name or known.name)

    def note(self, what: str, severity: Severity, /, **fields: str | int | float) -> Note:
        """Of this call: its lines are found by its id."""
        return note(what, severity, **fields, call=self.record.call_id)

    def notice_silence(self, now: Seconds) -> Iterator[Note]:
        """Say once that nothing came of the peer though it should have."""
        report, listening = self.record.report, self.voice is not None and self.voice.receive
        silent = report is not None and not report.received
        if self.unheard or not (silent and listening and self.record.talked(now) > UNHEARD):
            return
        self.unheard = True
        yield self.note("nothing is heard of the peer", Severity.WARNING)

    def tell_voice(self) -> Iterator[StartVoice | UpdateVoice]:
        """What the voice path does not know yet."""
        parameters = self.session.parameters()
        if parameters is None or parameters == self.voice or self.state is State.OVER:
            return
        started = self.voice is not None
        self.voice, self.record.codec = parameters, parameters.codec
        yield (UpdateVoice if started else StartVoice)(self.ref, parameters)

    def press(self, digit: str) -> Iterator[StartDigit | StopDigit]:
        """Begin with `digit`; "" ends the one that is being sent."""
        if self.voice is None or self.state is State.OVER:
            return
        if self.digit:
            yield StopDigit(self.ref)
        self.digit = digit
        if digit:
            yield StartDigit(self.ref, digit)

    def release(self, digit: str) -> Iterator[StartDigit | StopDigit]:
        """Only the key of the digit that is being sent ends it."""
        if self.digit == digit:
            yield from self.press("")
