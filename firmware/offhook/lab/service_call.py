"""A telephone and a service of the exchange, joined: the steps of `services`, and the media."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from offhook.lab.leg import Leg, Trunk
from offhook.lab.media import Media, Programme
from offhook.lab.registrar import Binding
from offhook.lab.services import G711, Answer, HangUp, Refuse, Ring, RingBack, Step, Wait
from offhook.lab.signals import CallBack, LegOut, Line, News, What
from offhook.sdp.negotiate import (
    G729,
    PCMA,
    PCMU,
    Agreed,
    Local,
    NotAcceptable,
    answer,
    conclude,
    offer,
)
from offhook.sdp.session import SdpError, Session, parse
from offhook.sip.headers import NameAddr
from offhook.units import Seconds

RINGS: Final = Seconds(30)  # until we give up a telephone that nobody answers
TRIES: Final = 5  # when the telephone that is called back is busy
_CODECS: Final = {codec.name: codec for codec in (PCMU, PCMA, G729)}
_ANY: Final = (*G711, "G729")


@dataclass(slots=True)
class ServiceCall:
    """One call of a service, made by `incoming` or `outgoing`.

    Its leg's outputs are passed on as they are; the exchange brings the news among them to `told`.
    """

    trunk: Trunk
    number: str
    user: str
    leg: Leg
    port: int
    codecs: tuple[str, ...]
    media: Media | None = None
    _steps: deque[Step] = field(default_factory=deque)
    _due: Seconds | None = None
    _session: Local = field(init=False)
    _ours: Session | None = None
    """Our offer while it waits for an answer, else our last description."""
    _answered: bytes = b""
    """Our answer to the INVITE, the same in 183 and 200."""
    _callback: CallBack | None = None
    """What we are, if the telephone was called back."""

    def __post_init__(self) -> None:
        self._session = Local(
            address=self.trunk.address.host,
            port=self.port,
            codecs=tuple(_CODECS[name] for name in self.codecs),
            session_id=self.trunk.entropy.below(2**62),
            version=1,
        )

    @classmethod
    def incoming(
        cls, leg: Leg, number: str, user: str, steps: Iterable[Step], port: int
    ) -> "ServiceCall":
        """`user` dialled `number`; `start` comes next."""
        return cls(leg.trunk, number, user, leg, port, _ANY, _steps=deque(steps))

    @classmethod
    def outgoing(
        cls, trunk: Trunk, wanted: CallBack, binding: Binding, port: int, now: Seconds
    ) -> tuple["ServiceCall", list[LegOut]]:
        """Call a telephone."""
        session = Local(
            address=trunk.address.host,
            port=port,
            codecs=tuple(_CODECS[name] for name in wanted.codecs),
            session_id=trunk.entropy.below(2**62),
            version=1,
        )
        ours = offer(session)
        caller = NameAddr.parse(f'"Lab {wanted.number}" <sip:{wanted.number}@{trunk.address}>')
        leg, outs = Leg.outgoing(trunk, caller, binding, bytes(ours), now)
        call = cls(trunk, wanted.number, wanted.user, leg, port, wanted.codecs)
        call._session, call._ours, call._callback = session, ours, wanted
        call._steps, call._due = deque([HangUp()]), Seconds(now + RINGS)
        return call, outs

    @property
    def legs(self) -> tuple[Leg, ...]:
        """Its one leg."""
        return (self.leg,)

    def start(self, now: Seconds) -> list[LegOut | CallBack]:
        """Take the first steps."""
        return self._advance(now)

    def told(self, leg: Leg, news: News, now: Seconds) -> list[LegOut | CallBack]:
        """Hear what the leg tells."""
        del leg
        match news.what:
            case What.ANSWERED:
                self._steps.clear()
                self._due = None
                return [*self.leg.acknowledge(), *self._conclude(news.body, now)]
            case What.CONFIRMED:
                return self._conclude(news.body, now) if news.body else []
            case What.OFFERED:
                return self._renegotiate(news, now)
            case What.ENDED:
                return self._end()
            case What.REFUSED:
                return self._refused(news.status)
            case What.PROGRESS | What.REPLIED:
                return []

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        return self._due

    def tick(self, now: Seconds) -> list[LegOut | CallBack]:
        """Take the next steps, if it is time."""
        if self._due is None or now < self._due:
            return []
        self._due = None
        return self._advance(now)

    def _advance(self, now: Seconds) -> list[LegOut | CallBack]:
        outs: list[LegOut | CallBack] = []
        while self._steps and self._due is None:
            if isinstance(self._steps[0], RingBack):
                break  # when the call is over
            outs += self._take(self._steps.popleft(), now)
        return outs

    def _take(self, step: Step, now: Seconds) -> list[LegOut]:
        match step:
            case Wait(time):
                self._due = Seconds(now + time)
            case Ring(None):
                return self.leg.progress(180, b"", now)
            case Ring(programme):
                return self._speak(183, programme or Programme.SILENCE, now)
            case Answer(programme):
                return self._speak(200, programme, now)
            case Refuse(status, cause):
                return self.leg.refuse(status, now, ("Reason", f"Q.850;cause={cause}"))
            case HangUp():
                return self.leg.hang_up(now)
            case RingBack():
                pass  # when the call is over
        return []

    def _speak(self, status: int, programme: Programme, now: Seconds) -> list[LegOut]:
        """183 or 200, with our description; the programme begins."""
        try:
            body = self._answered or self._describe(programme, now)
        except SdpError as error:
            return [Line(f"no media with {self.user}: {error}"), *self.leg.refuse(488, now)]
        if self.media is not None:
            self.media.play(programme, now)
        send = self.leg.answer if status == 200 else self._progress
        return send(body, now)

    def _progress(self, body: bytes, now: Seconds) -> list[LegOut]:
        return self.leg.progress(183, body, now)

    def _describe(self, programme: Programme, now: Seconds) -> bytes:
        """Answer the offer in the INVITE; without one, make ours (its answer is in the ACK)."""
        if not self.leg.invite.body:
            self._ours = offer(self._session)
            return bytes(self._ours)
        ours, agreed = answer(self._session, parse(self.leg.invite.body))
        self._agree(agreed, programme, now)
        self._answered = bytes(ours)
        return self._answered

    def _agree(self, agreed: Agreed, programme: Programme, now: Seconds) -> None:
        if self.media is None:
            self.media = Media(self.port, agreed, programme, self.trunk.entropy)
            self.media.play(programme, now)
        else:
            self.media.renegotiate(agreed)

    def _conclude(self, body: bytes, now: Seconds) -> list[LegOut | CallBack]:
        """The answer to our offer came."""
        if self._ours is None:
            return [Line(f"{self.user} answers an offer that nobody made", complaint=True)]
        programme = self._callback.programme if self._callback else Programme.ECHO
        try:
            self._agree(conclude(self._ours, parse(body)), programme, now)
        except SdpError as error:
            line = Line(f"{self.user} answers wrongly: {error}", complaint=True)
            return [line, *self.leg.hang_up(now)]
        self._ours = None
        return []

    def _renegotiate(self, news: News, now: Seconds) -> list[LegOut | CallBack]:
        """A re-INVITE or an UPDATE."""
        if news.key is None or news.request is None:
            return []
        body = b""
        status = 200
        try:
            if news.body:
                self._session = replace(self._session, version=self._session.version + 1)
                ours, agreed = answer(self._session, parse(news.body))
                self._agree(agreed, Programme.ECHO, now)
                body = bytes(ours)
            elif news.request.method == "INVITE":
                self._ours = offer(self._session)
                body = bytes(self._ours)
        except NotAcceptable:
            status = 488
        except SdpError:
            status = 400
        return [*self.leg.reply(news.key, news.request, status, body, now)]

    def _end(self) -> list[LegOut | CallBack]:
        heard, said = (self.media.received, self.media.sent) if self.media else (0, 0)
        self.media = None
        wanted = [step for step in self._steps if isinstance(step, RingBack)]
        self._steps.clear()
        self._due = None
        return [
            Line(f"{self.number} and {self.user}: over, heard {heard} packets, said {said}"),
            *(self._ring_back(step) for step in wanted),
        ]

    def _ring_back(self, step: RingBack) -> CallBack:
        return CallBack(self.number, self.user, step.codecs, Programme.ECHO, step.after, TRIES)

    def _refused(self, status: int) -> list[LegOut | CallBack]:
        line = Line(f"{self.user} does not take the call from {self.number}: {status}")
        again = self._callback
        if again is None or status != 486 or again.tries == 0:
            return [line]
        return [line, replace(again, tries=again.tries - 1)]
