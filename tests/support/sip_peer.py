"""The other end of the wire, word by word: writes SIP messages and reads what the agent sends."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from offhook.sip.account import Account
from offhook.sip.actions import Action, Send
from offhook.sip.agent import Agent
from offhook.sip.message import Request, Response
from offhook.sip.parser import parse
from offhook.units import Endpoint, Seconds
from support.entropy import CountingEntropy

SERVER = Endpoint("192.0.2.1", 5060)
PHONE = Endpoint("198.51.100.7", 5060)
STRANGER = Endpoint("203.0.113.66", 5060)
OFFER = b"v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nt=0 0\r\n"
ANSWER = b"v=0\r\no=- 9 9 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
CHALLENGE = 'Digest realm="192.0.2.1", nonce="{}", algorithm=MD5, qop="auth"{}'

Extra = Sequence[tuple[str, str]]


def account(**changes: object) -> Account:
    """Ours at the server; `changes` are fields of `Account`."""
    settings: dict[str, object] = {"user": "1011", "domain": "192.0.2.1", "password": "secret"}
    return Account(**{**settings, **changes})  # type: ignore[arg-type]


@dataclass
class Bench:
    """An agent on a bench: time stands still unless told, everything it does is kept."""

    account: Account = field(default_factory=account)
    local: Endpoint | None = PHONE
    now: Seconds = Seconds(0.0)
    agent: Agent = field(init=False)
    done: list[Action] = field(default_factory=list)
    sends: list[Send] = field(default_factory=list)
    branches: int = 0

    def __post_init__(self) -> None:
        self.agent = Agent(self.account, self.local, CountingEntropy())

    # What happens

    def take(self, actions: Sequence[Action]) -> list[Action]:
        """Keep what the agent wants done."""
        self.sends += [action for action in actions if isinstance(action, Send)]
        told: list[Action] = [action for action in actions if not isinstance(action, Send)]
        self.done += told
        return told

    def hear(self, message: Request | Response | bytes, source: Endpoint = SERVER) -> list[Action]:
        """The agent receives this."""
        data = message if isinstance(message, bytes) else bytes(message)
        return self.take(self.agent.receive_datagram(data, source, self.now))

    def run(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        end = self.now + seconds
        while (at := self.agent.deadline()) is not None and at <= end:
            self.now = max(self.now, at)
            self.take(self.agent.tick(self.now))
        self.now = Seconds(end)

    # What was sent

    def sent(self) -> list[Request | Response]:
        """Everything sent since the last look, pings left out."""
        messages = [parse(send.data) for send in self.sends if send.data.strip()]
        self.sends.clear()
        return messages

    def requests(self, method: str) -> list[Request]:
        """The requests of one method sent since the last look, which forgets the others."""
        found = [one for one in self.sent() if isinstance(one, Request)]
        return [one for one in found if one.method == method]

    def request(self, method: str) -> Request:
        """The only request of this method since the last look, copies of it not counted."""
        found = list(dict.fromkeys(self.requests(method)))
        assert len(found) == 1, [str(one.method) for one in found]
        return found[0]

    def responses(self) -> list[Response]:
        """The responses since the last look."""
        return [one for one in self.sent() if isinstance(one, Response)]

    def statuses(self) -> list[int]:
        """The status codes since the last look."""
        return [one.status for one in self.responses()]

    def told(self, *kinds: type) -> list[Action]:
        """Actions of these kinds so far."""
        return [action for action in self.done if isinstance(action, kinds)]

    # The server's words

    def answer(
        self,
        request: Request,
        status: int,
        extra: Extra = (),
        body: bytes = b"",
        *,
        tag: str | None = "peer",
        reason: str | None = None,
        source: Endpoint = SERVER,
        seen: Endpoint = PHONE,
    ) -> list[Action]:
        """The server answers `request`."""
        typed = [("Content-Type", "application/sdp")] if body else []
        response = Response.answering(
            request, status, reason, tag, extra=[*typed, *extra], body=body, source=seen
        )
        return self.hear(response, source)

    def challenge(
        self, request: Request, nonce: str = "n1", more: str = "", status: int = 401
    ) -> list[Action]:
        """The server asks for credentials."""
        name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
        return self.answer(request, status, [(name, CHALLENGE.format(nonce, more))])

    def grant(self, request: Request, expires: int = 300) -> list[Action]:
        """The server takes the binding."""
        contact = request.headers.raw("Contact")[0].partition(";")[0]
        return self.answer(request, 200, [("Contact", f"{contact};expires={expires}")])

    def registered(self) -> "Bench":
        """Through the first registration."""
        self.take(self.agent.register(self.now))
        self.grant(self.request("REGISTER"))
        return self

    def branch(self) -> str:
        """A fresh branch of the server's."""
        self.branches += 1
        return f"z9hG4bKserver{self.branches}"

    def invite(
        self,
        extra: str = "",
        body: bytes = ANSWER,
        *,
        method: str = "INVITE",
        call_id: str = "c1",
        cseq: int = 100,
        branch: str | None = None,
        to_tag: str = "",
        from_tag: str = "caller",
        uri: str | None = None,
        max_forwards: int = 70,
        sender: str = '"Ann" <sip:1010@192.0.2.1>',
        content: str = "application/sdp",
    ) -> bytes:
        """A request of the server's to our Contact, by default a new call."""
        to = f"<sip:1011@192.0.2.1>{';tag=' + to_tag if to_tag else ''}"
        lines = [
            f"{method} {uri or self.agent.contact} SIP/2.0",
            f"Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch={branch or self.branch()}",
            f"Max-Forwards: {max_forwards}",
            f"From: {sender};tag={from_tag}",
            f"To: {to}",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} {method}",
        ]
        if "Contact:" not in extra:
            lines.append("Contact: <sip:gw@192.0.2.1:5060>")
        if body:
            lines.append(f"Content-Type: {content}")
        lines += [line for line in extra.split("\n") if line]
        lines += [f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode("latin-1") + body
