"""FreeSWITCH as it stands in the seed: says the messages of tests/vectors/seed/, word for word.

Only what a real peer would fill in is filled in.  In a response: our Via with `rport` and
`received`, our From, To, Call-ID and CSeq, and in one to REGISTER our Contact.  In a request: our
Contact as Request-URI and To, our tag, our name in Route.  Bodies are never touched.

    say("02_recv_401") -> bytes        hear(bytes, to) -> "REGISTER sip:47.98.109.96 cseq 2 …"
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path
from typing import Final

from offhook.units import Endpoint
from support.scripted_peer import Wire, describe_sdp

MESSAGES: Final = Path(__file__).parents[1] / "vectors" / "seed"
LARGEST: Final = 1300
"""Bytes of a message of ours, from which on RFC 3261 §18.1.1 forbids UDP (row 27)."""

Edit = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Network:
    """One of the three that the seed saw."""

    user: str
    server: Endpoint
    """FreeSWITCH."""
    local: Endpoint
    """The phone, as it sees itself."""
    seen: Endpoint
    """The phone, as FreeSWITCH sees it through the NAT."""


NETWORKS: Final = {
    1: Network(
        "1011",
        Endpoint("47.98.109.96", 50620),
        Endpoint("192.168.1.107", 62118),
        Endpoint("112.25.222.170", 28555),
    ),
    2: Network(
        "1011",
        Endpoint("47.97.174.58", 50600),
        Endpoint("192.168.2.2", 63365),
        Endpoint("112.25.222.170", 20732),
    ),
    3: Network(
        "1010",
        Endpoint("47.97.174.58", 5060),
        Endpoint("192.168.2.4", 55594),
        Endpoint("112.25.222.170", 22861),
    ),
}
"""1: scenes S1 and S2.  2: S3 to S5.  3: S6."""


@dataclass(slots=True)
class FreeSwitch:
    """What it remembers of the phone."""

    network: Network
    contact: str = ""
    """The URI that the phone registered last."""
    target: str = ""
    """The Contact of the phone's last answer to an INVITE."""
    tag: str = ""
    """The phone's tag there."""
    asked: dict[str, Wire] = field(default_factory=dict)
    """The phone's last request of each method."""
    told: dict[tuple[str, str], Wire] = field(default_factory=dict)
    """Our requests by branch and method."""
    _branches: list[str] = field(default_factory=list)
    _tags: list[str] = field(default_factory=list)

    # What we say

    def say(self, name: str, edit: Edit | None = None) -> bytes:
        """The message of the seed, fitted to this phone; `edit` may bend its text at the end."""
        text = (MESSAGES / f"{name}.sip").read_bytes().decode("latin-1")
        wire = Wire.of(text.encode("latin-1"))
        fitted = self._request(text, wire) if wire.is_request else self._response(text, wire)
        fitted = edit(fitted) if edit is not None else fitted
        sent = Wire.of(fitted.encode("latin-1"))
        if sent.is_request:
            self.told[_branch(sent), sent.start.split()[0]] = sent
        return fitted.encode("latin-1")

    def _response(self, text: str, wire: Wire) -> str:
        asked = self.asked[wire.method]
        seen = self.network.seen
        to, tag = asked.first("to"), _tag(wire.first("to"))
        parts = {
            "Via": asked.first("via").replace(";rport", f";rport={seen.port};received={seen.host}"),
            "From": asked.first("from"),
            "To": f"{to};tag={tag}" if tag and not _tag(to) else to,
            "Call-ID": asked.first("call-id"),
            "CSeq": asked.first("cseq"),
        }
        if wire.method == "REGISTER" and wire.first("contact"):
            parts["Contact"] = re.sub("<.*?>", f"<{self.contact}>", wire.first("contact"))
        return _with(text, parts)

    def _request(self, text: str, wire: Wire) -> str:
        fresh = not _tag(wire.first("to"))
        target = self.contact if fresh else self.target
        parts = {"To": f"<{target}>" if fresh else f"<{target}>;tag={self.tag}"}
        if wire.first("route"):
            user = re.sub("sip:(.*)@.*", r"\1", target)
            parts["Route"] = re.sub("sip:.*@", f"sip:{user}@", wire.first("route"))
        return _with(re.sub(" sip:[^ ]* ", f" {target} ", text, count=1), parts)

    # What the phone says

    def hear(self, data: bytes, to: Endpoint) -> str:
        """In the words of a ladder.  What every message of ours must obey is asserted."""
        if not data.strip():
            return "keep-alive"
        assert len(data) < LARGEST, data
        wire = Wire.of(data)
        words = self._asked(wire) if wire.is_request else self._answered(wire)
        elsewhere = "" if to == self.network.server else f"to {to}"
        return " ".join(word for word in (*words, describe_sdp(wire.body), elsewhere) if word)

    def _asked(self, wire: Wire) -> list[str]:
        via = wire.first("via")
        assert via.startswith(f"SIP/2.0/UDP {self.network.local};"), via
        assert via.endswith(";rport"), via
        self.asked[wire.method] = wire
        method, uri, _ = wire.start.split()
        words = [method, uri, f"cseq {wire.first('cseq').split()[0]}"]
        words.append(f"branch {_letter(self._branches, _branch(wire))}")
        if method == "REGISTER":
            words += self._register(wire)
        return words

    def _register(self, wire: Wire) -> list[str]:
        self.contact = _uri(wire.first("contact"))
        words = []
        for contact in wire.all("contact"):
            expires = contact.rpartition("expires=")[2]
            words += ["contact", _uri(contact).rpartition("@")[2], "for", expires]
        return [*words, self._proof(wire)]

    def _proof(self, wire: Wire) -> str:
        """Whether the digest is right: the password is the user name (row 11)."""
        digest = wire.first("authorization")
        if not digest:
            return ""
        part = {name: quoted or plain for name, quoted, plain in _PARTS.findall(digest)}
        if not part["response"]:
            return "empty digest"
        user = self.network.user
        ha1 = _md5(f"{user}:{part['realm']}:{user}")
        ha2 = _md5(f"{wire.start.split()[0]}:{part['uri']}")
        middle = ":".join(part[name] for name in ("nonce", "nc", "cnonce", "qop"))
        right = _md5(f"{ha1}:{middle}:{ha2}") == part["response"]
        return f"digest {part['response']} {'proven' if right else 'wrong'}"

    def _answered(self, wire: Wire) -> list[str]:
        request = self.told[_branch(wire), wire.method]
        for name in ("from", "call-id", "cseq"):
            assert wire.first(name) == request.first(name), name  # verbatim (row 50)
        assert wire.first("to").startswith(request.first("to"))
        via = wire.first("via")
        assert via.startswith(request.first("via").partition(";")[0])
        tag = _tag(wire.first("to"))
        if wire.method == "INVITE" and tag:
            self.tag, self.target = tag, _uri(wire.first("contact")) or self.target
        known = f"tag {_letter(self._tags, tag)}" if tag else ""
        seen = [re.sub(f".*;{name}=([^;]*).*", r"\1", via) for name in ("received", "rport")]
        return [wire.start.split()[1], wire.method, known, "seen", ":".join(seen)]


_PARTS: Final = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,"]+))')


def _with(text: str, parts: dict[str, str]) -> str:
    """The message with those headers replaced; all others stay as they are, where they are."""
    head, gap, body = text.partition("\r\n\r\n")
    lines = head.split("\r\n")
    names = [line.partition(":")[0] for line in lines]
    for name, value in parts.items():
        lines[names.index(name)] = f"{name}: {value}"
    return "\r\n".join(lines) + gap + body


def _letter(known: list[str], one: str) -> str:
    if one not in known:
        known.append(one)
    return "abcdefghijklmnopqrstuvwxyz"[known.index(one) % 26]


def _branch(wire: Wire) -> str:
    return re.sub(".*;branch=([^;]*).*", r"\1", wire.first("via"))


def _tag(address: str) -> str:
    found = re.search(";tag=([^;]*)", address)
    return found[1] if found else ""


def _uri(address: str) -> str:
    found = re.search("<([^>]*)>", address)
    return found[1] if found else ""


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
