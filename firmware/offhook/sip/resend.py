"""A 2xx of ours, repeated until its ACK comes (RFC 3261 §13.3.1.4; C-33)."""

from collections.abc import Sequence
from dataclasses import dataclass

from offhook.sip.actions import Action
from offhook.sip.timers import Timers
from offhook.units import Seconds


@dataclass(slots=True)
class Resend:
    """What is repeated after T1, 2·T1 … T2, and given up after 64·T1."""

    what: Sequence[Action]
    timers: Timers
    since: Seconds
    gap: Seconds
    due: Seconds

    @classmethod
    def start(cls, what: Sequence[Action], timers: Timers, now: Seconds) -> "Resend":
        """It was sent just now for the first time."""
        return cls(what, timers, now, timers.t1, Seconds(now + timers.t1))

    def tick(self, now: Seconds) -> Sequence[Action] | None:
        """What to send now, if anything; None: it is no use any more."""
        if now < self.due:
            return ()
        end = Seconds(self.since + self.timers.timeout)
        if now >= end:
            return None
        self.gap = min(Seconds(self.gap * 2), self.timers.t2)
        self.due = min(Seconds(now + self.gap), end)
        return self.what
