"""What is written down about a call: figures while it lasts, one canonical line when it ends."""

from dataclasses import dataclass
from typing import Final

from offhook.phone.actions import CallEnded, Outcome
from offhook.phone.events import VoiceReport
from offhook.sip.actions import Cause, Party
from offhook.text import printable
from offhook.units import Seconds

BUSY: Final = frozenset({486, 600})
DECLINED: Final = 603


@dataclass(slots=True)
class Record:
    """The facts of one call."""

    incoming: bool
    party: Party
    call_id: str
    answered: Seconds | None = None
    ended: Seconds | None = None
    cause: Cause | None = None
    why: str = ""
    """What we ended it for, if neither side hung up."""
    unannounced: bool = False
    """Nobody here heard of it: we were busy."""
    codec: str = ""
    report: VoiceReport | None = None

    def talked(self, now: Seconds) -> Seconds:
        """From the answer until the end, or until now."""
        if self.answered is None:
            return Seconds(0)
        return Seconds(max(0.0, (now if self.ended is None else self.ended) - self.answered))

    def canonical(self, now: Seconds) -> CallEnded:
        """The line for journal and call log."""
        report = self.report
        return CallEnded(
            incoming=self.incoming,
            party=printable(self.party.number),
            name=printable(self.party.name),
            outcome=self.outcome(),
            cause=self._words(),
            call_id=printable(self.call_id, 128),
            talked=self.talked(now),
            codec=self.codec,
            packets_lost=0 if report is None else report.lost,
            jitter=Seconds(0) if report is None else report.jitter,
            playout_delay=Seconds(0) if report is None else report.playout_delay,
            round_trip=None if report is None else report.round_trip,
        )

    def outcome(self) -> Outcome:
        """How it went (C-39: what another device took is not missed)."""
        if self.answered is not None:
            return Outcome.ANSWERED
        if self.cause is None or self.why:
            return Outcome.FAILED
        return _missed(self, self.cause) if self.incoming else _unreached(self.cause)

    def _words(self) -> str:
        cause = self.cause
        if cause is None or self.why:
            return self.why
        if cause.local:
            return "busy here" if self.unannounced else "hung up here"
        if cause.status == 200 and not cause.elsewhere:
            return f"hung up there, {printable(cause.text)}" if cause.text else "hung up there"
        if self.incoming and cause.status == 487 and not cause.elsewhere:
            return "the caller gave up"
        return f"{cause.status} {printable(cause.text)}".rstrip()


def _missed(record: Record, cause: Cause) -> Outcome:
    if cause.elsewhere:
        return Outcome.ELSEWHERE
    return Outcome.REJECTED if cause.local and not record.unannounced else Outcome.MISSED


def _unreached(cause: Cause) -> Outcome:
    if cause.local:
        return Outcome.CANCELLED
    if cause.status in BUSY:
        return Outcome.BUSY
    return Outcome.REJECTED if cause.status == DECLINED else Outcome.FAILED
