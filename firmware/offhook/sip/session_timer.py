"""Session timers (RFC 4028): a call whose other end vanished does not last for ever."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from offhook.units import Seconds

MAX_INTERVAL: Final = 24 * 3600
"""A longer session interval, in seconds, is cut to this."""
LEAST: Final = 90
"""RFC 4028 §4: no Min-SE is smaller."""

_VALUE: Final = re.compile(r"([0-9]{1,10})\s*((?:;.*)?)")
_REFRESHER: Final = re.compile(r";\s*refresher\s*=\s*(uac|uas)\s*(?:;|$)", re.IGNORECASE)


class Refresher(Enum):
    """Who refreshes, as the headers say it: the role is that in the transaction that set it."""

    UAC = "uac"
    UAS = "uas"


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """Session-Expires or, without refresher, Min-SE."""

    interval: int
    refresher: Refresher | None = None

    @classmethod
    def parse(cls, text: str | None) -> "SessionExpires | None":
        """Read the value; None when there is none or it is nonsense (then there is no timer)."""
        match = _VALUE.fullmatch(text.strip()) if text is not None else None
        if match is None:
            return None
        role = _REFRESHER.search(match[2])
        return cls(min(int(match[1]), MAX_INTERVAL), Refresher(role[1].lower()) if role else None)

    def __str__(self) -> str:
        return (
            f"{self.interval};refresher={self.refresher.value}"
            if self.refresher
            else f"{self.interval}"
        )


@dataclass(frozen=True, slots=True)
class SessionTimer:
    """The timer of one call, as last negotiated."""

    interval: int
    ours: bool
    """We refresh."""
    since: Seconds

    @property
    def refresh_at(self) -> Seconds:
        """When we refresh: at half the interval (RFC 4028 §10)."""
        return Seconds(self.since + self.interval / 2)

    @property
    def expires_at(self) -> Seconds:
        """When we give the call up: a third of the interval, at most 32 s, before its end (§10)."""
        return Seconds(self.since + self.interval - min(32.0, self.interval / 3))


def from_answer(granted: SessionExpires | None, least: int, now: Seconds) -> SessionTimer | None:
    """Timer after a 2xx to a request of ours (RFC 4028 §7.2); none when it grants none."""
    if granted is None:
        return None
    ours = granted.refresher is not Refresher.UAS
    return SessionTimer(max(granted.interval, least, LEAST), ours, now)


@dataclass(frozen=True, slots=True)
class Grant:
    """What our 2xx says of the session timer (RFC 4028 §9)."""

    header: SessionExpires
    require: bool
    """``Require: timer``: the caller refreshes and must know."""


def grant(
    asked: SessionExpires | None, their_least: int, supports: bool, ours: int, least: int
) -> Grant | None:
    """Answer a request's Session-Expires `asked`; the caller `supports` the extension or does not.

    Without a question we add a timer if the caller supports it, and refresh ourselves (row 54).
    """
    if asked is None and not (supports and ours):
        return None
    wanted = asked.interval if asked is not None else max(ours, their_least)
    interval = max(min(wanted, ours) if ours else wanted, least, LEAST, their_least)
    refresher = asked.refresher if asked is not None and supports else None
    if refresher is None:
        refresher = Refresher.UAC if asked is not None and supports else Refresher.UAS
    return Grant(SessionExpires(interval, refresher), supports and refresher is Refresher.UAC)


def from_grant(granted: Grant | None, now: Seconds) -> SessionTimer | None:
    """Timer after a 2xx of ours."""
    if granted is None:
        return None
    return SessionTimer(granted.header.interval, granted.header.refresher is Refresher.UAS, now)


def too_brief(asked: SessionExpires | None, least: int) -> bool:
    """A 422 is due (RFC 4028 §9)."""
    return asked is not None and asked.interval < max(least, LEAST)
