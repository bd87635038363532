"""Messages of ill will: the classes of published advisories (reliability A.1 to A.3), own wording.

Each is complete: sent from an address that the phone trusts, to its real Contact, it gets as deep
as it can.  `cancelled` takes back what rings.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from offhook.units import Endpoint
from support.judge import EVIL

LARGEST: Final = 65_000  # bytes that fit into a datagram
_ANSI: Final = "\x1b[2J\x1b]0;owned\x07"
_BIDI: Final = "\u202egro.elpmaxe\u2066\u200f"
_CRLF: Final = f"a\r\n{EVIL}: 1"
NASTY: Final[tuple[bytes, ...]] = (
    b"", b"\0", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\r\n ", f"\r\n{EVIL}: 1\r\n".encode(),
    b"%s%s%s%n", b"%0d%0a", b'"', b'\\"', b"\\", b"<", b">", b";", b",", b"@", b":", b"[", b"]",
    b"-1", b"0", b"4294967296", b"99999999999999999999", b"1_000", "٣٤".encode(), b"\xff\xfe",
    _ANSI.encode(), _BIDI.encode(), b"A" * 300, b"255.255.255.255", b"224.0.0.1", b"sip:", b"tel:",
    b"SIP/2.0", b"Via: ", b"To: ", b"CSeq: ", b"Content-Length: ", b"z9hG4bK", b";tag=", b"a=fmtp:",
)  # fmt: skip
"""Pieces that go into the middle of good messages."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Whom the messages are for and whom they seem to come from."""

    contact: str
    """The phone's Contact URI."""
    source: Endpoint
    """Stands in Via: answers go there."""
    domain: str = "192.0.2.1"


def request(
    aim: Aim,
    name: str,
    *,
    method: str = "INVITE",
    start: str = "",
    via: str = "",
    sender: str = "",
    to: str = "",
    cseq: str = "",
    extra: Sequence[str] = (),
    body: str = "",
    content: str = "application/sdp",
    length: str = "",
    forwards: str = "70",
) -> bytes:
    """A request that is good but for what the caller spoils."""
    lines = [
        start or f"{method} {aim.contact} SIP/2.0",
        f"Via: {via or f'SIP/2.0/UDP {aim.source};rport;branch=z9hG4bKabuse{name}'}",
        f"Max-Forwards: {forwards}",
        f"From: {sender or f'<sip:1010@{aim.domain}>;tag=abuse{name}'}",
        f"To: {to or f'<sip:1001@{aim.domain}>'}",
        f"Call-ID: abuse-{name}",
        f"CSeq: {cseq or f'1 {method}'}",
        f"Contact: <sip:1010@{aim.source}>",
        *extra,
        *([f"Content-Type: {content}"] if body else []),
        f"Content-Length: {length or len(body.encode('utf-8', 'surrogateescape'))}",
    ]
    return "\r\n".join([*lines, "", body]).encode("utf-8", "surrogateescape")[:LARGEST]


def sdp(
    *more: str, address: str = "192.0.2.1", media: str = "audio 40000 RTP/AVP 0", connect: str = "c"
) -> str:
    """An offer that is good but for what the caller spoils."""
    lines = ["v=0", f"o=- 1 1 IN IP4 {address}", "s=-"]
    lines += [f"{connect}=IN IP4 {address}", "t=0 0", f"m={media}", *more]
    return "".join(f"{line}\r\n" for line in lines)


def abuse(aim: Aim) -> Iterator[tuple[str, bytes]]:
    """The whole set, by name."""
    yield from _names(aim)
    yield from _numbers(aim)
    yield from _sizes(aim)
    yield from _descriptions(aim)
    yield from _bodies(aim)
    yield from _methods(aim)
    for name, data in _rubbish(aim):  # each a transaction of its own
        yield name, data.replace(b"abuserubbish", b"abuserubbish" + name.encode())


