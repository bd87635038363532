"""The native line: joins the SIP agent, the session descriptions and the voice path.

    behaviour ── orders ──►  Line  ── commands ──►  Agent       (SIP)
    behaviour ◄── news ────  Line  ◄── told ──────  Agent
                             Line  ── StartVoice … ──►  voice path

One machine for each call (`TRANSITIONS`).  A voice stream has its call's handle for a number; it
starts with the first agreement, early media included, and lives until the call is over.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final

from offhook.entropy import Entropy
from offhook.notes import Diary, Note, Severity, note
from offhook.phone import orders
from offhook.phone.actions import Action, ClosePort, OpenPort, StopVoice
from offhook.phone.call import Call, State
from offhook.phone.events import FirstAudio, MediaTimeout, VoiceReport
from offhook.phone.ledger import Record
from offhook.phone.media import MediaSession, Offering, acceptable
from offhook.phone.orders import CallIn, Heard, News, Order, Over, RemoteAnswered, RemoteRings
from offhook.phone.trouble import NOT_SET_UP
from offhook.sdp.session import SdpError
from offhook.sip import actions as sip
from offhook.sip.actions import CallRef, Cause, Party
from offhook.sip.agent import Agent
from offhook.sip.party import NO_ANSWER
from offhook.units import Endpoint, Seconds

MAX_PORTS: Final = 8  # port pairs that lie ready
MAX_UNREPORTED: Final = 16  # ended calls whose final voice report is awaited
REPORT_WAIT: Final = Seconds(2)  # for the final voice report
NO_VOICE: Final = 'Q.850;cause=102;text="no voice arrives"'
NO_SESSION: Final = 'SIP;cause=488;text="the answer cannot be used"'


class Input(Enum):
    """What may happen to a call."""

    ANNOUNCE = auto()
    TAKE = auto()
    HOLD = auto()
    ANSWERED = auto()
    END = auto()
    REFUSE = auto()
    ENDED = auto()


Result = Action | News
Effect = Callable[["Line", Call, Seconds], Iterator[Result]]


@dataclass(slots=True)
class Line:
    """All calls.  Methods return actions for the service and news for behaviour, in order."""

    agent: Agent
    offering: Offering
    entropy: Entropy
    local: Endpoint | None
    diary: Diary = field(default_factory=Diary)
    calls: dict[CallRef, Call] = field(default_factory=dict)
    set_up: bool = True
    """There is an account to call with."""
    _ports: list[int] = field(default_factory=list)
    _phantoms: int = 0

    # What behaviour orders

    def place(self, number: str, emergency: bool, now: Seconds) -> tuple[CallRef, list[Result]]:
        """Call `number`.  Where there is no network the handle is one of a call that is over."""
        media = self._open(emergency=emergency)
        if isinstance(media, str):
            return self._phantom(number, media, now)
        ref, actions = self.agent.place(number, media.offer(), now)
        record = Record(incoming=False, party=Party(number, ""), call_id=self.agent.call_id(ref))
        self.calls[ref] = call = Call(ref, record, State.CALLING, media=media)
        self._moved(call, "place", State.CALLING, new=True)
        results: list[Result] = [OpenPort(media.port)]
        if emergency:
            told = call.note("emergency call", Severity.WARNING, registered=self.registered)
            results.append(told)
        elif not self.agent.registered:
            results.append(call.note("calling without registration", Severity.NOTICE))
        return ref, [*results, *self.told(actions, now)]

    def obey(self, order: Order, now: Seconds) -> list[Result]:
        """Any order but `Place`."""
        match order:
            case orders.Place():
                raise TypeError("a call is placed with `place`, which tells its handle")
            case orders.End(ref, unanswered=True) if (call := self.calls.get(ref)) is not None:
                call.reason = NO_ANSWER
                return self._step(ref, Input.END, now)
            case orders.DigitDown(ref, digit):
                return [] if (call := self.calls.get(ref)) is None else list(call.press(digit))
            case orders.DigitUp(ref, digit):
                return [] if (call := self.calls.get(ref)) is None else list(call.release(digit))
            case _:
                return self._step(order.call, ORDERS[type(order)], now)

    # What happens

    def told(self, actions: Iterable[sip.Action], now: Seconds) -> Iterator[Result]:
        """What the agent wants or tells; registration is left out, it is the Station's."""
        for action in actions:
            match action:
                case sip.Send() | sip.Resolve() | sip.ServerDate() | Note():
                    yield action
                case sip.Incoming():
                    yield from self._incoming(action, now)
                case sip.Registered() | sip.RegistrationFailed() | sip.Unregistered():
                    pass
                case _:
                    if (call := self.calls.get(action.call)) is not None:
                        yield from self._about(call, action, now)

    def port(self, port: int) -> list[Result]:
        """A pair of ports is free."""
        if len(self._ports) == MAX_PORTS:
            return [ClosePort(port)]
        self._ports.append(port)
        return []

    def first_audio(self, event: FirstAudio) -> list[Result]:
        """Voice arrived."""
        return [Heard(CallRef(event.stream))] if CallRef(event.stream) in self.calls else []

    def media_timeout(self, event: MediaTimeout, now: Seconds) -> list[Result]:
        """The peer vanished: the call is over."""
        call = self.calls.get(CallRef(event.stream))
        if call is None or call.state is not State.UP:
            return []
        return self._abandon(call, f"no voice for {event.silent_for:.0f} s", NO_VOICE, now)

    def report(self, report: VoiceReport, now: Seconds) -> list[Result]:
        """How a stream fares, or fared."""
        call = self.calls.get(CallRef(report.stream))
        if call is None:
            return []
        call.record.report = report
        if report.final and call.state is State.OVER:
            return self._close(call, now)
        return list(call.notice_silence(now))

    def moved(self, local: Endpoint | None, now: Seconds) -> list[Result]:
        """Our address changed: calls take their media along by re-INVITE."""
        self.local = local
        results: list[Result] = []
        for call in list(self.calls.values()):
            if local is not None and call.state in (State.UP, State.HELD):
                call.session.address = local.host
                results += self._ask(call, now)
        return results

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        return min((call.due for call in self.calls.values() if call.due is not None), default=None)

    def tick(self, now: Seconds) -> list[Result]:
        """Write down ended calls whose report never came."""
        due = [call for call in self.calls.values() if call.due is not None and call.due <= now]
        return [result for call in due for result in self._close(call, now)]

    @property
    def registered(self) -> str:
        """For notes."""
        return "yes" if self.agent.registered else "no"

    # The machine

    def _step(self, ref: CallRef, what: Input, now: Seconds) -> list[Result]:
        call = self.calls.get(ref)
        match None if call is None else TRANSITIONS.get((call.state, what)):
            case (state, effect) if call is not None:
                self._moved(call, what, state)
                return list(effect(self, call, now))
            case _:
                return []  # the call went while the order was on its way

    def _moved(self, call: Call, what: Input | str, state: State, *, new: bool = False) -> None:
        before = None if new else call.state
        self.diary.moved("call", before, what, state, call=call.record.call_id)
        call.state = state

    def _announce(self, call: Call, now: Seconds) -> Iterator[Result]:
        yield from self.told(self.agent.ring(call.ref, now), now)

    def _answer(self, call: Call, now: Seconds) -> Iterator[Result]:
        media = self._open()
        if isinstance(media, str):
            call.record.why = media
            yield note(media, Severity.ERROR)
            yield from self.told(self.agent.reject(call.ref, 503, now), now)
            return
        yield OpenPort(media.port)
        call.media, media.answered, call.record.answered, call.asked = media, True, now, True
        try:
            body = media.offer() if call.offer is None else media.answer(call.offer)
        except SdpError as error:  # our address changed family since it was found acceptable
            call.record.answered, call.record.why = None, str(error)
            yield from self.told(self.agent.reject(call.ref, 488, now), now)
            return
        yield from self.told(self.agent.answer(call.ref, body, now), now)
        yield from call.tell_voice()

    def _established(self, call: Call, now: Seconds) -> Iterator[Result]:
        call.session.answered = True
        call.record.answered = now
        yield from call.tell_voice()
        yield RemoteAnswered(call.ref)

    def _hold(self, call: Call, now: Seconds) -> Iterator[Result]:
        yield from call.press("")
        yield from self._hold_if(True, call, now)

    def _resume(self, call: Call, now: Seconds) -> Iterator[Result]:
        yield from self._hold_if(False, call, now)

    def _hold_if(self, held: bool, call: Call, now: Seconds) -> Iterator[Result]:
        call.session.held = held
        yield from call.tell_voice()
        yield from self._ask(call, now)

    def _end(self, call: Call, now: Seconds) -> Iterator[Result]:
        yield from self.told(self.agent.hang_up(call.ref, now, call.reason), now)

    def _reject(self, call: Call, now: Seconds) -> Iterator[Result]:
        yield from self.told(self.agent.reject(call.ref, 486, now), now)

    def _refuse(self, call: Call, now: Seconds) -> Iterator[Result]:
        call.record.unannounced = True
        yield from self._reject(call, now)

    def _ended(self, call: Call, now: Seconds) -> Iterator[Result]:
        call.record.ended = now
        if call.voice is not None:
            yield StopVoice(call.ref)
            call.due = Seconds(now + REPORT_WAIT)
        elif call.media is not None:
            yield ClosePort(call.media.port)
        yield Over(call.ref, call.record.cause or Cause(500, ""))
        if call.voice is None:
            yield from self._close(call, now)
        yield from self._crowded(now)

    # What the agent tells about one call

    def _incoming(self, news: sip.Incoming, now: Seconds) -> Iterator[Result]:
        record = Record(incoming=True, party=news.caller, call_id=news.call_id)
        call = Call(news.call, record, State.OFFERED, offer=news.offer)
        self.calls[news.call] = call
        self._moved(call, "invited", State.OFFERED, new=True)
        if self._understood(news.offer):
            yield CallIn(news.call)
        else:
            record.why = "no common codec"
            yield call.note("incoming call has nothing we can talk with", Severity.NOTICE)
            yield from self.told(self.agent.reject(news.call, 488, now), now)

    def _about(self, call: Call, action: "_CallNews", now: Seconds) -> Iterator[Result]:
        match action:
            case sip.Provisional():
                yield from self._provisional(call, action)
            case sip.Answered():
                yield from self._answered(call, action, now)
            case sip.Confirmed(_, body):
                yield from self._confirmed(call, body, now)
            case sip.Offered(_, body):
                yield from self._offered(call, body, now)
            case sip.OfferAccepted(_, body):
                yield from self._accepted(call, body, now)
            case sip.OfferRefused(_, status):
                yield call.note("the peer keeps the old session", Severity.NOTICE, status=status)
                yield from self._settled(call, now)
            case sip.Ended(_, cause):
                call.record.cause = cause
                yield from self._step(call.ref, Input.ENDED, now)

    def _provisional(self, call: Call, news: sip.Provisional) -> Iterator[Result]:
        call.meet(news.peer)
        if news.body is not None:
            try:
                call.session.conclude(news.body)
            except SdpError as error:
                yield call.note("early media cannot be used", Severity.NOTICE, why=str(error))
            yield from call.tell_voice()
        if news.status == 180 or news.body is not None:
            yield RemoteRings(call.ref)

    def _answered(self, call: Call, news: sip.Answered, now: Seconds) -> Iterator[Result]:
        call.meet(news.peer)
        trouble = call.conclude(news.body)
        if trouble:
            call.record.answered = now
            yield from self._abandon(call, trouble, NO_SESSION, now)
        else:
            yield from self._step(call.ref, Input.ANSWERED, now)

    def _confirmed(self, call: Call, body: bytes | None, now: Seconds) -> Iterator[Result]:
        trouble = call.conclude(body)  # of an ordinary ACK there is nothing to take
        if trouble:
            yield from self._abandon(call, trouble, NO_SESSION, now)
        else:
            yield from call.tell_voice()
            yield from self._settled(call, now)

    def _offered(self, call: Call, body: bytes | None, now: Seconds) -> Iterator[Result]:
        media = call.media
        if media is None:  # an UPDATE before anybody answered (RFC 3311 §5.1)
            yield from self.told(self.agent.refuse(call.ref, 488, now), now)
            return
        try:
            ours = media.offer() if body is None else media.answer(body)
        except SdpError as error:
            yield call.note("a new session cannot be used", Severity.NOTICE, why=str(error))
            yield from self.told(self.agent.refuse(call.ref, 488, now), now)
            return
        yield from self.told(self.agent.accept(call.ref, ours, now), now)
        yield from call.tell_voice()

    def _accepted(self, call: Call, body: bytes | None, now: Seconds) -> Iterator[Result]:
        if trouble := call.conclude(body):
            yield call.note("a new session cannot be used", Severity.NOTICE, why=trouble)
        yield from call.tell_voice()
        yield from self._settled(call, now)

    def _settled(self, call: Call, now: Seconds) -> Iterator[Result]:
        """The way is free; what was wished meanwhile goes into a re-INVITE."""
        call.asked = False
        if call.session.stale:
            yield from self._ask(call, now)

    # Helpers

    def _ask(self, call: Call, now: Seconds) -> Iterator[Result]:
        if not call.asked:
            call.asked = True
            offer = call.session.offer()
            yield from self.told(self.agent.offer(call.ref, offer, now), now)

    def _abandon(self, call: Call, why: str, reason: str, now: Seconds) -> list[Result]:
        call.record.why, call.reason = why, reason
        return [
            call.note("call given up", Severity.WARNING, why=why),
            *self._step(call.ref, Input.END, now),
        ]

    def _open(self, *, emergency: bool = False) -> MediaSession | str:
        """A session on the next port; or what is missing for it.

        Of an emergency call nothing here counts the silence: only a person may end it.
        """
        if not self.set_up:
            return NOT_SET_UP.words
        if self.local is None:
            return "no network"
        if not self._ports:
            return "no RTP port"
        offering = replace(self.offering, timeout=Seconds(0)) if emergency else self.offering
        return MediaSession(offering, self.local.host, self._ports.pop(0), self.entropy)

    def _understood(self, offer: bytes | None) -> bool:
        if self.local is None:
            return False
        return offer is None or acceptable(self.offering, self.local.host, offer, self.entropy)

    def _phantom(self, number: str, why: str, now: Seconds) -> tuple[CallRef, list[Result]]:
        """A call that failed before the agent knew of it."""
        self._phantoms -= 1
        ref = CallRef(self._phantoms)
        record = Record(incoming=False, party=Party(number, ""), call_id="", why=why)
        record.cause = Cause(503 if self.set_up else 480, why, local=True)
        call = self.calls[ref] = Call(ref, record, State.OVER)
        return ref, [note(why, Severity.ERROR), *self._ended(call, now)]

    def _close(self, call: Call, now: Seconds) -> list[Result]:
        del self.calls[call.ref]
        return [call.record.canonical(now)]

    def _crowded(self, now: Seconds) -> Iterator[Result]:
        waiting = [call for call in self.calls.values() if call.due is not None]
        for call in waiting[:-MAX_UNREPORTED]:
            yield from self._close(call, now)


