"""Who may use the lab exchange: digest challenges (RFC 7616, RFC 3261 §22) and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from offhook.entropy import Entropy
from offhook.sip.digest import verify
from offhook.sip.errors import MessageError
from offhook.sip.headers import Challenge
from offhook.sip.message import Request
from offhook.units import Seconds

MAX_NONCES: Final = 256  # the oldest goes
NONCE_LIFE: Final = Seconds(600)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the credentials of a request."""

    user: str = ""
    """Who it is; empty: challenge it."""
    stale: bool = False
    """The proof was right, the nonce too old."""
    complaint: str = ""
    """What a telephone should not have done; empty when it merely has not been asked yet."""


@dataclass(slots=True)
class _Nonce:
    made: Seconds
    count: int = 0
    """The highest nc seen."""


@dataclass(slots=True)
class Guard:
    """One realm and its users."""

    realm: str
    passwords: Mapping[str, str]
    entropy: Entropy
    algorithms: tuple[str, ...]
    """Challenges are written in this order; a telephone takes the first it knows."""
    _nonces: dict[str, _Nonce] = field(default_factory=dict)

    def challenges(self, now: Seconds, *, stale: bool) -> list[str]:
        """Values for WWW-Authenticate or Proxy-Authenticate, one for each algorithm."""
        nonce = self.entropy.token(128)
        self._nonces[nonce] = _Nonce(now)
        while len(self._nonces) > MAX_NONCES:
            del self._nonces[next(iter(self._nonces))]
        tail = ', qop="auth"' + (", stale=true" if stale else "")
        return [
            f'Digest realm="{self.realm}", nonce="{nonce}", algorithm={algorithm}{tail}'
            for algorithm in self.algorithms
        ]

    def check(self, request: Request, header: str, now: Seconds) -> Verdict:
        """Judge the credentials in `header` (Authorization or Proxy-Authorization)."""
        for value in request.headers.raw(header):
            try:
                given = Challenge.parse(value)
            except MessageError:
                return Verdict(complaint="unreadable credentials")
            if given.param("realm") == self.realm:
                return self._judge(given, request, now)
        return Verdict()

    def _judge(self, given: Challenge, request: Request, now: Seconds) -> Verdict:
        user = given.param("username") or ""
        if not given.param("nonce") and not given.param("response"):
            return Verdict()  # the empty proof of TS 24.229: "ask me"
        if given.param("uri") != request.uri:
            return Verdict(complaint="digest for another URI")
        password = self.passwords.get(user)
        if password is None or not verify(given, password, request.method, lambda _: True):
            return Verdict(complaint=f"wrong digest for user {user!r}")
        return self._fresh(user, given, now)

    def _fresh(self, user: str, given: Challenge, now: Seconds) -> Verdict:
        nonce = self._nonces.get(given.param("nonce") or "")
        if nonce is None or now > nonce.made + NONCE_LIFE:
            return Verdict(stale=True)
        count = int(given.param("nc") or "0", 16)  # `verify` took only eight hexadecimal digits
        if count <= nonce.count:
            return Verdict(stale=True, complaint=f"nonce count {count} came after {nonce.count}")
        nonce.count = count
        return Verdict(user)