def _names(aim: Aim) -> Iterator[tuple[str, bytes]]:
    good = f"<sip:1010@{aim.domain}>;tag=n"
    senders = {
        "from-empty-path": "</>;tag=n",
        "from-nothing": "",
        "from-backslash-last": f'"name\\" {good}',
        "from-unclosed-quote": f'"name {good}',
        "from-format-scheme": "<%s%s%s%s%n%n:1@x>;tag=n",
        "from-format-name": f'"%s%s%n%x%08x" {good}',
        "from-line-break": f'"{_CRLF}" {good}',
        "from-bare-cr": f'"a\r{EVIL}: 1" {good}',
        "from-bare-lf": f'"a\n{EVIL}: 1" {good}',
        "from-folded": f'"a\r\n {EVIL}: 1" {good}',
        "from-nul": f'"a\0b" {good}',
        "from-ansi": f'"{_ANSI}" {good}',
        "from-bidi": f'"{_BIDI}" {good}',
        "from-not-utf8": f'"\udcff\udcfe\udcc0" {good}',
        "from-markup": f'"<script>alert(1)</script>" {good}',
        "from-escaped-break": f"<sip:a%0d%0a{EVIL}%3a1@{aim.domain}>;tag=n",
        "from-two": f"{good}, {good}",
        "from-ipv6-open": "<sip:1010@[::1>;tag=n",
        "from-tag-long": f"<sip:1010@{aim.domain}>;tag={'t' * 3000}",
    }
    for name, sender in senders.items():
        yield name, request(aim, name, sender=sender or " ", body=sdp())
    asserted = f'P-Asserted-Identity: "{_ANSI}{_BIDI}" <sip:%1b%5b2J@{aim.domain}>'
    yield "asserted-ansi", request(aim, "asserted", extra=[asserted], body=sdp())
    yield "to-empty-path", request(aim, "toempty", to="</>", body=sdp())


def _numbers(aim: Aim) -> Iterator[tuple[str, bytes]]:
    for name, cseq in {
        "minus": "-1 INVITE", "large": "4294967296 INVITE", "vast": f"{'9' * 5000} INVITE",
        "arabic": "٣٤ INVITE", "underscore": "1_0 INVITE", "other": "1 BYE", "bare": "1",
    }.items():  # fmt: skip
        yield f"cseq-{name}", request(aim, f"cseq{name}", cseq=cseq, body=sdp())
    for length in ("99999999999999999999", "-1", "1_0", "٣", "0x10", "100000", "3", "1, 2"):
        yield f"length-{length!a}", request(aim, f"l{length!a}", length=length, body=sdp())
    for forwards in ("-1", "0", "999999999999", "x"):
        yield f"forwards-{forwards}", request(aim, f"f{forwards}", forwards=forwards, body=sdp())
    for port in ("99999", "-5", "٣٤", ""):
        via = f"SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKport{port!a}"
        yield f"via-port-{port!a}", request(aim, f"v{port!a}", via=via, body=sdp())
    for value in ("-90", "1", "99999999999", "90;refresher=me"):
        line = f"Session-Expires: {value}"
        yield f"session-{value}", request(aim, f"s{value}", extra=[line], body=sdp())


def _sizes(aim: Aim) -> Iterator[tuple[str, bytes]]:
    long = "A" * 20_000
    yield "long-uri", request(aim, "longuri", start=f"INVITE sip:{long}@x SIP/2.0")
    yield "long-name", request(aim, "longname", sender=f'"{long}" <sip:a@b>;tag=1', body=sdp())
    yield "long-header-name", request(aim, "longheader", extra=[f"{long}: 1"], body=sdp())
    yield "long-header", request(aim, "longvalue", extra=[f"Subject: {long}"], body=sdp())
    yield "many-headers", request(aim, "many", extra=["X: 1"] * 9000)
    yield "many-vias", request(aim, "vias", extra=["Via: SIP/2.0/UDP a;branch=z"] * 1500)
    yield "many-routes", request(aim, "routes", extra=[f"Record-Route: {'<sip:a;lr>,' * 3000}"])
    yield "many-folds", request(aim, "folds", extra=["Subject: a", *[" b"] * 15_000])
    yield "many-params", request(aim, "params", sender=f"<sip:a@b>;tag=1{';x=y' * 9000}")
    yield "many-required", request(aim, "required", extra=["Require: " + "a," * 1500], body=sdp())
    line = f'Require: "\r {EVIL}", \x1b[2J'
    yield "required-evil", request(aim, "requiredevil", extra=[line], body=sdp())


