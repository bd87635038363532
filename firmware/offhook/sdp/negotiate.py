"""Offer and answer (RFC 3264) for a telephone: one audio stream, one codec, telephone-event."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from offhook.sdp.address import honest, media_address, rtcp_endpoint, same_family, usable_port
from offhook.sdp.formats import TELEPHONE_EVENT, Format, formats
from offhook.sdp.session import Attribute, Media, Origin, SdpError, Session, first, number
from offhook.units import Endpoint, Hertz, Seconds

DEFAULT_EVENT: Final = 101
EVENTS: Final = "0-16"  # RFC 4733 §3.2: the keys, A-D, and 16, the hook flash
PACKET_MS: Final = range(10, 61, 10)  # what we are ready to send in one packet
TELEPHONE: Final = Hertz(8000)
PROFILES: Final = ("RTP/AVP", "RTP/AVPF")  # AVPF differs only in when RTCP may be sent


class NotAcceptable(SdpError):  # noqa: N818 - the name of SIP's 488
    """Nothing in common, or an address no honest peer would name: answer with `status`."""

    status: int = 488


class Direction(Enum):
    """RFC 8866 §6.7, seen from whoever writes the description."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """Whether its author sends."""
        return self in {Direction.SENDRECV, Direction.SENDONLY}

    @property
    def receives(self) -> bool:
        """Whether its author listens."""
        return self in {Direction.SENDRECV, Direction.RECVONLY}

    @staticmethod
    def of(sends: bool, receives: bool) -> "Direction":
        """The word for it."""
        if sends:
            return Direction.SENDRECV if receives else Direction.SENDONLY
        return Direction.RECVONLY if receives else Direction.INACTIVE


@dataclass(frozen=True, slots=True)
class Codec:
    """A voice codec we can do."""

    name: str
    payload_type: int
    clock: Hertz = TELEPHONE
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
    """Upper case: PCMU, PCMA, G729."""
    send_payload_type: int
    receive_payload_type: int
    dtmf_send: int | None
    dtmf_receive: int | None
    rtp: Endpoint
    """Where our RTP goes; 0.0.0.0 only when `send` is False (old-style hold)."""
    rtcp: Endpoint | None
    rtcp_mux: bool
    packet_time: Seconds
    """What the peer asks for within 10-60 ms, else ours."""
    send: bool
    """We may send voice."""
    receive: bool
    """Voice may come."""
    silence_frames: bool
    """G.729 Annex B allowed by both (C-47)."""


@dataclass(frozen=True, slots=True)
class _Peer:
    """What the peer's description says about the one audio stream."""

    media: Media
    formats: list[Format]
    rtp: Endpoint
    direction: Direction


def offer(local: Local) -> Session:
    """Our offer."""
    codecs = [_rtpmap(codec.name, codec.payload_type, codec.fmtp) for codec in local.codecs]
    if local.telephone_event is not None:
        codecs.append(_rtpmap(TELEPHONE_EVENT, local.telephone_event, EVENTS))
    return _describe(local, (_audio(local, codecs, PROFILES[0], local.direction, local.rtcp_mux),))


def answer(local: Local, theirs: Session) -> tuple[Session, Agreed]:
    """Answer the offer `theirs` (RFC 3264 §6).  Raises NotAcceptable.

    Payload types are those of the offer (C-46), media sections stand in its order, unwanted ones
    at port 0.
    """
    peer = _peer(theirs, local.address, local.port)
    codec, chosen = _choose(local, peer.formats)
    event = _event(peer.formats, chosen) if local.telephone_event is not None else None
    mux = local.rtcp_mux and peer.media.first("rtcp-mux") is not None
    direction = _mirror(local.direction, peer.direction)
    silence = _silence(codec.name, "annexb=no" not in codec.fmtp.lower(), chosen)
    agreed = Agreed(
        codec=chosen.name,
        send_payload_type=chosen.payload_type,
        receive_payload_type=chosen.payload_type,
        dtmf_send=event,
        dtmf_receive=event,
        rtp=peer.rtp,
        rtcp=rtcp_endpoint(peer.media, peer.rtp, mux, local.address),
        rtcp_mux=mux,
        packet_time=_packet_time(peer.media, local.ptime_ms),
        send=direction.sends,
        receive=direction.receives,
        silence_frames=silence,
    )
    fmtp = "annexb=no" if codec.name == G729.name and not silence else ""
    codecs = [_rtpmap(codec.name, chosen.payload_type, fmtp)]
    if event is not None:
        codecs.append(_rtpmap(TELEPHONE_EVENT, event, EVENTS))
    audio = _audio(local, codecs, peer.media.protocol, direction, mux)
    sections = (audio if each is peer.media else _refused(each) for each in theirs.media)
    return _describe(local, tuple(sections)), agreed


def conclude(ours: Session, theirs: Session) -> Agreed:
    """Our offer `ours` was answered with `theirs` (RFC 3264 §7).  Raises NotAcceptable.

    We send with the answerer's numbers and receive with those of our offer (C-46).
    """
    mine = ours.media[0]
    address = ours.address or ours.origin.address
    peer = _peer(theirs, address, mine.port)
    offered = formats(mine)
    sent, wanted = _common(offered, peer.formats)
    mux = mine.first("rtcp-mux") is not None and peer.media.first("rtcp-mux") is not None
    direction = _mirror(_direction(ours, mine), peer.direction)
    own_time = number(mine.first("ptime") or "", 1000) or 20
    return Agreed(
        codec=wanted.name,
        send_payload_type=wanted.payload_type,
        receive_payload_type=sent.payload_type,
        dtmf_send=_event(peer.formats, wanted),
        dtmf_receive=_event(offered, sent),
        rtp=peer.rtp,
        rtcp=rtcp_endpoint(peer.media, peer.rtp, mux, address),
        rtcp_mux=mux,
        packet_time=_packet_time(peer.media, own_time),
        send=direction.sends,
        receive=direction.receives,
        silence_frames=_silence(wanted.name, sent.silence_frames, wanted),
    )


