"""The numbers of the lab exchange, as data: what each does, step by step."""

from dataclasses import dataclass
from typing import Final

from offhook.lab.media import Programme
from offhook.units import Seconds


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for a while."""

    time: Seconds


@dataclass(frozen=True, slots=True)
class Ring:
    """180, or 183 with early media."""

    programme: Programme | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """200."""

    programme: Programme


@dataclass(frozen=True, slots=True)
class Refuse:
    """A failure, with the cause of the telephone network (RFC 3326, Q.850)."""

    status: int
    cause: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """BYE."""


@dataclass(frozen=True, slots=True)
class RingBack:
    """Call the caller once this call is over, whoever ended it."""

    codecs: tuple[str, ...]
    after: Seconds = Seconds(3)


Step = Wait | Ring | Answer | Refuse | HangUp | RingBack


@dataclass(frozen=True, slots=True)
class Service:
    """One number."""

    words: str
    """For the table of what to try."""
    steps: tuple[Step, ...]


G711: Final = ("PCMU", "PCMA")
BEEP: Final = Seconds(1.2)

SERVICES: Final[dict[str, Service]] = {
    "600": Service("echo: you hear yourself", (Ring(), Wait(Seconds(1)), Answer(Programme.ECHO))),
    "601": Service("milliwatt: 1004 Hz at 0 dBm0", (Answer(Programme.MILLIWATT),)),
    "602": Service(
        "rings you back 3 s after you put down",
        (Answer(Programme.CONFIRM), Wait(BEEP), HangUp(), RingBack(G711)),
    ),
    "603": Service("busy (486)", (Refuse(486, 17),)),
    "604": Service(
        "rings, then declines (603)",
        (Ring(Programme.RINGBACK), Wait(Seconds(3)), Refuse(603, 21)),
    ),
    "605": Service(
        "early media (183), then answers as an echo",
        (Ring(Programme.RINGBACK), Wait(Seconds(5)), Answer(Programme.ECHO)),
    ),
    "606": Service(
        "rings you back with G.729 only",
        (Answer(Programme.CONFIRM), Wait(BEEP), HangUp(), RingBack(("G729",))),
    ),
    "607": Service("reads the keys you press back to you", (Answer(Programme.READER),)),
    "608": Service("rings for ever: put down to give up", (Ring(),)),
}
