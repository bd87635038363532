"""The SIP user agent: one account, its registration and its calls (RFC 3261 §8, §10, §12 … §15).

Datagrams, commands and time go in, actions come out.  Nothing here waits, opens or rolls dice.

    datagram ─ admission ─ transactions ─┬─ errand ─ registrar
               (who may)                 └─ reception ─ calls ─ call_table ─ call_out, call_in,
                                                                             modify
"""

from collections.abc import Iterable
from typing import assert_never

from offhook.entropy import Entropy
from offhook.notes import Diary
from offhook.sip.account import Account
from offhook.sip.actions import Action, CallRef, Send
from offhook.sip.admission import Admission
from offhook.sip.call import Event, Input, State
from offhook.sip.calls import Calls
from offhook.sip.change import Input as ModifyInput
from offhook.sip.errand import Errands
from offhook.sip.keepalive import KeepAlive, is_ping
from offhook.sip.reception import Reception
from offhook.sip.registrar import Registrar
from offhook.sip.registration import Input as RegistrationInput
from offhook.sip.timers import Timers
from offhook.sip.transactions import (
    AckTimedOut,
    Cancelled,
    GotAck,
    GotResponse,
    NewRequest,
    StrayResponse,
    TimedOut,
    Up,
)
from offhook.sip.wire import Wire
from offhook.units import Endpoint, Seconds


