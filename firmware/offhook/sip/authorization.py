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
    answering: dict[tuple[str, str], list[Challenge]] = field(default_factory=dict)
    """By credentials header and realm: the challenges as they came."""


class Authorizer:
    """The account's credentials, its realms and its nonces."""

    def __init__(self, account: Account, entropy: Entropy) -> None:
        self._credentials = Credentials(wire_text(account.digest_user), wire_text(account.password))
        self._entropy = entropy
        self._nonces = NonceCounter()
        self._realms: dict[str, None] = {}
        self._kept: dict[tuple[str, str], list[Challenge]] = {}

    def react(self, response: Response, attempt: Attempt, trust: Trust) -> bool:
        """Whether to repeat the request after this 401 or 407, with what `headers` then gives."""
        if trust is Trust.NONE or response.status not in _FIELDS:
            return False
        taken = False
        asked, given = _FIELDS[response.status]
        for realm, challenges in _by_realm(response, asked).items():
            if not self._ours(realm, trust):
                continue
            key = (given, realm)
            if not _new(attempt.answering.get(key), challenges):
                attempt.wrong = True
                self._kept.pop(key, None)
                continue
            attempt.answering[key] = self._kept[key] = challenges
            taken = True
        attempt.rounds += 1
        return taken and not attempt.wrong and attempt.rounds <= MAX_ROUNDS

    def headers(
        self, attempt: Attempt, method: str, uri: str, body: bytes, *, cached: bool = False
    ) -> list[tuple[str, str]]:
        """The credentials of this round; `cached`: also of earlier requests (nc + 1, row 18)."""
        known = {**(self._kept if cached else {}), **attempt.answering}
        found: list[tuple[str, str]] = []
        for (name, _), challenges in known.items():
            cnonce = self._entropy.token(CNONCE_BITS)
            value = digest.answer(
                challenges,
                self._credentials,
                method,
                uri,
                body,
                nonces=self._nonces,
                cnonce=cnonce,
            )
            if value is not None:
                found.append((name, value))
        return found

    def _ours(self, realm: str, trust: Trust) -> bool:
        if trust is Trust.LEARN and len(self._realms) < MAX_REALMS:
            self._realms[realm] = None
        return realm in self._realms


def _by_realm(response: Response, name: str) -> dict[str, list[Challenge]]:
    """The challenges we could answer, in order, by realm."""
    found: dict[str, list[Challenge]] = {}
    for challenge in islice(_challenges(response, name), MAX_CHALLENGES):
        if digest.supported(challenge):
            found.setdefault(challenge.param("realm") or "", []).append(challenge)
    return found


def _challenges(response: Response, name: str) -> Iterator[Challenge]:
    for value in response.headers.raw(name):
        try:
            yield from Challenge.parse_all(value)
        except SipError:
            continue


def _new(before: list[Challenge] | None, now: list[Challenge]) -> bool:
    """Not the same question again: the first one, or another nonce that only says "stale"."""
    if before is None:
        return True
    old = {challenge.param("nonce") for challenge in before}
    return any(
        digest.is_stale(challenge) and challenge.param("nonce") not in old for challenge in now
    )