def _peer(session: Session, address: str, port: int) -> _Peer:
    """The first live audio section and its address, checked."""
    media = next(filter(_live_audio, session.media), None)
    if media is None:
        raise NotAcceptable("no audio stream over RTP/AVP")
    host = media_address(session, media)
    if host is None or not same_family(address, host):
        raise NotAcceptable("no address of our family")
    rtp = Endpoint(str(host), media.port)
    if not honest(host, address) or not usable_port(media.port) or rtp == Endpoint(address, port):
        raise NotAcceptable("media would go where it must not")
    direction = _direction(session, media)
    if host.is_unspecified:  # hold as before RFC 3264 (§8.4 there): it cannot listen
        direction = Direction.of(direction.sends, False)
    return _Peer(media, formats(media), rtp, direction)


def _live_audio(media: Media) -> bool:
    return media.kind == "audio" and media.port > 0 and media.protocol.upper() in PROFILES


def _direction(session: Session, media: Media) -> Direction:
    """The section's own direction, else the session's, else sendrecv."""
    for attributes in (media.attributes, session.attributes):
        for direction in Direction:
            if first(attributes, direction.value) is not None:
                return direction
    return Direction.SENDRECV


def _mirror(ours: Direction, theirs: Direction) -> Direction:
    """What we do, given our wish and what they do (RFC 3264 §6.1): our own hold is kept (C-29)."""
    return Direction.of(ours.sends and theirs.receives, ours.receives and theirs.sends)


def _choose(local: Local, theirs: list[Format]) -> tuple[Codec, Format]:
    """The first common codec by the order that counts (row 74)."""
    pairs = [(codec, each) for each in theirs for codec in local.codecs if _same(codec, each)]
    if not pairs:
        raise NotAcceptable("no common codec")
    return (
        pairs[0] if local.order == "offerer" else min(pairs, key=lambda p: local.codecs.index(p[0]))
    )


def _same(codec: Codec, theirs: Format) -> bool:
    return (codec.name.upper(), codec.clock, 1) == (theirs.name, theirs.clock, theirs.channels)


def _common(offered: list[Format], answered: list[Format]) -> tuple[Format, Format]:
    """The first voice format of the answer that we had offered, as ours and as theirs."""
    for theirs in answered:
        for ours in offered:
            same = (ours.name, ours.clock, ours.channels)
            if same == (theirs.name, theirs.clock, theirs.channels) and not _is_event(ours):
                return ours, theirs
    raise NotAcceptable("no common codec")


def _is_event(theirs: Format) -> bool:
    return theirs.name == TELEPHONE_EVENT.upper()


def _event(theirs: list[Format], voice: Format) -> int | None:
    """The payload type of telephone-event on the voice's clock."""
    for each in theirs:
        if _is_event(each) and each.clock == voice.clock:
            return each.payload_type
    return None


def _silence(name: str, ours: bool, theirs: Format) -> bool:
    """Annex B only when neither side says no (C-47)."""
    return name == G729.name and ours and theirs.silence_frames


def _packet_time(media: Media, own_ms: int) -> Seconds:
    """The peer's ptime within what we do, never above its maxptime."""
    limit = number((media.first("maxptime") or "").strip(), 1000) or PACKET_MS[-1]
    asked = number((media.first("ptime") or "").strip(), 1000)
    wish = own_ms if asked is None or asked not in range(10, 61) else asked
    fitting = [ms for ms in PACKET_MS if ms <= min(wish, limit)] or [PACKET_MS[0]]
    return Seconds(fitting[-1] / 1000)


def _rtpmap(name: str, payload_type: int, fmtp: str) -> tuple[int, list[Attribute]]:
    lines = [Attribute("rtpmap", f"{payload_type} {name}/8000")]
    if fmtp:
        lines.append(Attribute("fmtp", f"{payload_type} {fmtp}"))
    return payload_type, lines


def _audio(
    local: Local,
    codecs: list[tuple[int, list[Attribute]]],
    protocol: str,
    direction: Direction,
    mux: bool,
) -> Media:
    attributes = [line for _, lines in codecs for line in lines]
    attributes.append(Attribute("ptime", str(local.ptime_ms)))
    attributes.append(Attribute("maxptime", str(local.maxptime_ms)))
    attributes.append(Attribute(direction.value))
    if mux:
        attributes.append(Attribute("rtcp-mux"))
    types = tuple(str(payload_type) for payload_type, _ in codecs)
    return Media("audio", local.port, protocol, types, attributes=tuple(attributes))


def _refused(media: Media) -> Media:
    return Media(media.kind, 0, media.protocol, media.formats)


def _describe(local: Local, media: tuple[Media, ...]) -> Session:
    origin = Origin("-", local.session_id, local.version, local.address)
    return Session(origin, media, address=local.address)
