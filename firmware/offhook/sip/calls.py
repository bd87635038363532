"""All calls: finding the one a message belongs to, keeping them few."""

from collections import OrderedDict
from typing import Final

from offhook.sip import call_out, call_table, party
from offhook.sip.acks import Acks
from offhook.sip.actions import CallRef, Cause, Ended, Incoming
from offhook.sip.call import MAX_RINGING, Call, Event, Input, State
from offhook.sip.dialog import Dialog
from offhook.sip.errand import Errands
from offhook.sip.errors import SipError
from offhook.sip.message import Request, Response
from offhook.sip.modify import Modification
from offhook.sip.registrar import FIRST_CSEQ_BELOW, Registrar
from offhook.sip.target import request_uri
from offhook.sip.transactions import TransactionKey
from offhook.sip.wire import Wire
from offhook.units import Endpoint, Seconds

MAX_CALLS: Final = 8
"""Calls under way at once; one more is busy."""
MAX_KEPT: Final = 64
"""Calls altogether: also those that only wait for a last message."""
TAG_BITS: Final = 128
"""The callee's and the caller's half of a dialog's secret."""

Index = tuple[str, str]


class Calls:
    """Every call by its handle and by Call-ID with our tag."""

    def __init__(self, wire: Wire, errands: Errands, registrar: Registrar) -> None:
        self.acks = Acks(wire)
        self._wire = wire
        self._errands = errands
        self._registrar = registrar
        self._refs = 0
        self._live: dict[CallRef, Call] = {}
        self._index: dict[Index, Call] = {}
        self._fading: OrderedDict[Index, tuple[Call, Seconds]] = OrderedDict()

    @property
    def count(self) -> int:
        """Calls that are not over, in whatever state."""
        return len(self._live)

    @property
    def kept(self) -> int:
        """Calls that are over and remembered for late answers."""
        return len(self._fading)

    # Commands

    def place(self, target: str, offer: bytes | None, now: Seconds) -> CallRef:
        """Call somebody."""
        try:
            uri = request_uri(target, self._wire.account)
        except SipError:
            return self._stillborn(Cause(484, "not an address", local=True))
        if self.busy:
            return self._stillborn(Cause(486, "too many calls", local=True))
        call = self._new(State.FINDING, self._wire.entropy.token(TAG_BITS))
        call.target, call.offer = str(uri), offer
        self._keep(call)
        call_out.find(call, now)
        return call.ref

    def _stillborn(self, cause: Cause) -> CallRef:
        self._refs += 1
        ref = CallRef(self._refs)
        self._wire.do(Ended(ref, cause))
        return ref

    def command(self, ref: CallRef, what: Input, event: Event, now: Seconds) -> None:
        """The phone's wish; a call that is over has none."""
        call = self._live.get(ref)
        if call is not None:
            call_table.step(call, what, event, now)

    def get(self, ref: CallRef) -> Call | None:
        """The call, unless it is over."""
        return self._live.get(ref)

    # Messages

    @property
    def busy(self) -> bool:
        """No further call can be taken."""
        under_way = sum(call.under_way for call in self._live.values())
        return under_way >= MAX_CALLS or len(self._live) >= MAX_KEPT

    def invited(
        self, key: TransactionKey, request: Request, source: Endpoint, now: Seconds
    ) -> None:
        """A new call comes in.  Raises SipError when it has no Contact."""
        call = self._new(State.RINGING, request.call_id)
        first = self._wire.entropy.below(FIRST_CSEQ_BELOW)
        call.dialog = Dialog.from_request(request, call.local_tag, first)
        call.key, call.invite, call.peer = key, request, source
        call.theirs = request.body
        call.allowed = request.tokens("Allow")
        wait = request.expires
        call.limit = Seconds(now + min(MAX_RINGING, wait or MAX_RINGING))
        self._keep(call)
        alert = request.headers.first("Alert-Info") or ""
        who = party.caller(request)
        self._wire.do(Incoming(call.ref, call.call_id, who, request.body or None, alert))

    def of_request(self, request: Request) -> Call | None:
        """The call whose dialog this request belongs to: Call-ID and both tags."""
        call = self._index.get((request.call_id, request.to.tag or ""))
        if call is None or call.dialog is None:
            return None
        return call if call.dialog.key[2] == (request.from_.tag or "") else None

    def of_invite(self, key: TransactionKey) -> Call | None:
        """The call that waits for our answer to this INVITE, the first or a later one."""
        return next((one for one in self._live.values() if key in {one.key, one.modify.key}), None)

    def merged(self, request: Request) -> bool:
        """The same INVITE came by another way while we answer the first (§8.2.2.2; C-40)."""
        return any(
            call.invite is not None
            and call.state in {State.RINGING, State.ANSWERED}
            and call.call_id == request.call_id
            and call.invite.from_.tag == request.from_.tag
            and call.invite.cseq == request.cseq
            for call in self._live.values()
        )

    def trusts(self, request: Request, source: Endpoint) -> bool:
        """The request belongs to a call and comes from where that call's messages come from."""
        call = self.of_request(request)
        return call is not None and call.trusts(source)

    def know(self, source: Endpoint) -> bool:
        """Some call's messages come from there."""
        return any(call.trusts(source) for call in self._live.values())

    def late(self, response: Response, source: Endpoint, now: Seconds) -> None:
        """A 2xx that ends no transaction: a copy, or another phone that answered (C-25)."""
        if response.cseq.method != "INVITE" or self.acks.again(response):
            return
        index = (response.call_id, response.from_.tag or "")
        call = self._index.get(index) or self._fading.get(index, (None,))[0]
        if call is not None and call.errand is not None and response.cseq.number == call.cseq:
            call.peer = source
            call_out.success(call, response, now)

    # Time

    def deadline(self) -> Seconds | None:
        """When `tick` must be called next."""
        times = [call.deadline() for call in self._live.values()]
        times += [self.acks.deadline(), next((at for _, at in self._fading.values()), None)]
        return min((at for at in times if at is not None), default=None)

    def tick(self, now: Seconds) -> None:
        """Do what is due."""
        for call in list(self._live.values()):
            call.tick(now)
        self.acks.tick(now)
        while self._fading and next(iter(self._fading.values()))[1] <= now:
            self._fading.popitem(last=False)

    def sweep(self, now: Seconds) -> None:
        """Let go of calls that are over; ours are remembered while one more may answer."""
        for call in [one for one in self._live.values() if one.state is State.OVER]:
            del self._live[call.ref]
            index = (call.call_id, call.local_tag)
            del self._index[index]
            if call.errand is not None:
                self._fading[index] = (call, Seconds(now + self._wire.timers.timeout))
        while len(self._fading) > MAX_KEPT:
            self._fading.popitem(last=False)

    def _new(self, state: State, call_id: str) -> Call:
        self._refs += 1
        account = self._wire.account
        call = Call(
            CallRef(self._refs),
            self._wire,
            self._errands,
            self.acks,
            call_table.step,
            self._registrar.suspect,
            state,
            call_id,
            self._wire.entropy.token(TAG_BITS),
            self._wire.entropy.below(FIRST_CSEQ_BELOW),
            session_expires=account.session_expires,
            min_se=account.min_se,
        )
        call.modify = Modification(call)
        call.moved(None, "placed" if state is State.FINDING else "invite")
        return call

    def _keep(self, call: Call) -> None:
        self._live[call.ref] = call
        self._index[call.call_id, call.local_tag] = call