def _descriptions(aim: Aim) -> Iterator[tuple[str, bytes]]:
    rtpmap = "a=rtpmap:4294967296 PCMU/8000"
    bodies = {
        "broadcast": sdp(address="255.255.255.255"),
        "multicast": sdp(address="224.0.0.1/127"),
        "anywhere": sdp(address="0.0.0.0"),  # noqa: S104  # put on hold, once
        "no-address": sdp(connect="x"),
        "low-port": sdp(media="audio 53 RTP/AVP 0"),
        "port-0": sdp(media="audio 0 RTP/AVP 0"),
        "port-large": sdp(media="audio 70000 RTP/AVP 0"),
        "port-minus": sdp(media="audio -1 RTP/AVP 0"),
        "port-count": sdp(media="audio 40000/99999999 RTP/AVP 0"),
        "type-large": sdp(rtpmap, media="audio 40000 RTP/AVP 4294967296"),
        "type-many": sdp(media=f"audio 40000 RTP/AVP {' '.join(map(str, range(3000)))}"),
        "map-clock": sdp("a=rtpmap:0 PCMU/0", "a=rtpmap:0 PCMU/99999999999"),
        "fmtp-nul": sdp("a=fmtp:0 \0mode=\0", "a=fmtp:101 0-16,\0"),
        "fmtp-long": sdp(f"a=fmtp:0 {'x=y;' * 4000}"),
        "fmtp-events": sdp("a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-99999999999"),
        "ptime-0": sdp("a=ptime:0", "a=maxptime:0"),
        "ptime-vast": sdp("a=ptime:99999999999"),
        "ptime-minus": sdp("a=ptime:-20"),
        "media-many": sdp(*["m=audio 40000 RTP/AVP 0"] * 600),
        "attribute-many": sdp(*["a=sendrecv"] * 1200),
        "rtcp-elsewhere": sdp("a=rtcp:9 IN IP4 255.255.255.255"),
        "not-sdp": "\0\r\n=\r\n==\r\n",
        "version-large": sdp().replace("o=- 1 1", f"o=- {'9' * 4500} -1"),
    }
    for name, body in bodies.items():
        yield f"sdp-{name}", request(aim, f"sdp{name}", body=body)


def _bodies(aim: Aim) -> Iterator[tuple[str, bytes]]:
    for number, content in enumerate((
        "multipart/mixed", "multipart/mixed;boundary=", 'multipart/mixed;boundary="',
        f"multipart/mixed;boundary={'b' * 3000}", "application/sdp;%n", "/", "application/",
        "text/plain", "message/sipfrag",
    )):  # fmt: skip
        yield f"content-{number}", request(aim, f"c{number}", content=content, body="--\r\n\r\n--")
    part = "--b\r\nContent-Type: application/sdp\r\n\r\n"
    whole = part * 500 + sdp() + "\r\n--b--\r\n"
    yield "parts", request(aim, "parts", content="multipart/mixed;boundary=b", body=whole)
    line = "Content-Encoding: gzip"
    yield "encoded", request(aim, "encoded", extra=[line], body="\x1f\u008b\x08\0\0")


def _methods(aim: Aim) -> Iterator[tuple[str, bytes]]:
    for method, extra in (
        ("BYE", ()), ("CANCEL", ()), ("ACK", ()), ("PRACK", ("RAck: 1 1 INVITE",)),
        ("UPDATE", ()), ("INFO", ()), ("MESSAGE", ()), ("REGISTER", ()), ("PUBLISH", ()),
        ("REFER", ("Refer-To: <sip:premium@198.51.100.66>",)),
        ("SUBSCRIBE", ("Event: dialog",)), ("NOTIFY", ("Event: check-sync;reboot=true",)),
        ("NOTIFY", ("Event: talk", "Subscription-State: active")), ("%s%n", ()), ("invite", ()),
        ("A" * 1000, ()),
    ):  # fmt: skip
        name = f"method-{method[:10]}{len(extra)}{''.join(extra)[7:12]}"
        yield name, request(aim, name, method=method, extra=extra)
        yield (
            f"{name}-in",
            request(aim, f"{name}-in", method=method, extra=extra, to="<sip:1001@x>;tag=none"),
        )
    for number, line in enumerate((
        "Call-Info: <sip:x>;answer-after=0", "Alert-Info: info=alert-autoanswer",
        "Alert-Info: Ring Answer", "Answer-Mode: Auto", "P-Auto-Answer: normal",
        "Replaces: a@b;to-tag=1;from-tag=2",
    )):  # fmt: skip
        yield f"auto-{number}", request(aim, f"auto{number}", extra=[line], body=sdp())


