"""The other side of the wire in scenario logs: few words become SIP messages, and back.

>> sip a INVITE from 1010 "Alice" sdp PCMU 192.0.2.1:40000     a is the name of the call
<< sip a 180 INVITE
>> sip a CANCEL reason SIP;cause=200
>> sip b 183 sdp PCMA 192.0.2.1:40002 pai 1001 "Bob"           b was called by the phone
"""

import re
import shlex
from dataclasses import dataclass, field
from typing import Final

from offhook.units import Endpoint

PEER: Final = Endpoint("192.0.2.1", 5060)
PAYLOAD: Final = {"PCMU": 0, "PCMA": 8, "G729": 18, "GSM": 3}
EMPTY: Final = {"REGISTER": "-"}


@dataclass(frozen=True, slots=True)
class Words:
    """A message in the few words of a log."""

    what: str
    """Method or status."""
    method: str = ""
    """Of the request that a status answers."""
    sdp: str = ""
    options: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Wire:
    """A message taken apart."""

    start: str
    headers: list[tuple[str, str]]
    body: str

    @staticmethod
    def of(data: bytes) -> "Wire":
        head, _, body = data.decode("latin-1").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return Wire(
            start, [(name.strip().lower(), value.strip()) for name, _, value in pairs], body
        )

    def first(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    @property
    def method(self) -> str:
        return self.first("cseq").split()[1]

    @property
    def is_request(self) -> bool:
        return not self.start.startswith("SIP/2.0")


@dataclass(slots=True)
class Dialog:
    """One call, as the peer keeps it."""

    name: str
    call_id: str
    local: str
    """Our From value, tag included."""
    remote: str
    """Theirs, with the tag as soon as it is known."""
    target: str
    asked: dict[str, Wire] = field(default_factory=dict)
    """The phone's last request of each method."""
    branch: str = ""
    """Of our last INVITE."""
    cseq: int = 0
    status: int = 0
    """Of the phone's last final answer to our INVITE."""
    version: int = 1


class ScriptedPeer:
    """An exchange that says what the log says and nothing else."""

    def __init__(self, phone: Endpoint) -> None:
        self.phone = phone
        self.contact = ""
        self.registers: list[Wire] = []
        self.dialogs: dict[str, Dialog] = {}
        self._count = 0

    # What the phone says

    def hear(self, data: bytes) -> str:
        """In a few words."""
        if not data.strip():
            return "sip keep-alive"
        wire = Wire.of(data)
        dialog = self._dialog_of(wire)
        sdp = describe_sdp(wire.body)
        if wire.is_request:
            if dialog is not None and wire.method != "ACK":
                dialog.asked.pop(wire.method, None)  # the newest stands last
                dialog.asked[wire.method] = wire
            number = re.sub(r"^\S+ sips?:(?:([^@;]*)@)?.*", r"\1", wire.start)
            fresh = wire.method == "INVITE" and "tag=" not in wire.first("to")
            words = [wire.method, number if fresh else "", sdp, *describe_reason(wire)]
        else:
            status = wire.start.split()[1]
            if dialog is not None and wire.method == "INVITE":
                dialog.remote = wire.first("to")
                dialog.status = int(status)
                dialog.target = _uri(wire.first("contact")) or dialog.target
            words = [status, wire.method, sdp]
        name = "-" if dialog is None else dialog.name
        return " ".join(["sip", name, *(word for word in words if word)])

    def _dialog_of(self, wire: Wire) -> Dialog | None:
        call_id = wire.first("call-id")
        for dialog in self.dialogs.values():
            if dialog.call_id == call_id:
                return dialog
        if wire.method != "INVITE":
            if wire.is_request:
                self.registers.append(wire)
                self.contact = _uri(wire.first("contact")) or self.contact
            return None
        name = "abcdefgh"[len(self.dialogs)]
        local = f"{wire.first('to')};tag=peer-{name}"
        target = _uri(wire.first("contact"))
        self.dialogs[name] = Dialog(name, call_id, local, wire.first("from"), target)
        return self.dialogs[name]

    # What we say

    def say(self, name: str, text: str) -> bytes:
        """The message that these words mean."""
        words = _words(text)
        if name == "-":
            return self._registered(self.registers[-1], words.what)
        if words.what.isdigit():
            return self._respond(self.dialogs[name], words)
        if name not in self.dialogs:
            self._call(name, words)
        return self._request(self.dialogs[name], words)

    def _registered(self, wire: Wire, status: str) -> bytes:
        """The answer to a REGISTER; 200 binds for five minutes."""
        contact = [("Contact", f"{wire.first('contact')};expires=300")]
        granted = contact if status == "200" else []
        return self._answer(wire, f"{status} Said", f"{wire.first('to')};tag=reg", granted, "")

    def _respond(self, dialog: Dialog, words: Words) -> bytes:
        asked = dialog.asked[words.method or next(reversed(dialog.asked))]
        local = dialog.local
        if tag := words.options.get("tag"):
            local = re.sub(r"tag=.*", f"tag={tag[0]}", local)
        if "tag=" in asked.first("to"):
            local = asked.first("to")
        extra = [("Contact", f"<sip:peer@{PEER}>"), *_identity(words)]
        phrase = {"180": "Ringing", "183": "Session Progress", "200": "OK"}.get(words.what, "Said")
        body = _sdp(words.sdp, dialog)
        return self._answer(asked, f"{words.what} {phrase}", local, extra, body)

    def _answer(
        self, asked: Wire, status: str, to: str, extra: list[tuple[str, str]], body: str
    ) -> bytes:
        via = asked.all("via")
        lines = [("Via", f"{via[0]};received={self.phone.host};rport={self.phone.port}")]
        lines += [("Via", value) for value in via[1:]]
        lines += [("From", asked.first("from")), ("To", to)]
        lines += [(name, asked.first(name.lower())) for name in ("Call-ID", "CSeq")]
        return _message(f"SIP/2.0 {status}", [*lines, *extra], body)

    def _call(self, name: str, words: Words) -> None:
        number, *display = words.options.get("from", ["1010"])
        shown = f'"{display[0]}" ' if display else ""
        local = f"{shown}<sip:{number}@{PEER.host}>;tag=peer-{name}"
        target = self.contact or f"sip:phone@{self.phone}"
        remote = f"<sip:phone@{PEER.host}>"
        self.dialogs[name] = Dialog(name, f"call-{name}@peer", local, remote, target)

    def _request(self, dialog: Dialog, words: Words) -> bytes:
        method = words.what
        old_branch = method == "CANCEL" or (method == "ACK" and dialog.status >= 300)
        if not old_branch:
            self._count += 1
        branch = dialog.branch if old_branch else f"z9hG4bKpeer{self._count}"
        if method == "INVITE":
            dialog.branch = branch
        if method not in ("ACK", "CANCEL"):
            dialog.cseq += 1
        remote = dialog.remote
        if method == "CANCEL":
            remote = re.sub(r";tag=.*", "", remote)
        lines: list[tuple[str, str]] = [
            ("Via", f"SIP/2.0/UDP {PEER};branch={branch};rport"),
            ("Max-Forwards", "70"),
            ("From", dialog.local),
            ("To", remote),
            ("Call-ID", dialog.call_id),
            ("CSeq", f"{dialog.cseq} {method}"),
            ("Contact", f"<sip:peer@{PEER}>"),
            *_identity(words),
            *(("Reason", value) for value in words.options.get("reason", [])),
            *_extra(words),
        ]
        return _message(f"{method} {dialog.target} SIP/2.0", lines, _sdp(words.sdp, dialog))


def describe_reason(wire: Wire) -> list[str]:
    """``reason Q.850 16``, of a CANCEL or BYE that has one."""
    found = re.match(r"([^;]+);cause=(\d+)", wire.first("reason"))
    return [f"reason {found[1]} {found[2]}"] if found else []


def describe_sdp(body: str) -> str:
    """``sdp PCMA/PCMU 192.0.2.10:40000 sendonly v2``."""
    if not body:
        return ""
    codecs = re.findall(r"a=rtpmap:\d+ ([^/\r]+)", body)
    named = "/".join(name for name in codecs if name.lower() != "telephone-event")
    address = re.findall(r"c=IN IP[46] (\S+)", body)[0]
    port = re.findall(r"m=audio (\d+)", body)[0]
    version = re.findall(r"o=\S+ \d+ (\d+)", body)[0]
    direction = re.findall(r"a=(sendonly|recvonly|inactive)", body)
    return " ".join(["sdp", named, f"{address}:{port}", *direction, f"v{version}"])


def _words(text: str) -> Words:
    what, *rest = shlex.split(text)
    method = ""
    sdp: list[str] = []
    options: dict[str, list[str]] = {}
    current: list[str] | None = None
    for word in rest:
        if word == "sdp":
            current = sdp
        elif word in ("from", "pai", "tag", "reason", "header"):
            current = options.setdefault(word, [])
        elif current is None:
            method = word
        else:
            current.append(word)
    return Words(what, method, " ".join(sdp), options)


def _sdp(words: str, dialog: Dialog) -> str:
    if not words:
        return ""
    if words == "garbage":
        return "v=0\r\nm=nonsense\r\n"
    codecs, address, *rest = words.split()
    host, port = address.split(":")
    version = next((word[1:] for word in rest if word.startswith("v")), "1")
    direction = [f"a={word}" for word in rest if not word.startswith("v")]
    names = codecs.split("/")
    types = " ".join(str(PAYLOAD[name]) for name in names)
    lines = [
        "v=0", f"o=peer 7 {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0",
        f"m=audio {port} RTP/AVP {types} 101",
        *(f"a=rtpmap:{PAYLOAD[name]} {name}/8000" for name in names),
        "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", *direction,
    ]  # fmt: skip
    return "".join(f"{line}\r\n" for line in lines)


def _identity(words: Words) -> list[tuple[str, str]]:
    if "pai" not in words.options:
        return []
    number, *name = words.options["pai"]
    shown = f'"{name[0]}" ' if name else ""
    return [("P-Asserted-Identity", f"{shown}<sip:{number}@{PEER.host}>")]


def _extra(words: Words) -> list[tuple[str, str]]:
    pairs = (value.partition(": ") for value in words.options.get("header", []))
    return [(name, value) for name, _, value in pairs]


def _message(start: str, lines: list[tuple[str, str]], body: str) -> bytes:
    if body:
        lines = [*lines, ("Content-Type", "application/sdp")]
    lines = [*lines, ("Content-Length", str(len(body)))]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    return f"{start}\r\n{head}\r\n{body}".encode()


def _uri(contact: str) -> str:
    found = re.search(r"<([^>]+)>", contact)
    return found[1] if found else contact.partition(";")[0]
