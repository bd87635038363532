"""A telephone that a test moves by hand, and the lab exchange it speaks with, in virtual time."""

from dataclasses import dataclass, field

from offhook.lab.exchange import Exchange
from offhook.lab.letters import Frame
from offhook.lab.signals import Action, Line, SendRtp
from offhook.rtp.packet import Packet
from offhook.sdp.negotiate import PCMA, PCMU, Codec, Local, offer
from offhook.sip.actions import Send
from offhook.sip.digest import Credentials, NonceCounter, answer
from offhook.sip.headers import Challenge, NameAddr
from offhook.sip.message import Headers, Request, Response
from offhook.sip.parser import parse
from offhook.units import Endpoint, Seconds
from support.entropy import CountingEntropy

EXCHANGE = Endpoint("127.0.0.1", 5070)
PASSWORDS = {"1001": "first", "1002": "second", "1003": "third"}
PORTS = tuple(range(20000, 20016, 2))


@dataclass(slots=True)
class Lab:
    """The exchange, its clock, and what it sent to whom."""

    exchange: Exchange = field(
        default_factory=lambda: Exchange(EXCHANGE, PASSWORDS, PORTS, CountingEntropy())
    )
    now: Seconds = Seconds(0)
    mail: dict[Endpoint, list[bytes]] = field(default_factory=dict)
    rtp: list[tuple[Seconds, SendRtp]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def perform(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Send(data, to):
                    self.mail.setdefault(to, []).append(data)
                case SendRtp():
                    self.rtp.append((self.now, action))
                case Line(text):
                    self.log.append(text)

    def run(self, time: float) -> None:
        """Let time pass, from deadline to deadline."""
        end = Seconds(self.now + time)
        while (at := self.exchange.deadline()) is not None and at <= end:
            self.now = max(at, self.now)
            self.perform(self.exchange.tick(self.now))
        self.now = end


@dataclass(slots=True)
class ScriptedPhone:
    """Sends what it is told, remembers what it got; acknowledges nothing by itself."""

    lab: Lab
    user: str
    port: int
    password: str = ""
    sequence: int = 0
    branch: int = 0
    nonces: NonceCounter = field(default_factory=NonceCounter)

    def __post_init__(self) -> None:
        self.password = self.password or PASSWORDS.get(self.user, "")

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("127.0.0.1", self.port)

    @property
    def contact(self) -> str:
        return f"sip:{self.user}@{self.endpoint}"

    def send(self, message: Request | Response) -> None:
        self.send_bytes(bytes(message))

    def send_bytes(self, data: bytes) -> None:
        self.lab.perform(self.lab.exchange.receive(data, self.endpoint, self.lab.now))

    def read(self) -> list[Request | Response]:
        """Everything that came since the last call."""
        return [parse(data) for data in self.lab.mail.pop(self.endpoint, [])]

    def responses(self) -> list[Response]:
        return [message for message in self.read() if isinstance(message, Response)]

    def statuses(self) -> list[int]:
        return [response.status for response in self.responses()]

    def request(self) -> Request:
        """The one request that came."""
        (request,) = (message for message in self.read() if isinstance(message, Request))
        return request

    def frame(self, to: str, tag: str | None = None, call_id: str = "") -> Frame:
        local = NameAddr.parse(f"<sip:{self.user}@127.0.0.1>;tag=t{self.port}")
        remote = NameAddr.parse(f"<sip:{to}@127.0.0.1>" + (f";tag={tag}" if tag else ""))
        return Frame(self.endpoint, local, remote, self.contact, call_id or f"call-{self.port}")

    def make(self, frame: Frame, method: str, uri: str, body: bytes = b"") -> Request:
        self.sequence += 1
        self.branch += 1
        return frame.request(method, uri, self.sequence, f"{self.port}-{self.branch}", body)

    def prove(self, request: Request, response: Response) -> Request:
        """The request again, with the answer to the challenge in `response`."""
        registering = request.method == "REGISTER"
        asked = "WWW-Authenticate" if registering else "Proxy-Authenticate"
        challenge = Challenge.parse(response.headers.raw(asked)[0])
        credentials = Credentials(self.user, self.password)
        proof = answer(
            challenge,
            credentials,
            request.method,
            request.uri,
            nonces=self.nonces,
            cnonce="cnonce",
        )
        self.sequence += 1
        self.branch += 1
        via = f"SIP/2.0/UDP {self.endpoint};branch=z9hG4bK{self.port}-{self.branch};rport"
        headers = request.headers.with_("Via", via)
        headers = headers.with_("CSeq", f"{self.sequence} {request.method}")
        given = "Authorization" if registering else "Proxy-Authorization"
        return Request(request.method, request.uri, headers.with_(given, proof), request.body)

    def register(self, expires: int = 300) -> Response:
        """REGISTER, 401, REGISTER with proof; returns the last answer."""
        request = self.make(
            self.frame(self.user, call_id=f"reg-{self.port}"), "REGISTER", "sip:127.0.0.1"
        )
        request = Request(
            request.method, request.uri, request.headers.with_("Expires", str(expires)), b""
        )
        self.send(request)
        (challenge,) = self.responses()
        assert challenge.status == 401
        self.send(self.prove(request, challenge))
        (last,) = self.responses()
        return last

    def offer(self, codecs: tuple[Codec, ...] = (PCMU, PCMA)) -> bytes:
        return bytes(offer(Local("127.0.0.1", self.port + 1000, codecs, 1, 1)))

    def invite(self, number: str, body: bytes | None = None, call_id: str = "") -> Request:
        """INVITE, 407 and its ACK, INVITE with proof; returns the second."""
        frame = self.frame(number, call_id=call_id)
        offered = self.offer() if body is None else body
        request = self.make(frame, "INVITE", f"sip:{number}@127.0.0.1", offered)
        self.send(request)
        challenge = self.responses()[-1]
        assert challenge.status == 407
        self.acknowledge_failure(request, challenge)
        again = self.prove(request, challenge)
        self.send(again)
        return again

    def acknowledge_failure(self, invite: Request, response: Response) -> None:
        """ACK of the transaction (RFC 3261 §17.1.1.3)."""
        headers = Headers([
            ("Via", invite.headers.first("Via") or ""),
            ("Max-Forwards", "70"),
            ("From", invite.headers.first("From") or ""),
            ("To", response.headers.first("To") or ""),
            ("Call-ID", invite.call_id),
            ("CSeq", f"{invite.cseq.number} ACK"),
        ])  # fmt: skip
        self.send(Request("ACK", invite.uri, headers))

    def acknowledge(self, invite: Request, response: Response, body: bytes = b"") -> None:
        """ACK of the dialog (RFC 3261 §13.2.2.4)."""
        frame = self.frame(invite.to.uri.user or "", response.to.tag, invite.call_id)
        self.branch += 1
        uri = str(response.contacts[0].uri)
        ack = frame.request("ACK", uri, invite.cseq.number, f"{self.port}-{self.branch}", body)
        self.send(ack)

    def within(
        self, method: str, invite: Request, response: Response, body: bytes = b""
    ) -> Request:
        """A request inside the dialog that we began."""
        frame = self.frame(invite.to.uri.user or "", response.to.tag, invite.call_id)
        request = self.make(frame, method, str(response.contacts[0].uri), body)
        self.send(request)
        return request

    def reply(self, request: Request, status: int, body: bytes = b"") -> Response:
        """Answer a request of the exchange."""
        extra = [("Contact", f"<{self.contact}>")]
        if body:
            extra.append(("Content-Type", "application/sdp"))
        response = Response.answering(
            request, status, to_tag=f"t{self.port}", extra=extra, body=body
        )
        self.send(response)
        return response

    def speak(self, port: int, packet: Packet) -> list[Packet]:
        """Send RTP to a port of the exchange; what came back at once."""
        before = len(self.lab.rtp)
        self.lab.perform(self.lab.exchange.receive_rtp(port, bytes(packet), self.lab.now))
        return [Packet.parse(sent.data) for _, sent in self.lab.rtp[before:]]
