"""What the parts of the lab exchange tell each other, and what the exchange asks of its shell."""

from dataclasses import dataclass
from enum import Enum, auto

from offhook.lab.media import Programme
from offhook.sip.actions import Send
from offhook.sip.message import Request
from offhook.sip.transactions import TransactionKey
from offhook.units import Endpoint, Seconds


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the exchange's log."""

    text: str
    complaint: bool = False
    """The telephone did what it should not."""


@dataclass(frozen=True, slots=True)
class SendRtp:
    """Put these bytes on the RTP socket `port`."""

    port: int
    data: bytes
    to: Endpoint


Action = Send | SendRtp | Line
"""What the shell does."""


class What(Enum):
    """Kinds of `News`."""

    PROGRESS = auto()
    ANSWERED = auto()
    REFUSED = auto()
    CONFIRMED = auto()  # ACK, with the answer if the offer was ours
    ENDED = auto()
    OFFERED = auto()  # re-INVITE or UPDATE: answer it with `Leg.reply`
    REPLIED = auto()  # final answer to our request inside the dialog


@dataclass(frozen=True, slots=True)
class News:
    """What a leg tells the call that it belongs to."""

    what: What
    status: int = 0
    body: bytes = b""
    key: TransactionKey | None = None
    request: Request | None = None


@dataclass(frozen=True, slots=True)
class CallBack:
    """Call `user` in a while."""

    number: str
    """Who calls."""
    user: str
    codecs: tuple[str, ...]
    programme: Programme
    after: Seconds
    tries: int
    """How often still, when the telephone is busy."""


LegOut = Send | Line | News
"""What a leg returns."""
