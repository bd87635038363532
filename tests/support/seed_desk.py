"""A telephone on a desk with FreeSWITCH at the other end, for tests that are no ladders.

desk = Desk(2)                       network 2, registered
desk.seed("13_recv_INVITE")          says it; desk.sent() is what the phone said
desk.seed("18_recv_BYE", swap("a", "b"))
"""

import re

from offhook.phone import events
from offhook.phone.actions import Action, ClosePort, StartVoice
from offhook.phone.events import Event
from offhook.sip.actions import Send
from offhook.sip.message import Request, Response
from offhook.sip.parser import parse
from offhook.units import Seconds
from support.replay import PORTS
from support.seed_peer import Edit
from support.seed_scenes import BOOT, GRANTED, Scene

LONG = 3600
"""Seconds granted here, so that no refresh comes in between; the seed's 30 are in the scenes."""


def swap(*pairs: str) -> Edit:
    """An edit that replaces each first string by the second; all must be there."""

    def edit(text: str) -> str:
        for old, new in zip(pairs[::2], pairs[1::2], strict=True):
            assert old in text, old
            text = text.replace(old, new)
        return text

    return edit


def measured(text: str) -> str:
    """With the Content-Length that the body really has."""
    body = text.partition("\r\n\r\n")[2]
    return re.sub(r"Content-Length: \d+", f"Content-Length: {len(body)}", text)


class Desk:
    """The Station of `seed_scenes`, moved by hand; everything it does is kept."""

    def __init__(
        self,
        network: int = 1,
        *,
        registered: bool = True,
        answer_order: str = "offerer",
        **account: object,
    ) -> None:
        self.scene = Scene()
        self.scene.option(f"network {network}")
        self.scene.option(f"answer_order {answer_order}")
        self.scene.changes = {"expires": Seconds(LONG), **account}
        self.scene.make()
        self.switch = self.scene.switch
        self.station = self.scene.station
        self.now = BOOT
        self.done: list[Action] = []
        self.port = max(PORTS)
        self.messages: list[Request | Response] = []
        if registered:
            self.register()

    def register(self) -> None:
        """Until it is content."""
        self.take(self.station.start(self.now))
        while self.sent():
            self.seed(GRANTED, swap("expires=30", f"expires={LONG}"))
        self.run(0.5)
        self.done.clear()

    # What happens

    def take(self, actions: list[Action]) -> list[Action]:
        """Keep what the phone does."""
        for action in actions:
            if isinstance(action, Send):
                self.switch.hear(action.data, action.to)
                self.messages.append(parse(action.data))
        self.done += actions
        for action in actions:
            if isinstance(action, StartVoice | ClosePort):  # the service binds the next pair
                self.port += 2
                self.do(events.RtpPort(self.port))
        return actions

    def do(self, event: Event) -> list[Action]:
        """Anything."""
        return self.take(self.station.handle(event, self.now))

    def seed(self, name: str, edit: Edit | None = None) -> list[Action]:
        """FreeSWITCH says this message."""
        return self.hear(self.switch.say(name, edit))

    def hear(self, data: bytes) -> list[Action]:
        """FreeSWITCH says these bytes."""
        return self.do(events.Datagram(data, self.switch.network.server))

    def run(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        end = Seconds(self.now + seconds)
        while (due := self.station.deadline()) is not None and due <= end:
            self.now = max(due, self.now)
            self.take(self.station.tick(self.now))
        self.now = end

    def lift(self) -> None:
        """And wait until the switch is believed."""
        self.do(events.HookEdge(True))
        self.run(0.1)

    def put_down(self) -> None:
        """And wait until the switch is believed."""
        self.do(events.HookEdge(False))
        self.run(0.2)

    # What it did

    def sent(self) -> list[Request | Response]:
        """Messages since the last look."""
        messages, self.messages = self.messages, []
        return messages

    def request(self, method: str) -> Request:
        """The only request since the last look."""
        (request,) = (one for one in self.sent() if isinstance(one, Request))
        assert request.method == method
        return request

    def responses(self) -> list[Response]:
        """The responses since the last look."""
        return [one for one in self.sent() if isinstance(one, Response)]

    def response(self, status: int) -> Response:
        """The only response of that status since the last look."""
        (response,) = (one for one in self.responses() if one.status == status)
        return response

    def told(self, *kinds: type) -> list[Action]:
        """Actions of these kinds so far."""
        return [action for action in self.done if isinstance(action, kinds)]

    @property
    def transactions(self) -> int:
        """How many live."""
        return self.station.agent.load["transactions"]

    # Calls

    def call(self, number: str = "1014") -> Request:
        """Out: our INVITE."""
        self.do(events.Dial(number))
        return self.request("INVITE")

    def talk_out(self) -> Request:
        """Out and answered as in S2: our INVITE; the ACK is in `sent`."""
        invite = self.call()
        self.seed("06_recv_100")
        self.seed("07_recv_200")
        return invite

    def ring(self, edit: Edit | None = None) -> None:
        """In as in S3."""
        self.seed("13_recv_INVITE", edit)

    def talk_in(self) -> None:
        """In, lifted, acknowledged."""
        self.ring()
        self.lift()
        self.seed("17_recv_ACK")
        self.sent()

    def reinvite(self, *pairs: str, cseq: int = 128668590) -> list[Action]:
        """The caller of S3 changes its session: pairs are swapped in its INVITE."""

        def edit(text: str) -> str:
            to = f"To: <{self.switch.target}>"
            text = swap("128668588", str(cseq), "013vy9H2Zcr3H", f"again{cseq}")(text)
            text = re.sub("To: <.*?>", f"{to};tag={self.switch.tag}", text)
            return measured(swap(*pairs)(text))

        return self.seed("13_recv_INVITE", edit)
