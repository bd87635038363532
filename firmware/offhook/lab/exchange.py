"""The lab exchange: a registrar and some numbers to call, strict enough to be a test's peer.

    datagram ─→ transactions ─→ REGISTER ─→ guard, registrar
                             ─→ INVITE ───→ guard, then a number of `services`, or another telephone
                             ─→ the rest ─→ the leg whose dialog it is
    RTP      ─→ media ─→ RTP

Pure like the telephone's core: `receive`, `receive_rtp`, `deadline`, `tick`; the time is handed in.
What a telephone does wrong becomes a line with `complaint`, kept in `complaints` for tests.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from offhook.entropy import Entropy
from offhook.lab.bridged_call import BridgedCall
from offhook.lab.guard import Guard, Verdict
from offhook.lab.leg import Leg, Trunk
from offhook.lab.letters import reply
from offhook.lab.manners import faults
from offhook.lab.media import Levels, Media
from offhook.lab.registrar import Registrar
from offhook.lab.service_call import ServiceCall
from offhook.lab.services import SERVICES
from offhook.lab.signals import Action, CallBack, LegOut, Line, News, SendRtp
from offhook.sip.actions import Send
from offhook.sip.errors import MessageError
from offhook.sip.message import Message, Request
from offhook.sip.parser import parse
from offhook.sip.timers import Timers
from offhook.sip.transactions import (
    AckTimedOut,
    Cancelled,
    GotAck,
    GotResponse,
    NewRequest,
    StrayResponse,
    TimedOut,
    TransactionKey,
    Transactions,
    Up,
)
from offhook.text import printable
from offhook.units import Endpoint, Seconds

MAX_CALLS: Final = 32  # at once
MAX_COMPLAINTS: Final = 100  # kept
MAX_CALL_BACKS: Final = 16  # waiting

Call = ServiceCall | BridgedCall


@dataclass(slots=True)
class Exchange:
    """The whole exchange, without sockets."""

    address: Endpoint
    passwords: Mapping[str, str]
    """User → password."""
    ports: tuple[int, ...]
    """RTP ports that the shell has opened."""
    entropy: Entropy
    algorithms: tuple[str, ...] = ("MD5",)
    """Of the digests: alone, for there are telephones that give up at the sight of SHA-256."""
    timers: Timers = field(default_factory=Timers)
    complaints: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_COMPLAINTS))
    registrar: Registrar = field(default_factory=Registrar)
    guard: Guard = field(init=False)
    calls: list[Call] = field(default_factory=list)
    _transactions: Transactions = field(init=False)
    _trunk: Trunk = field(init=False)
    _waiting: list[tuple[Seconds, CallBack]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.guard = Guard(self.address.host, self.passwords, self.entropy, self.algorithms)
        self._transactions = Transactions(self.timers)
        self._trunk = Trunk(self._transactions, self.entropy, self.address)

    @property
    def levels(self) -> Levels:
        """How loud the newest call with media is."""
        return next((media.levels for media in reversed(self.media)), Levels())

    @property
    def media(self) -> list[Media]:
        """Of all calls with a service, oldest first."""
        return [call.media for call in self.calls if call.media is not None]

    def receive(self, data: bytes, source: Endpoint, now: Seconds) -> list[Action]:
        """A datagram on the SIP port."""
        if not data.strip(b"\r\n\x00 "):
            return []  # keep-alive
        try:
            message = parse(data)
        except MessageError as error:
            return self._actions([Line(f"cannot read what {source} says: {error}", complaint=True)])
        wrong = faults(message, len(data)) if isinstance(message, Request) else []
        lines = [Line(f"{source}: {fault}", complaint=True) for fault in wrong]
        sends, ups = self._transactions.receive(message, source, now)
        return self._actions([*lines, *sends]) + self._rise(ups, now)

    def receive_rtp(self, port: int, data: bytes, now: Seconds) -> list[Action]:
        """A datagram on an RTP port."""
        media = next((one for one in self.media if one.port == port), None)
        if media is None:
            return []
        return [SendRtp(port, packet, media.remote) for packet in media.receive(data, now)]

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        times = [self._transactions.deadline(), *(at for at, _ in self._waiting)]
        for call in self.calls:
            times += [call.deadline(), *(leg.deadline() for leg in call.legs)]
        times += [media.deadline() for media in self.media]
        return min((at for at in times if at is not None), default=None)

    def tick(self, now: Seconds) -> list[Action]:
        """Do all that is due."""
        sends, ups = self._transactions.tick(now)
        actions = self._actions(sends) + self._rise(ups, now)
        for call in list(self.calls):
            actions += self._perform(call, call.legs[0], call.tick(now), now)
            for leg in call.legs:
                actions += self._perform(call, leg, leg.tick(now), now)
        for media in self.media:
            actions += [SendRtp(media.port, data, media.remote) for data in media.tick(now)]
        return actions + self._call_back(now)

    def hang_up_all(self, now: Seconds) -> list[Action]:
        """End every call, before the exchange stops."""
        actions: list[Action] = []
        for call in list(self.calls):
            for leg in call.legs:
                actions += self._perform(call, leg, leg.hang_up(now), now)
        self._waiting.clear()
        return actions

    # -- what the transactions tell ---------------------------------------------------------

    def _rise(self, ups: Iterable[Up], now: Seconds) -> list[Action]:
        return [action for up in ups for action in self._handle(up, now)]

    def _handle(self, up: Up, now: Seconds) -> list[Action]:
        match up:
            case NewRequest(key, request, source):
                try:
                    return self._request(key, request, source, now)
                except MessageError as error:
                    line = Line(f"{source}: {request.method}: {error}", complaint=True)
                    return self._actions([line]) + self._reply(key, request, 400, now)
            case AckTimedOut(key):
                line = Line(f"nobody acknowledges our failure of {key.method}", complaint=True)
                return self._actions([line])
            case GotResponse(_, message, _) | GotAck(message, _) | StrayResponse(message, _):
                call, leg = self._whose(message)
            case Cancelled(key, _) | TimedOut(key):
                call, leg = self._owner(key)
        return self._perform(call, leg, _inform(leg, up, now), now) if leg else []

    def _request(
        self, key: TransactionKey, request: Request, source: Endpoint, now: Seconds
    ) -> list[Action]:
        if request.to.tag is not None:
            return self._inside(key, request, now)
        match request.method:
            case "REGISTER":
                return self._register(key, request, source, now)
            case "INVITE":
                return self._invite(key, request, source, now)
            case "OPTIONS":
                return self._reply(key, request, 200, now)
            case _:
                return self._reply(key, request, 405, now)

    def _inside(self, key: TransactionKey, request: Request, now: Seconds) -> list[Action]:
        call, leg = self._whose(request)
        if leg is None:
            line = Line(f"{request.method} outside any call", complaint=True)
            return self._actions([line]) + self._reply(key, request, 481, now)
        line = Line(f"{leg.remote.uri.user} says {request.method}")
        return self._perform(call, leg, [line, *leg.receive(key, request, now)], now)

    def _register(
        self, key: TransactionKey, request: Request, source: Endpoint, now: Seconds
    ) -> list[Action]:
        verdict = self.guard.check(request, "Authorization", now)
        if not verdict.user or verdict.user != request.to.uri.user:
            return self._challenge(key, request, verdict, now)
        response = self.registrar.register(verdict.user, request, source, now)
        telephones = len(self.registrar.bindings(verdict.user, now))
        line = Line(f"{verdict.user} at {source} registers: {response.status}, {telephones} bound")
        return self._actions([line, *self._transactions.respond(key, response, now)])

    def _challenge(
        self, key: TransactionKey, request: Request, verdict: Verdict, now: Seconds
    ) -> list[Action]:
        registering = request.method == "REGISTER"
        status = 401 if registering else 407
        header = "WWW-Authenticate" if registering else "Proxy-Authenticate"
        headers = [(header, one) for one in self.guard.challenges(now, stale=verdict.stale)]
        lines = [Line(verdict.complaint, complaint=True)] if verdict.complaint else []
        return self._actions(lines) + self._reply(key, request, status, now, headers)

    def _reply(
        self,
        key: TransactionKey,
        request: Request,
        status: int,
        now: Seconds,
        headers: Iterable[tuple[str, str]] = (),
    ) -> list[Action]:
        response = reply(request, status, self.entropy.token(64), headers)
        return self._actions(self._transactions.respond(key, response, now))

    # -- calls ----------------------------------------------------------------------------

    def _invite(
        self, key: TransactionKey, request: Request, source: Endpoint, now: Seconds
    ) -> list[Action]:
        verdict = self.guard.check(request, "Proxy-Authorization", now)
        if not verdict.user:
            return self._challenge(key, request, verdict, now)
        number = request.target.user or ""
        line = Line(f"{verdict.user} calls {number}")
        if len(request.contacts) != 1:
            raise MessageError("an INVITE has one Contact")
        if request.from_.uri.user != verdict.user:
            return self._actions([line]) + self._reply(key, request, 403, now)
        if len(self.calls) >= MAX_CALLS:
            return self._actions([line]) + self._reply(key, request, 503, now)
        return self._actions([line]) + self._connect(key, request, source, verdict.user, now)

    def _connect(
        self, key: TransactionKey, request: Request, source: Endpoint, user: str, now: Seconds
    ) -> list[Action]:
        number = request.target.user or ""
        service, port = SERVICES.get(number), self._free_port()
        binding = self.registrar.reachable(number, now)
        if service is not None and port is not None:
            leg = Leg.incoming(self._trunk, key, request, source)
            call = ServiceCall.incoming(leg, number, user, service.steps, port)
            self.calls.append(call)
            return self._perform(call, leg, call.start(now), now)
        if service is not None:
            return self._reply(key, request, 503, now)
        if binding is None:
            return self._reply(key, request, 480 if number in self.passwords else 404, now)
        bridge, outs = BridgedCall.between(
            Leg.incoming(self._trunk, key, request, source), binding, now
        )
        self.calls.append(bridge)
        return self._perform(bridge, None, outs, now)

    def _call_back(self, now: Seconds) -> list[Action]:
        due = [wanted for at, wanted in self._waiting if at <= now]
        self._waiting = [(at, wanted) for at, wanted in self._waiting if at > now]
        return [action for wanted in due for action in self._ring(wanted, now)]

    def _ring(self, wanted: CallBack, now: Seconds) -> list[Action]:
        binding, port = self.registrar.reachable(wanted.user, now), self._free_port()
        if binding is None or port is None:
            return self._actions([Line(f"cannot call {wanted.user} back")])
        call, outs = ServiceCall.outgoing(self._trunk, wanted, binding, port, now)
        self.calls.append(call)
        return self._perform(call, call.leg, outs, now)

    def _free_port(self) -> int | None:
        taken = {call.port for call in self.calls if isinstance(call, ServiceCall)}
        return next((port for port in self.ports if port not in taken), None)

    def _whose(self, message: Message) -> tuple[Call, Leg] | tuple[None, None]:
        """The dialog that a request to us, or a response to us, belongs to."""
        tag = message.to.tag if isinstance(message, Request) else message.from_.tag
        for call in self.calls:
            for leg in call.legs:
                if leg.call_id == message.call_id and leg.tag == tag:
                    return call, leg
        return None, None

    def _owner(self, key: TransactionKey) -> tuple[Call, Leg] | tuple[None, None]:
        for call in self.calls:
            for leg in call.legs:
                if leg.owns(key):
                    return call, leg
        return None, None

    def _perform(
        self,
        call: Call | None,
        leg: Leg | None,
        outs: Iterable[LegOut | CallBack],
        now: Seconds,
    ) -> list[Action]:
        """Bring news to the call until there is none left; forget the call when it is over."""
        actions: list[Action] = []
        for out in outs:
            match out:
                case News():
                    if call is not None and leg is not None:
                        actions += self._tell(call, leg, out, now)
                case CallBack():
                    self._remember(out, now)
                case Send() | Line():
                    actions += self._actions([out])
        self.calls = [one for one in self.calls if not all(leg.over for leg in one.legs)]
        return actions

    def _tell(self, call: Call, leg: Leg, news: News, now: Seconds) -> list[Action]:
        other = next((one for one in call.legs if one is not leg), leg)
        return self._perform(call, other, call.told(leg, news, now), now)

    def _remember(self, wanted: CallBack, now: Seconds) -> None:
        if len(self._waiting) < MAX_CALL_BACKS:
            self._waiting.append((Seconds(now + wanted.after), wanted))

    def _actions(self, outs: Iterable[Send | Line]) -> list[Action]:
        """Keep the complaints; make every line fit for people."""
        actions: list[Action] = []
        for out in outs:
            if isinstance(out, Line):
                shown = replace(out, text=printable(out.text, 120))
                if shown.complaint:
                    self.complaints.append(shown.text)
                actions.append(shown)
            else:
                actions.append(out)
        return actions


def _inform(leg: Leg, up: Up, now: Seconds) -> list[LegOut]:
    """Tell a leg what the transactions tell of it."""
    match up:
        case GotResponse(key, response, _):
            return leg.answered(key, response, now)
        case GotAck(request, _):
            return leg.acknowledged(request, now)
        case Cancelled():
            return leg.cancelled(now)
        case TimedOut(key):
            return leg.unanswered(key, now)
        case StrayResponse(response, _):
            return [*leg.again(response)]
        case NewRequest() | AckTimedOut():
            return []
