"""HTTP digest for SIP (RFC 7616, RFC 3261 §22).

MD5, SHA-256, SHA-512-256, each with -sess; qop auth or none.  Whether a challenge deserves an
answer (our proxy, our realm, not too often) is the user agent's decision; here is only how.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from offhook.sip.grammar import QUOTED, quote, wire_text
from offhook.sip.headers import Challenge

MAX_NONCES: Final = 32  # remembered per counter; the oldest goes

_NC: Final = re.compile(r"[0-9A-Fa-f]{8}")
_HASHES: Final[Mapping[str, str]] = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user of a realm, both as `grammar.wire_text`: UTF-8 bytes, one char each (RFC 7616 §4)."""

    user: str
    password: str = field(repr=False)


@dataclass(slots=True)
class NonceCounter:
    """How often each nonce was used: the nc of the next answer (row 18, C-19)."""

    _used: dict[str, int] = field(default_factory=dict)

    def next(self, nonce: str) -> int:
        """1 for a new nonce, then one more each time."""
        count = self._used.pop(nonce, 0) + 1
        self._used[nonce] = count
        if len(self._used) > MAX_NONCES:
            del self._used[next(iter(self._used))]
        return count


@dataclass(frozen=True, slots=True)
class _Claim:
    """What credentials say but for the response, which follows from it and the password."""

    algorithm: str | None
    user: str
    realm: str
    nonce: str
    uri: str
    qop: str
    count: str
    cnonce: str

    def response(self, password: str, method: str) -> str:
        """The request-digest (RFC 7616 §3.4.1 to §3.4.3)."""
        name = _hash_of(self.algorithm) or "md5"
        first = _digest(name, self.user, self.realm, password)
        if _is_session(self.algorithm):
            first = _digest(name, first, self.nonce, self.cnonce)
        second = _digest(name, method, self.uri)
        if self.qop:
            return _digest(name, first, self.nonce, self.count, self.cnonce, self.qop, second)
        return _digest(name, first, self.nonce, second)


def supported(challenge: Challenge) -> bool:
    """Whether `answer` can do this one: known algorithm, qop auth or none, realm and nonce."""
    return (
        challenge.scheme.lower() == "digest"
        and _hash_of(challenge.param("algorithm")) is not None
        and _qop(challenge) is not None
        and challenge.param("realm") is not None
        and challenge.param("nonce") is not None
        and all(_repeatable(challenge.param(name)) for name in ("realm", "nonce", "opaque"))
    )


def answer(
    challenge: Challenge,
    credentials: Credentials,
    method: str,
    uri: str,
    *,
    nonces: NonceCounter,
    cnonce: str,
) -> str:
    """The (Proxy-)Authorization for a challenge that is `supported`.

    `uri` is the Request-URI of the start line.  `cnonce` is fresh randomness from Entropy.
    The body is not covered: auth-int is never chosen.
    """
    realm, nonce = challenge.param("realm") or "", challenge.param("nonce") or ""
    algorithm, qop = challenge.param("algorithm"), _qop(challenge) or ""
    user, count = quote(credentials.user)[1:-1], f"{nonces.next(nonce):08x}"
    claim = _Claim(algorithm, user, realm, nonce, uri, qop, count, cnonce)
    fields = [f'username="{user}"', f'realm="{realm}"', f'nonce="{nonce}"', f'uri="{uri}"']
    fields.append(f'response="{claim.response(credentials.password, method)}"')
    if algorithm is not None:
        fields.append(f"algorithm={algorithm}")
    if qop or _is_session(algorithm):
        fields.append(f'cnonce="{cnonce}"')
    if qop:
        fields += [f"qop={qop}", f"nc={count}"]
    opaque = challenge.param("opaque")
    if opaque is not None:
        fields.append(f'opaque="{opaque}"')
    return "Digest " + ", ".join(fields)


def empty_nonce(user: str, realm: str, uri: str) -> str:
    """The header of a first REGISTER that only says who we are (TS 24.229 §5.1.1.2, row 8).

    `user` is ordinary text.
    """
    name = quote(wire_text(user))
    return f'Digest username={name}, realm={quote(realm)}, nonce="", uri="{uri}", response=""'


def is_stale(challenge: Challenge) -> bool:
    """Only the nonce was wrong; the seed's server says so at the very first (row 9)."""
    return (challenge.param("stale") or "").lower() == "true"


def verify(given: Challenge, password: str, method: str, nonces: Callable[[str], bool]) -> bool:
    """Whether these credentials prove the password; `nonces` says which nonces are ours.

    The server's half, for the lab exchange: the caller looks up `password` by the user name,
    compares realm and uri with its own, and counts nc if it cares for replays.  `password` is
    ordinary text.
    """
    needed = {name: given.param(name) for name in ("username", "realm", "nonce", "uri", "response")}
    if (
        given.scheme.lower() != "digest"
        or not all(needed.values())
        or not nonces(needed["nonce"] or "")
    ):
        return False
    algorithm, qop = given.param("algorithm"), (given.param("qop") or "").lower()
    if _hash_of(algorithm) is None or qop not in {"", "auth"}:
        return False
    count, cnonce = given.param("nc") or "", given.param("cnonce") or ""
    if qop and (_NC.fullmatch(count) is None or not cnonce):
        return False
    user, realm, nonce, uri, response = (value or "" for value in needed.values())
    claim = _Claim(algorithm, user, realm, nonce, uri, qop, count, cnonce)
    right = claim.response(wire_text(password), method)
    return hmac.compare_digest(right.encode(), response.lower().encode("latin-1"))


def _repeatable(value: str | None) -> bool:
    """Whether it can stand in quotes as it came: a lone backslash at its end would eat ours."""
    return value is None or QUOTED.fullmatch(f'"{value}"') is not None


def _hash_of(algorithm: str | None) -> str | None:
    name = (algorithm or "MD5").lower().removesuffix("-sess")
    return _HASHES.get(name)


def _is_session(algorithm: str | None) -> bool:
    return (algorithm or "").lower().endswith("-sess")


def _qop(challenge: Challenge) -> str | None:
    """Auth where offered, "" where no qop is (RFC 2069), None where only auth-int is."""
    offered = challenge.param("qop")
    if not offered:
        return ""
    return "auth" if "auth" in {one.strip().lower() for one in offered.split(",")} else None


def _digest(name: str, *parts: str) -> str:
    """Hexadecimal hash of the parts joined by colons; latin-1 chars are the bytes themselves."""
    return hashlib.new(name, ":".join(parts).encode("latin-1"), usedforsecurity=False).hexdigest()