class Agent:
    """The façade: everything the phone asks of SIP.  Methods never raise for what a peer sent."""

    def __init__(
        self,
        account: Account,
        local: Endpoint | None,
        entropy: Entropy,
        timers: Timers | None = None,
    ) -> None:
        self._wire = Wire(account, local, entropy, timers or Timers())
        self._errands = Errands(self._wire)
        self._registrar = Registrar(self._wire, self._errands)
        self._calls = Calls(self._wire, self._errands, self._registrar)
        self._admission = Admission(self._wire, self._calls)
        self._reception = Reception(self._wire, self._calls)
        self._keep_alive = KeepAlive(account.keep_alive)

    @property
    def registered(self) -> bool:
        """A binding of ours is confirmed and has not expired."""
        return self._registrar.registered

    @property
    def contact(self) -> str:
        """The URI by which the registrar reaches us; empty while there is no network."""
        return self._wire.contact.uri if self._wire.local is not None else ""

    @property
    def peers(self) -> frozenset[str]:
        """Addresses whose requests are obeyed: those of the registrar and the outbound proxy."""
        return self._wire.peers.addresses

    @property
    def diary(self) -> Diary:
        """Transitions of dialogs and of the registration; bounded if nobody takes them."""
        return self._wire.diary

    @property
    def load(self) -> dict[str, int]:
        """How much of everything that grows there is."""
        return {
            "transactions": self._wire.transactions.count,
            "errands": self._errands.count,
            "calls": self._calls.count,
            "remembered": self._calls.kept,
            "acks": self._calls.acks.count,
        }

    @property
    def strangers(self) -> int:
        """Datagrams dropped because their sender may not talk to us."""
        return self._admission.strangers

    # What happens to us

    def receive_datagram(self, data: bytes, source: Endpoint, now: Seconds) -> list[Action]:
        """A datagram arrived on the SIP socket."""
        message = None if is_ping(data) else self._admission.read(data, source, now)
        if message is not None:
            self._feed(*self._wire.transactions.receive(message, source, now), now)
        return self._done(now)

    def unreachable(self, peer: Endpoint, now: Seconds) -> list[Action]:
        """ICMP says that nothing we send to `peer` arrives."""
        self._feed(*self._wire.transactions.unreachable(peer, now), now)
        return self._done(now)

    def resolved(self, host: str, addresses: tuple[str, ...], now: Seconds) -> list[Action]:
        """The answer to `Resolve`; empty when there is none."""
        self._wire.resolved(host, addresses, now)
        return self._done(now)

    def network_changed(self, local: Endpoint | None, now: Seconds) -> list[Action]:
        """Our socket is bound to another address; None: there is no network.

        Registers anew at once if it was asked to.  Calls live on: move their media with `offer`.
        """
        self._wire.moved(local)
        self._registrar.moved(local, now)
        return self._done(now)

    def deadline(self) -> Seconds | None:
        """When `tick` must be called next, if ever."""
        times = (
            self._wire.transactions.deadline(),
            self._wire.deadline(),
            self._registrar.deadline(),
            self._calls.deadline(),
            self._keep_alive.due,
        )
        return min((at for at in times if at is not None), default=None)

    def tick(self, now: Seconds) -> list[Action]:
        """Do everything due at `now`."""
        self._feed(*self._wire.transactions.tick(now), now)
        self._wire.tick(now)
        self._registrar.tick(now)
        self._calls.tick(now)
        self._wire.do(*self._keep_alive.tick(self._registrar.flow, now))
        return self._done(now)

    # Registration

    def register(self, now: Seconds) -> list[Action]:
        """Keep a binding at the registrar from now on; again: try at once (settings changed)."""
        self._registrar.start(now)
        return self._done(now)

    def unregister(self, now: Seconds) -> list[Action]:
        """Give the binding back; `Unregistered` follows within two seconds whatever happens."""
        self._registrar.machine.step(RegistrationInput.STOP, now)
        return self._done(now)

    # Calls

    def place(self, target: str, offer: bytes | None, now: Seconds) -> tuple[CallRef, list[Action]]:
        """Call a number or ``sip:`` URI, with our SDP `offer` (None: let the callee offer)."""
        ref = self._calls.place(target, offer, now)
        return ref, self._done(now)

    def ring(
        self, call: CallRef, now: Seconds, body: bytes | None = None, status: int = 180
    ) -> list[Action]:
        """Tell the caller that we ring; `body` is SDP for early media."""
        return self._command(call, Input.RING, Event(status=status, body=body), now)

    def answer(self, call: CallRef, body: bytes, now: Seconds) -> list[Action]:
        """Take an incoming call with our SDP: the answer, or the offer if there was none."""
        return self._command(call, Input.ANSWER, Event(body=body), now)

    def reject(self, call: CallRef, status: int, now: Seconds) -> list[Action]:
        """Refuse an incoming call with a final status (486, 603, 480, 488 …)."""
        return self._command(call, Input.REJECT, Event(status=status), now)

    def hang_up(self, call: CallRef, now: Seconds, reason: str = "") -> list[Action]:
        """End the call by BYE, CANCEL or a refusal, whatever its state demands.

        `Ended` is among the actions: whatever the peer still sends is dealt with in silence.
        `reason` is the value of a Reason header (RFC 3326) of a refusal, of a BYE sent now, or of
        a CANCEL, which else says that the caller gave up.
        """
        return self._command(call, Input.HANG_UP, Event(reason=reason), now)

    def offer(self, call: CallRef, body: bytes, now: Seconds) -> list[Action]:
        """Change the session (hold, codec, address) by re-INVITE.

        `OfferAccepted` or `OfferRefused` follows.
        """
        return self._modify(call, ModifyInput.OFFER, Event(body=body), now)

    def accept(self, call: CallRef, body: bytes | None, now: Seconds) -> list[Action]:
        """Agree to what `Offered` told, with our SDP."""
        self._calls.command(call, Input.ACCEPT, Event(body=body), now)
        known = self._calls.get(call)
        asked = known.modify.request if known is not None else None
        update = asked is not None and asked.method == "UPDATE"
        what = ModifyInput.ACCEPT_UPDATE if update else ModifyInput.ACCEPT
        return self._modify(call, what, Event(body=body), now)

    def refuse(self, call: CallRef, status: int, now: Seconds) -> list[Action]:
        """Keep the old session (488)."""
        return self._modify(call, ModifyInput.REFUSE, Event(status=status), now)

    def call_id(self, call: CallRef) -> str:
        """The Call-ID of a call, for journal and call log; empty when there is no such call."""
        known = self._calls.get(call)
        return known.call_id if known is not None else ""

    # Inside

    def _command(self, call: CallRef, what: Input, event: Event, now: Seconds) -> list[Action]:
        self._calls.command(call, what, event, now)
        return self._done(now)

    def _modify(self, call: CallRef, what: ModifyInput, event: Event, now: Seconds) -> list[Action]:
        known = self._calls.get(call)
        if known is not None and known.state is State.TALKING:
            known.modify.step(what, event, now)
        return self._done(now)

    def _feed(self, sends: Iterable[Send], ups: Iterable[Up], now: Seconds) -> None:
        self._wire.do(*sends)
        for up in ups:
            self._up(up, now)

    def _up(self, up: Up, now: Seconds) -> None:
        match up:
            case NewRequest():
                self._reception.take(up, now)
            case GotResponse(key, response, source) if self._errands.knows(key):
                self._errands.answered(key, response, source, now)
            case GotResponse(_, response, source) | StrayResponse(response, source):
                self._calls.late(response, source, now)
            case TimedOut(key):
                self._errands.timed_out(key, now)
            case GotAck(request, source):
                self._reception.acknowledged(request, source, now)
            case Cancelled(key, request):
                self._reception.cancelled(key, request, now)
            case AckTimedOut():
                pass  # a refusal needs no acknowledgement to be final
            case _:
                assert_never(up)

    def _done(self, now: Seconds) -> list[Action]:
        self._calls.sweep(now)
        self._keep_alive.follow(self._registrar.flow, now)
        return self._wire.drain()
