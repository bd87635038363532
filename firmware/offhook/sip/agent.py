"""The SIP user agent: one account, its registration and its calls (RFC 3261 §8, §10, §12 … §15).

Datagrams, commands and time go in, actions come out.  Nothing here waits, opens or rolls dice.
"""

from offhook.entropy import Entropy
from offhook.sip.account import Account
from offhook.sip.actions import Action, CallRef
from offhook.sip.timers import Timers
from offhook.units import Endpoint, Seconds


class Agent:
    """The façade: everything the phone asks of SIP.  Methods never raise for what a peer sent."""

    def __init__(
        self,
        account: Account,
        local: Endpoint | None,
        entropy: Entropy,
        timers: Timers | None = None,
    ) -> None: ...

    @property
    def registered(self) -> bool:
        """A binding of ours is confirmed and has not expired."""
        raise NotImplementedError

    @property
    def contact(self) -> str:
        """The URI by which the registrar reaches us; empty while there is no network."""
        raise NotImplementedError

    @property
    def peers(self) -> frozenset[str]:
        """Addresses whose requests are obeyed: those of the registrar and the outbound proxy."""
        raise NotImplementedError

    # What happens to us

    def receive_datagram(self, data: bytes, source: Endpoint, now: Seconds) -> list[Action]:
        """A datagram arrived on the SIP socket."""
        raise NotImplementedError

    def unreachable(self, peer: Endpoint, now: Seconds) -> list[Action]:
        """ICMP says that nothing we send to `peer` arrives."""
        raise NotImplementedError

    def resolved(self, host: str, addresses: tuple[str, ...], now: Seconds) -> list[Action]:
        """The answer to `Resolve`; empty when there is none."""
        raise NotImplementedError

    def network_changed(self, local: Endpoint | None, now: Seconds) -> list[Action]:
        """Our socket is bound to another address; None: there is no network.

        Registers anew at once if it was asked to.  Calls live on: move their media with `offer`.
        """
        raise NotImplementedError

    def deadline(self) -> Seconds | None:
        """When `tick` must be called next, if ever."""
        raise NotImplementedError

    def tick(self, now: Seconds) -> list[Action]:
        """Do everything due at `now`."""
        raise NotImplementedError

    # Registration

    def register(self, now: Seconds) -> list[Action]:
        """Keep a binding at the registrar from now on; again: try at once (settings changed)."""
        raise NotImplementedError

    def unregister(self, now: Seconds) -> list[Action]:
        """Give the binding back; `Unregistered` follows within two seconds whatever happens."""
        raise NotImplementedError

    # Calls

    def place(self, target: str, offer: bytes | None, now: Seconds) -> tuple[CallRef, list[Action]]:
        """Call a number or ``sip:`` URI, with our SDP `offer` (None: let the callee offer)."""
        raise NotImplementedError

    def ring(
        self, call: CallRef, now: Seconds, body: bytes | None = None, status: int = 180
    ) -> list[Action]:
        """Tell the caller that we ring; `body` is SDP for early media."""
        raise NotImplementedError

    def answer(self, call: CallRef, body: bytes, now: Seconds) -> list[Action]:
        """Take an incoming call with our SDP: the answer, or the offer if there was none."""
        raise NotImplementedError

    def reject(self, call: CallRef, status: int, now: Seconds) -> list[Action]:
        """Refuse an incoming call with a final status (486, 603, 480, 488 …)."""
        raise NotImplementedError

    def hang_up(self, call: CallRef, now: Seconds, reason: str = "") -> list[Action]:
        """End the call by BYE, CANCEL or a refusal, whatever its state demands.

        `Ended` is among the actions: whatever the peer still sends is dealt with in silence.
        `reason` is the value of a Reason header (RFC 3326).
        """
        raise NotImplementedError

    def offer(self, call: CallRef, body: bytes, now: Seconds) -> list[Action]:
        """Change the session (hold, codec, address) by re-INVITE.

        `OfferAccepted` or `OfferRefused` follows.
        """
        raise NotImplementedError

    def accept(self, call: CallRef, body: bytes | None, now: Seconds) -> list[Action]:
        """Agree to what `Offered` told, with our SDP."""
        raise NotImplementedError

    def refuse(self, call: CallRef, status: int, now: Seconds) -> list[Action]:
        """Keep the old session (488)."""
        raise NotImplementedError

    def call_id(self, call: CallRef) -> str:
        """The Call-ID of a call, for journal and call log; empty when there is no such call."""
        raise NotImplementedError
