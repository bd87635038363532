"""The messages that the lab exchange writes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from offhook.sip.headers import NameAddr
from offhook.sip.message import Headers, Request, Response
from offhook.units import Endpoint

ALLOW: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO"
SDP: Final = "application/sdp"
SERVER: Final = "Offhook lab exchange"


@dataclass(frozen=True, slots=True)
class Frame:
    """What all requests of one dialog have in common."""

    address: Endpoint
    """Of the exchange's SIP socket."""
    local: NameAddr
    remote: NameAddr
    contact: str
    call_id: str

    def request(
        self, method: str, target: str, sequence: int, branch: str, body: bytes = b""
    ) -> Request:
        """One request; `branch` is fresh randomness."""
        headers = [
            ("Via", f"SIP/2.0/UDP {self.address};branch=z9hG4bK{branch};rport"),
            ("Max-Forwards", "70"),
            ("From", str(self.local)),
            ("To", str(self.remote)),
            ("Call-ID", self.call_id),
            ("CSeq", f"{sequence} {method}"),
            ("Contact", f"<{self.contact}>"),
            ("User-Agent", SERVER),
            ("Allow", ALLOW),
        ]
        if body:
            headers.append(("Content-Type", SDP))
        return Request(method, target, Headers(headers), body)


def reply(
    request: Request,
    status: int,
    to_tag: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Response:
    """An answer that says who we are and what we do."""
    extra = [*headers, ("Server", SERVER), ("Allow", ALLOW)]
    if body:
        extra.append(("Content-Type", SDP))
    return Response.answering(request, status, to_tag=to_tag, extra=extra, body=body)
