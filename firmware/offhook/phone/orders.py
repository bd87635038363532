"""Between behaviour and line: what behaviour orders, and the news that the line brings.

A **line** carries calls.  The native one speaks SIP (`line.Line`).
"""

from dataclasses import dataclass

from offhook.sip.actions import CallRef, Cause


@dataclass(frozen=True, slots=True)
class Place:
    """Call `number`; the line's answer is the call's handle."""

    number: str
    emergency: bool


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell the caller that it rings here."""

    call: CallRef


@dataclass(frozen=True, slots=True)
class Take:
    """Answer this call, or go on with it if it was held."""

    call: CallRef


@dataclass(frozen=True, slots=True)
class Hold:
    """Let it wait."""

    call: CallRef


@dataclass(frozen=True, slots=True)
class End:
    """Hang up, give up or refuse, as its state demands."""

    call: CallRef
    unanswered: bool = False
    """No person ended it: it rang long enough."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nobody can take it: busy."""

    call: CallRef


@dataclass(frozen=True, slots=True)
class DigitDown:
    """Begin to send a digit."""

    call: CallRef
    digit: str


@dataclass(frozen=True, slots=True)
class DigitUp:
    """The key was released."""

    call: CallRef
    digit: str


Order = Place | Announce | Take | Hold | End | Refuse | DigitDown | DigitUp


@dataclass(frozen=True, slots=True)
class CallIn:
    """Somebody calls."""

    call: CallRef


@dataclass(frozen=True, slots=True)
class RemoteRings:
    """The other phone rings, or sends early media that is not heard yet."""

    call: CallRef


@dataclass(frozen=True, slots=True)
class Heard:
    """The first voice of this call arrived."""

    call: CallRef


@dataclass(frozen=True, slots=True)
class RemoteAnswered:
    """Our call was answered."""

    call: CallRef


@dataclass(frozen=True, slots=True)
class Over:
    """The call is no more."""

    call: CallRef
    cause: Cause


News = CallIn | RemoteRings | Heard | RemoteAnswered | Over