_CallNews = (
    sip.Provisional | sip.Answered | sip.Confirmed
    | sip.Offered | sip.OfferAccepted | sip.OfferRefused | sip.Ended
)  # fmt: skip


TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, Effect]]] = {
    (State.OFFERED, Input.ANNOUNCE): (State.OFFERED, Line._announce),
    (State.OFFERED, Input.TAKE): (State.UP, Line._answer),
    (State.OFFERED, Input.END): (State.OFFERED, Line._reject),
    (State.OFFERED, Input.REFUSE): (State.OFFERED, Line._refuse),
    (State.CALLING, Input.ANSWERED): (State.UP, Line._established),
    (State.CALLING, Input.END): (State.CALLING, Line._end),
    (State.UP, Input.HOLD): (State.HELD, Line._hold),
    (State.UP, Input.END): (State.UP, Line._end),
    (State.HELD, Input.TAKE): (State.UP, Line._resume),
    (State.HELD, Input.END): (State.HELD, Line._end),
    **{
        (state, Input.ENDED): (State.OVER, Line._ended)
        for state in (State.OFFERED, State.CALLING, State.UP, State.HELD)
    },
}
"""One call.  `Input.END` changes nothing by itself: the agent says when it is over, at once."""

ORDERS: Final[Mapping[type[Order], Input]] = {
    orders.Announce: Input.ANNOUNCE,
    orders.Take: Input.TAKE,
    orders.Hold: Input.HOLD,
    orders.End: Input.END,
    orders.Refuse: Input.REFUSE,
}
"""The orders that are inputs of a call's machine."""
