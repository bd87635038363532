"""Which challenges we answer, and how often (RFC 3261 §22; C-14 … C-19)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import islice
from typing import Final

from offhook.entropy import Entropy
from offhook.sip import digest
from offhook.sip.account import Account
from offhook.sip.digest import Credentials, NonceCounter
from offhook.sip.errors import SipError
from offhook.sip.grammar import wire_text
from offhook.sip.headers import Challenge
from offhook.sip.message import Response

MAX_ROUNDS: Final = 3
"""Challenges answered for one request."""
MAX_REALMS: Final = 4
MAX_CHALLENGES: Final = 8
"""Challenges looked at in one response."""
CNONCE_BITS: Final = 128

_FIELDS: Final = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}


class Trust(Enum):
    """How far the addressee of a request may challenge us."""

    LEARN = auto()  # our registrar or proxy, outside a dialog: its realm is ours from now on
    KNOWN = auto()  # our proxy, inside a dialog: only a realm learnt before
    NONE = auto()  # anybody else gets no credentials, ever (C-17)


@dataclass(slots=True)
class Attempt:
    """What one request of ours went through so far."""

    rounds: int = 0
    wrong: bool = False
    """The server refused an answer to its own fresh challenge: the password is wrong."""
    answering: dict[tuple[str, str], Challenge] = field(default_factory=dict)
    """By credentials header and realm: the challenge we answer."""


class Authorizer:
    """The account's credentials, its realms and its nonces."""

    def __init__(self, account: Account, entropy: Entropy) -> None:
        self._credentials = Credentials(wire_text(account.digest_user), wire_text(account.password))
        self._entropy = entropy
        self._nonces = NonceCounter()
        self._realms: dict[str, None] = {}
        self._kept: dict[tuple[str, str], Challenge] = {}

    def react(self, response: Response, attempt: Attempt, trust: Trust) -> bool:
        """Whether to repeat the request after this 401 or 407, with what `headers` then gives."""
        if trust is Trust.NONE or response.status not in _FIELDS:
            return False
        taken = False
        asked, given = _FIELDS[response.status]
        for realm, challenge in _by_realm(response, asked).items():
            if not self._ours(realm, trust):
                continue
            key = (given, realm)
            if not _new(attempt.answering.get(key), challenge):
                attempt.wrong = True
                self._kept.pop(key, None)
                continue
            attempt.answering[key] = self._kept[key] = challenge
            taken = True
        attempt.rounds += 1
        return taken and not attempt.wrong and attempt.rounds <= MAX_ROUNDS

    def headers(
        self, attempt: Attempt, method: str, uri: str, *, cached: bool = False
    ) -> list[tuple[str, str]]:
        """The credentials of this round; `cached`: also of earlier requests (nc + 1, row 18)."""
        known = {**(self._kept if cached else {}), **attempt.answering}
        return [
            (name, self._answer(challenge, method, uri)) for (name, _), challenge in known.items()
        ]

    def _answer(self, challenge: Challenge, method: str, uri: str) -> str:
        cnonce = self._entropy.token(CNONCE_BITS)
        return digest.answer(
            challenge, self._credentials, method, uri, nonces=self._nonces, cnonce=cnonce
        )

    def _ours(self, realm: str, trust: Trust) -> bool:
        if trust is Trust.LEARN and len(self._realms) < MAX_REALMS:
            self._realms[realm] = None
        return realm in self._realms


def _by_realm(response: Response, name: str) -> dict[str, Challenge]:
    """Of each realm the topmost challenge we can do: the server's preference (RFC 8760 §2.4; C-18).

    So SHA-256 comes before MD5 where the server puts it first, and only there.
    """
    found: dict[str, Challenge] = {}
    for challenge in islice(_challenges(response, name), MAX_CHALLENGES):
        if digest.supported(challenge):
            found.setdefault(challenge.param("realm") or "", challenge)
    return found


def _challenges(response: Response, name: str) -> Iterator[Challenge]:
    for value in response.headers.raw(name):
        try:
            yield from Challenge.parse_all(value)
        except SipError:
            continue


def _new(before: Challenge | None, now: Challenge) -> bool:
    """Not the same question again: the first one, or another nonce that only says "stale".

    Another nonce without stale means a wrong password (RFC 7616 §3.3; reliability A.3 #9).  A
    nonce of an earlier request does not count as asked before, so that its end is none (C-14).
    """
    return before is None or (digest.is_stale(now) and now.param("nonce") != before.param("nonce"))
