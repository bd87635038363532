"""Offer and answer (RFC 3264) for a telephone: one audio stream, one codec, telephone-event beside it."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from offhook.sdp.session import SdpError, Session
from offhook.units import Endpoint, Hertz, Seconds

DEFAULT_EVENT: Final = 101


class NotAcceptable(SdpError):
    """Nothing in common, or an address no honest peer would name: answer with `status`."""

    status: int = 488


class Direction(Enum):
    """RFC 8866 §6.7, seen from whoever writes the description."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Codec:
    """A voice codec we can do."""

    name: str
    payload_type: int
    clock: Hertz = Hertz(8000)
    fmtp: str = ""


PCMU: Final = Codec("PCMU", 0)
PCMA: Final = Codec("PCMA", 8)
G729: Final = Codec("G729", 18, fmtp="annexb=no")


@dataclass(frozen=True, slots=True)
class Local:
    """Our side of a session."""

    address: str
    port: int
    codecs: tuple[Codec, ...]
    """In our order of preference."""
    session_id: int
    """Random, 62 bits, one per session (RFC 8866 §5.2)."""
    version: int
    """Raised by one by the caller whenever the description changes (RFC 3264 §8)."""
    telephone_event: int | None = DEFAULT_EVENT
    rtcp_mux: bool = True
    ptime_ms: int = 20
    maxptime_ms: int = 60
    direction: Direction = Direction.SENDRECV
    """What we wish: SENDONLY holds the peer, INACTIVE too when it holds us."""
    order: Literal["offerer", "answerer"] = "offerer"
    """Whose preference decides the codec of an answer."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What both sides settled on."""

    codec: str
    send_payload_type: int
    receive_payload_type: int
    dtmf_send: int | None
    dtmf_receive: int | None
    rtp: Endpoint
    """Where our RTP goes (the SDP address; port 0 or 0.0.0.0 never reach here as sending)."""
    rtcp: Endpoint | None
    rtcp_mux: bool
    packet_time: Seconds
    send: bool
    """We may send voice."""
    receive: bool
    """Voice may come."""
    silence_frames: bool
    """G.729 Annex B allowed by both."""


def offer(local: Local) -> Session:
    """Our offer."""
    raise NotImplementedError


def answer(local: Local, theirs: Session) -> tuple[Session, Agreed]:
    """Answer the offer `theirs` (RFC 3264 §6).  Raises NotAcceptable."""
    raise NotImplementedError


def conclude(ours: Session, theirs: Session) -> Agreed:
    """Our offer `ours` was answered with `theirs` (RFC 3264 §7).  Raises NotAcceptable."""
    raise NotImplementedError
