"""The talk with the registrar: what a REGISTER says, what its answers mean (RFC 3261 §10)."""

from typing import Final

from offhook.notes import Severity, note
from offhook.sip import date
from offhook.sip.actions import Registered, RegistrationFailed, Resolve, ServerDate, Unregistered
from offhook.sip.authorization import Trust
from offhook.sip.digest import empty_nonce
from offhook.sip.errand import Errand, Errands
from offhook.sip.grammar import number_or
from offhook.sip.message import Headers, Response
from offhook.sip.registration import Input, Registration, State
from offhook.sip.wire import ALLOW, SUPPORTED, Wire
from offhook.units import Endpoint, Seconds

FIRST_CSEQ_BELOW: Final = 2**31 - 2**16
"""Row 6: random start, with room to count."""
MAX_OLD: Final = 4
"""Contacts of ours that still wait to be taken back."""
MAX_MIN_EXPIRES: Final = 86_400
SUSPECT_GAP: Final = Seconds(60.0)
DENIALS: Final = frozenset({401, 403, 407})
"""401 and 407 that we do not answer (any more): whoever goes on asking is banned (C-5)."""


class Registrar:
    """Keeps the binding; `registration.Registration` says when."""

    def __init__(self, wire: Wire, errands: Errands) -> None:
        self.machine = Registration(self, wire.entropy, diary=wire.diary)
        self._wire = wire
        self._errands = errands
        self._call_id = wire.entropy.token(128)
        self._tag = wire.entropy.token(64)
        self._cseq = wire.entropy.below(FIRST_CSEQ_BELOW)
        self._expires = int(wire.account.expires)
        self._until: Seconds | None = None
        self._bound = ""
        self._old: list[str] = []
        self._errand: Errand | None = None
        self._rewritten = False
        self._briefed = False
        self._server: Endpoint | None = None
        self._failing = False
        self._suspect_again: Seconds | None = None

    @property
    def registered(self) -> bool:
        """The last confirmed binding lives, as far as anybody told (C-12)."""
        return self._until is not None and self._wire.local is not None

    @property
    def flow(self) -> Endpoint | None:
        """Where keep-alives go while we want to be reached."""
        wanted = {State.TRYING, State.BOUND, State.WAITING}
        return self._server if self.machine.state in wanted else None

    def start(self, now: Seconds) -> None:
        """Register, or register at once."""
        self.machine.step(Input.START, now)
        self.network(now)

    def network(self, now: Seconds) -> None:
        """Tell the machine whether there is a network; a machine at rest begins."""
        if self._wire.local is None:
            self.machine.step(Input.DOWN, now)
        elif self.machine.state is State.OFFLINE:
            self.machine.step(Input.UP, now)

    def moved(self, local: Endpoint | None, now: Seconds) -> None:
        """The socket is bound anew: the old Contact is taken back with the new one."""
        self._retire()
        self.machine.step(Input.DOWN if local is None else Input.UP, now)

    def suspect(self, now: Seconds) -> None:
        """The server does not know us: register again, at most once a minute (reliability C #4)."""
        if self.machine.state is not State.BOUND:
            return
        if self._suspect_again is None or now >= self._suspect_again:
            self._suspect_again = Seconds(now + SUSPECT_GAP)
            self.machine.step(Input.START, now)

    def deadline(self) -> Seconds | None:
        """When `tick` must be called next."""
        return min((at for at in (self.machine.due, self._until) if at is not None), default=None)

    def tick(self, now: Seconds) -> None:
        """Refresh, retry, or see the binding lapse."""
        if self._until is not None and self._until <= now:
            self._until = None
            self._wire.warn("registration lapsed")
        self.machine.tick(now)

    # What the machine sets off

    def attempt(self, now: Seconds) -> None:
        """A round begins; after a failure names are looked up anew, old addresses serving."""
        self._rewritten = self._briefed = False
        self._drop()
        hop = self._wire.account.next_hop[0]
        peers = self._wire.peers
        others = [name for name in peers.unknown if name != hop]  # obeyed too, once it is known
        self._wire.do(*map(Resolve, peers.names if self._failing else others))
        self._wire.reach(self._wire.account.next_hop, self._send, now)

    def leave(self, now: Seconds) -> None:
        """Unregister, if there is anything to take back and a way to say so."""
        if self._until is None or self._server is None or self._wire.local is None:
            self.machine.step(Input.GONE, now)
            return
        self._old = []
        self._drop()
        self._errand = self._make(self._server, 0)
        self._errand.listener = self._given_back
        self._errands.send(self._errand, now)

    def _drop(self) -> None:
        """What is under way matters no more."""
        if self._errand is not None:
            self._errand.wanted = False
        self._errand = None

    def left(self, now: Seconds) -> None:
        """It is over."""
        del now
        self._until, self._bound, self._errand = None, "", None
        self._wire.do(Unregistered())

    # Messages

    def _send(self, hop: Endpoint | None, now: Seconds) -> None:
        if self.machine.state is not State.TRYING or self._errand is not None:
            return  # overtaken while the name was looked up
        if hop is None:
            self._fail(None, f"no address for {self._wire.account.next_hop[0]}", now)
            return
        self._ask(hop, self._wire.others(hop), now)

    def _ask(self, hop: Endpoint, others: tuple[Endpoint, ...], now: Seconds) -> None:
        self._server = hop
        self._errand = self._make(hop, self._expires, others)
        self._errands.send(self._errand, now)

    def _make(self, hop: Endpoint, expires: int, others: tuple[Endpoint, ...] = ()) -> Errand:
        account = self._wire.account
        empty = empty_nonce(account.digest_user, account.domain, account.registrar)
        return Errand(
            "REGISTER",
            account.registrar,
            self._headers(expires),
            hop,
            self._next_cseq,
            self._answered,
            Trust.LEARN,
            others=others,
            cached=True,
            extra=(("Authorization", empty),) if account.empty_nonce else (),
            challenged=self._challenged,
        )

    def _headers(self, expires: int) -> Headers:
        account = self._wire.account
        contacts = [f"<{self._wire.contact.uri}>;expires={expires}"]
        contacts += [f"<{old}>;expires=0" for old in self._old]
        return Headers(
            [
                *account.preloaded,
                ("From", f"<{account.aor}>;tag={self._tag}"),
                ("To", f"<{account.aor}>"),
                ("Call-ID", self._call_id),
                *(("Contact", contact) for contact in contacts),
                ("Expires", str(expires)),
                ("Allow", ALLOW),
                ("Supported", SUPPORTED),
            ]
        )

    def _next_cseq(self) -> int:
        self._cseq += 1
        return self._cseq

    # Answers

    def _challenged(self, errand: Errand, response: Response) -> None:
        """Learn our address from any final answer, a challenge too (row 12)."""
        if errand is self._errand and self.machine.state is State.TRYING and self._learn(response):
            errand.headers = self._headers(self._expires)

    def _learn(self, response: Response) -> bool:
        """At most one rewrite in a round (C-2); whether the Contact changed."""
        if self._rewritten or not self._wire.contact.learn(response.top_via):
            return False
        self._rewritten = True
        self._retire()
        return True

    def _retire(self) -> None:
        """What the registrar holds is no longer our Contact: take it back at the next chance."""
        if self._bound and self._bound != self._wire.contact.uri:
            self._old = [*self._old, self._bound][-MAX_OLD:]
            self._bound = ""
        self._old = [old for old in self._old if old != self._wire.contact.uri]

    def _answered(self, errand: Errand, response: Response | None, now: Seconds) -> None:
        if errand is not self._errand or (response is not None and response.status < 200):
            return
        if response is None:
            self._fail(None, "no answer", now)
        elif response.status < 300:
            if (epoch := date.parse(response.headers.first("Date"))) is not None:
                self._wire.do(ServerDate(epoch))
            self._granted(errand, response, now)
        elif response.status == 423 and self._brief(response):
            self._ask(errand.hop, errand.others, now)
        elif response.status in DENIALS:
            self._denied(errand, response, now)
        else:
            self._learn(response)
            self.machine.retry_after = _retry_after(response)
            self._fail(response.status, response.reason, now)

    def _brief(self, response: Response) -> bool:
        """423: once in a round, and only for a longer time than we asked (C-9)."""
        least = number_or(response.headers.first("Min-Expires"), 0)
        if self._briefed or least is None or not self._expires < least <= MAX_MIN_EXPIRES:
            return False
        self._briefed = True
        self._expires = least
        return True

    def _granted(self, errand: Errand, response: Response, now: Seconds) -> None:
        granted = self._lifetime(errand, response)
        if not granted:
            self._fail(response.status, "binding not kept", now)
            return
        self._until, self._server = Seconds(now + granted), errand.hop
        self._bound = _sent_contact(errand)
        self._old = []
        self._failing = False
        if self._learn(response):
            self._ask(errand.hop, errand.others, now)
            return
        self.machine.granted = Seconds(granted)
        self.machine.step(Input.DONE, now)
        self._wire.do(Registered(errand.hop, Seconds(granted), self._wire.contact.uri))

    def _lifetime(self, errand: Errand, response: Response) -> int:
        """Seconds granted: our Contact's `expires`, else Expires, else as asked (row 4, C-8)."""
        general = number_or(response.headers.first("Expires"), self._expires) or 0
        ours = [
            contact for contact in response.contacts if contact.uri.user == self._wire.contact.token
        ]
        exact = [one for one in ours if str(one.uri.without("transport")) == _sent_contact(errand)]
        for contact in (*exact, *ours):
            return number_or(contact.param("expires"), general) or 0
        return general

    def _denied(self, errand: Errand, response: Response, now: Seconds) -> None:
        self._failing = True
        self.machine.step(Input.DENIED, now)
        reason = "wrong password" if errand.attempt.wrong else response.reason
        self._wire.do(
            RegistrationFailed(response.status, reason, self.machine.retry_in),
            note("registration denied", Severity.ERROR, status=response.status, reason=reason),
        )

    def _fail(self, status: int | None, reason: str, now: Seconds) -> None:
        self._failing = True
        self.machine.step(Input.FAILED, now)
        self._wire.do(RegistrationFailed(status, reason, self.machine.retry_in))

    def _given_back(self, errand: Errand, response: Response | None, now: Seconds) -> None:
        if errand is self._errand and (response is None or response.status >= 200):
            self.machine.step(Input.GONE, now)


def _sent_contact(errand: Errand) -> str:
    sent = errand.headers.first("Contact") or ""
    return sent[1 : sent.index(">")]


def _retry_after(response: Response) -> Seconds | None:
    """Retry-After in seconds; a comment or parameters may follow (RFC 3261 §20.33)."""
    value = (response.headers.first("Retry-After") or "").partition(";")[0].partition("(")[0]
    seconds = number_or(value.strip(), None)
    return None if seconds is None else Seconds(seconds)