def _rubbish(aim: Aim) -> Iterator[tuple[str, bytes]]:
    good = request(aim, "rubbish", body=sdp())
    for name, start in {
        "version": f"INVITE {aim.contact} SIP/9.0", "no-version": f"INVITE {aim.contact}",
        "spaces": f"INVITE  {aim.contact}  SIP/2.0", "scheme": "INVITE nobodyknows:x SIP/2.0",
        "tel": "INVITE tel:+1 SIP/2.0", "escape": f"INVITE {aim.contact}%zz SIP/2.0",
        "status": "SIP/2.0 99999 X", "status-minus": "SIP/2.0 -1 X", "status-0": "SIP/2.0 000 X",
        "stray": "SIP/2.0 200 OK", "reason": f"SIP/2.0 200 {_ANSI}",
    }.items():  # fmt: skip
        yield f"start-{name}", request(aim, f"start{name}", start=start, body=sdp())
    yield "no-colon", good.replace(b"Max-Forwards:", b"Max-Forwards")
    yield "no-name", good.replace(b"Max-Forwards:", b":")
    yield "no-end", good.partition(b"\r\n\r\n")[0]
    yield "bare-lf", good.replace(b"\r\n", b"\n")
    yield "bare-cr", good.replace(b"\r\n", b"\r")
    yield "nul-lines", good.replace(b"\r\n", b"\0\r\n")
    yield "breaks", b"\r\n" * (LARGEST // 2)
    yield "nuls", b"\0" * LARGEST
    yield "letters", b"A" * LARGEST
    yield "utf-16", good.decode("latin-1").encode("utf-16")
    yield "one-byte", b"I"
    for header in (b"Via", b"From", b"To", b"Call-ID", b"CSeq"):
        line = re.search(rb"(?m)^" + header + rb":.*\r\n", good)
        assert line is not None
        yield f"no-{header.decode()}", good.replace(line[0], b"")
        yield f"two-{header.decode()}", good.replace(line[0], line[0] * 2)
        yield f"listless-{header.decode()}", good.replace(line[0], header + b": ,\r\n")


def cancelled(data: bytes) -> bytes:
    """The CANCEL that takes back an INVITE (RFC 3261 §9.1); of other messages rubbish."""
    if b"\r\n" not in data:
        data = data.replace(b"\n", b"\r\n")
    head = data.partition(b"\r\n\r\n")[0]
    head = re.sub(rb"\AINVITE ", b"CANCEL ", head)
    head = re.sub(rb"(?m)^(CSeq: .*)INVITE", rb"\1CANCEL", head)
    head = re.sub(rb"(?m)^Content-(Type|Length):.*\r?\n?", b"", head).rstrip(b"\r\n")
    return head + b"\r\nContent-Length: 0\r\n\r\n"


def spoiled(data: bytes, random: Random) -> bytes:
    """`data` with one to four mistakes: pieces cut, doubled, moved, or nasty ones put in."""
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        upto = min(len(data), at + random.choice((0, 1, 1, 4, 20, 200)))
        piece = random.choice((b"", random.choice(NASTY), data[at:upto] * 2, random.randbytes(3)))
        data = data[:at] + piece + data[upto:]
    return data


def spoiled_line(data: bytes, random: Random) -> bytes:
    """`data` with the value of one line made nasty, or the line gone, or there twice."""
    lines = data.split(b"\r\n")
    at = random.randrange(len(lines))
    name, colon, value = lines[at].partition(b":")
    match random.randrange(4):
        case 0:
            lines[at : at + 1] = []
        case 1:
            lines[at : at + 1] = [lines[at]] * random.choice((2, 40))
        case 2:
            lines[at] = name + colon + b" " + random.choice(NASTY)
        case _:
            cut = random.randrange(len(value) + 1)
            lines[at] = name + colon + value[:cut] + random.choice(NASTY) + value[cut:]
    return b"\r\n".join(lines)
