"""A registrar and the other party of every call, with a stop-watch.

It challenges each REGISTER once and takes whatever answer comes; calls to it are answered at once;
`ring` calls the phone that registered last.
"""

import re
import socket
import struct
import threading
import time
from typing import Final, NamedTuple

from bench.rtp import HOST, RtpPeer
from offhook.service.voice.ports import SO_TIMESTAMPNS

PATIENCE: Final = 10.0
NAMES: Final = {0: "PCMU/8000", 18: "G729/8000"}
SDP: Final = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP {kind} 101\r\na=rtpmap:{kind} {name}\r\n{fmtp}"
    "a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n"
)
COPIED: Final = r"(?im)^(?:via|from|to|call-id|cseq|record-route):.*\n"


class Heard(NamedTuple):
    """A message, and when the kernel took it in (wall clock)."""

    text: str
    at: float


class Exchange:
    """Use it in a `with` block."""

    def __init__(self, rtp: RtpPeer) -> None:
        self.rtp = rtp
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((HOST, 0))
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.port: int = self.sock.getsockname()[1]
        self.registered_at = 0.0
        """Monotonic: when it sent the 200."""
        self.contact, self.address = "", (HOST, 0)
        self._heard: list[Heard] = []
        self._news = threading.Condition()
        self._calls = 0
        self._dialog = ""
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Exchange":
        self._thread.start()
        self.rtp.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.sendto(b"close", (HOST, self.port))
        self._thread.join()
        self.sock.close()
        self.rtp.stop()

    def wait_registered(self) -> float:
        """When the phone was told that it is registered (monotonic)."""
        with self._news:
            assert self._news.wait_for(lambda: self.registered_at, PATIENCE), "never registered"
        return self.registered_at

    def wait_for(self, pattern: str, patience: float = PATIENCE) -> Heard:
        """The next message (from the last `ring` or `forget` on) whose start line matches."""

        def found() -> Heard | None:
            return next((each for each in self._heard if re.match(pattern, each.text)), None)

        with self._news:
            self._news.wait_for(lambda: found() is not None, patience)
            message = found()
        assert message is not None, f"no {pattern}: {[each.text[:40] for each in self._heard]}"
        return message

    def forget(self) -> None:
        """All that was heard."""
        with self._news:
            self._heard.clear()

    def ring(self) -> float:
        """Call the phone; when the INVITE left (wall clock)."""
        self.forget()
        self._calls += 1
        self._dialog = f"bench-{self._calls}-{self.port}"
        data = self._request("INVITE", self._sdp())
        sent = time.clock_gettime(time.CLOCK_REALTIME)
        self.sock.sendto(data, self.address)
        return sent

    def cancel(self) -> None:
        """Give up the call that rings."""
        self.sock.sendto(self._request("CANCEL"), self.address)
        self.wait_for(r"SIP/2\.0 487")

    def hang_up(self) -> None:
        """End the call that `ring` began and the phone answered."""
        tag = re.search(r"(?im)^to:.*(;tag=[^\s;>]+)", self.wait_for(r"SIP/2\.0 200").text)
        self.forget()
        self.sock.sendto(self._request("BYE", tag=tag[1] if tag else ""), self.address)
        self.wait_for(r"SIP/2\.0 200")
        self.rtp.to = None

    def _request(self, method: str, body: str = "", tag: str = "") -> bytes:
        branch = self._dialog + ("b" if method == "BYE" else "a" if tag else "")
        number = 2 if method == "BYE" else 1
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"{method} {self.contact} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {HOST}:{self.port};branch=z9hG4bK{branch};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:600@{HOST}:{self.port}>;tag=bench\r\n"
            f"To: <{self.contact.partition(';')[0]}>{tag}\r\nCall-ID: {self._dialog}\r\n"
            f"CSeq: {number} {method}\r\nContact: <sip:600@{HOST}:{self.port}>\r\n"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def _sdp(self) -> str:
        fmtp = "a=fmtp:18 annexb=no\r\n" if self.rtp.kind == 18 else ""
        name = NAMES[self.rtp.kind]
        return SDP.format(port=self.rtp.port, kind=self.rtp.kind, name=name, fmtp=fmtp)

    def _serve(self) -> None:
        while True:
            data, ancillary, _, source = self.sock.recvmsg(65535, 64)
            if data == b"close":
                return
            seconds, nanoseconds = struct.unpack("@qq", ancillary[0][2])
            text = data.decode()
            if text.strip():
                self._take(Heard(text, seconds + nanoseconds / 1e9), source)

    def _take(self, heard: Heard, source: tuple[str, int]) -> None:
        method = heard.text.split(" ", 1)[0]
        if method == "REGISTER":
            self._register(heard.text, source)
        elif method == "INVITE":
            self._talk_to(heard.text)
            self._answer(heard.text, source, "200 OK", self._sdp())
        elif method in {"BYE", "OPTIONS", "CANCEL"}:
            self.rtp.to = None if method == "BYE" else self.rtp.to
            self._answer(heard.text, source, "200 OK")
        elif method == "SIP/2.0" and re.search(r"(?im)^cseq: *\d+ *INVITE", heard.text):
            self._acknowledge(heard.text, source)
        with self._news:
            self._heard.append(heard)
            self._news.notify_all()

    def _register(self, text: str, source: tuple[str, int]) -> None:
        if not re.search(r"(?im)^authorization:", text):
            extra = 'WWW-Authenticate: Digest realm="bench", nonce="n0nce", qop="auth"\r\n'
            self._answer(text, source, "401 Unauthorized", extra=extra)
            return
        given = re.search(r"(?im)^contact: *(.*?)\r$", text)
        assert given, text
        self._answer(text, source, "200 OK", extra=f"Contact: {given[1]};expires=300\r\n")
        uri = re.search(r"<([^>]+)>", given[1])
        self.contact, self.address = uri[1] if uri else given[1], source
        self.registered_at = time.monotonic()

    def _acknowledge(self, text: str, source: tuple[str, int]) -> None:
        status = int(text.split(" ")[1])
        if status < 200:
            return
        tag = re.search(r"(?im)^to:.*(;tag=[^\s;>]+)", text)
        if status < 300:
            self._talk_to(text)
        self.sock.sendto(self._request("ACK", tag=tag[1] if tag else ""), source)

    def _talk_to(self, text: str) -> None:
        if port := re.search(r"(?m)^m=audio (\d+)", text):
            self.rtp.to = int(port[1])

    def _answer(
        self, text: str, source: tuple[str, int], status: str, body: str = "", extra: str = ""
    ) -> None:
        kept = "".join(re.findall(COPIED, text))
        if not re.search(r"(?im)^to:.*;tag=", kept):
            kept = re.sub(r"(?im)^(to:.*?)\r$", r"\1;tag=bench\r", kept)
        kind = "Content-Type: application/sdp\r\n" if body else ""
        message = (
            f"SIP/2.0 {status}\r\n{kept}Contact: <sip:600@{HOST}:{self.port}>\r\n{kind}"
            if not extra
            else f"SIP/2.0 {status}\r\n{kept}{extra}"
        )
        data = f"{message}Content-Length: {len(body)}\r\n\r\n{body}".encode()
        self.sock.sendto(data, source)
