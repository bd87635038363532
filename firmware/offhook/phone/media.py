"""The session of one call: offers and answers (RFC 3264), and what they mean for the voice."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from offhook.entropy import Entropy
from offhook.phone.actions import VoiceParameters
from offhook.phone.settings import PhoneSettings
from offhook.sdp import negotiate
from offhook.sdp.negotiate import Agreed, Codec, Direction, Local
from offhook.sdp.session import SdpError, Session, parse
from offhook.units import RtpTicks, Seconds

CODECS: Final = {codec.name: codec for codec in (negotiate.PCMU, negotiate.PCMA, negotiate.G729)}
TRIAL_PORT: Final = 9
"""Stands for the port of a call that is not answered yet (discard: never a media port)."""

Order = Literal["offerer", "answerer"]


@dataclass(frozen=True, slots=True)
class Offering:
    """What every call of this phone offers."""

    codecs: tuple[Codec, ...]
    packet_time: Seconds
    timeout: Seconds
    order: Order

    @staticmethod
    def of(settings: PhoneSettings, able: tuple[str, ...]) -> "Offering":
        """The person's preference, cut down to what the voice path is able to do."""
        codecs = tuple(CODECS[name] for name in settings.codecs if name in able and name in CODECS)
        order: Order = "answerer" if settings.answer_order == "answerer" else "offerer"
        return Offering(codecs, settings.packet_time, settings.media_timeout, order)


class MediaSession:
    """Who said what in SDP, and what it means for the voice.  Methods that read raise SdpError."""

    def __init__(self, offering: Offering, address: str, port: int, entropy: Entropy) -> None:
        self.port = port
        self.address = address
        self.held = False
        """We let the peer wait."""
        self.answered = False
        """A person answered, here or there; before that there is at most early media."""
        self.offered_hold = False
        """What our last description said about it."""
        self._offered_address = address
        self.agreed: Agreed | None = None
        self._offering = offering
        self._session_id = entropy.below(2**62)
        self._version = 1
        self._ours: Session | None = None
        self._ssrc = entropy.below(2**32)
        self._sequence = entropy.below(2**16)
        self._timestamp = RtpTicks(entropy.below(2**32))
        self._cname = entropy.token(96)

    @property
    def stale(self) -> bool:
        """What the peer was told last is no longer so."""
        return (self.offered_hold, self._offered_address) != (self.held, self.address)

    def offer(self) -> bytes:
        """Our description, all codecs in it."""
        return self._publish(negotiate.offer(self._local()))

    def answer(self, body: bytes) -> bytes:
        """Our answer to their offer."""
        theirs = parse(body)
        session, agreed = negotiate.answer(self._local(), theirs)
        self.agreed = agreed
        return self._publish(session)

    def conclude(self, body: bytes) -> None:
        """They answered our offer; the same answer twice changes nothing (row 35)."""
        if self._ours is None:
            raise SdpError("an answer to no offer")
        self.agreed = negotiate.conclude(self._ours, parse(body))

    def parameters(self) -> VoiceParameters | None:
        """What the voice path must do; None while nothing is agreed."""
        agreed = self.agreed
        if agreed is None:
            return None
        # Who takes a call back listens before the peer has agreed: `offered_hold` lags behind.
        live = self.answered and not self.held and agreed.send and agreed.receive
        return VoiceParameters(
            port=self.port,
            codec=agreed.codec,
            send_payload_type=agreed.send_payload_type,
            receive_payload_type=agreed.receive_payload_type,
            remote=agreed.rtp if agreed.send else None,
            remote_rtcp=agreed.rtcp,
            rtcp_mux=agreed.rtcp_mux,
            packet_time=agreed.packet_time,
            send=agreed.send and not self.held,
            receive=not self.held and (agreed.receive or self.offered_hold),
            dtmf_send=agreed.dtmf_send,
            dtmf_receive=agreed.dtmf_receive,
            silence_frames=agreed.silence_frames,
            ssrc=self._ssrc,
            sequence=self._sequence,
            timestamp=self._timestamp,
            cname=self._cname,
            timeout=self._offering.timeout if live else Seconds(0),
        )

    def _local(self) -> Local:
        return Local(
            address=self.address,
            port=self.port,
            codecs=self._offering.codecs,
            session_id=self._session_id,
            version=self._version,
            ptime_ms=round(self._offering.packet_time * 1000),
            direction=Direction.SENDONLY if self.held else Direction.SENDRECV,
            order=self._offering.order,
        )

    def _publish(self, session: Session) -> bytes:
        """The version goes up only when the description changes (RFC 3264 §8, row 69)."""
        if self._ours is not None and session != self._ours:
            self._version += 1
            session = replace(session, origin=replace(session.origin, version=self._version))
        self._ours = session
        self.offered_hold, self._offered_address = self.held, self.address
        return bytes(session)


def acceptable(offering: Offering, address: str, body: bytes, entropy: Entropy) -> bool:
    """Whether an offer can be answered at all, before anybody is disturbed by the bell."""
    try:
        MediaSession(offering, address, TRIAL_PORT, entropy).answer(body)
    except SdpError:
        return False
    return True
