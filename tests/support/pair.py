"""Two agents with a wire between them that loses what it is told to lose.  Time is virtual."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from offhook.sip.account import Account
from offhook.sip.actions import Action, CallRef, Send
from offhook.sip.agent import Agent
from offhook.sip.message import Message, Request
from offhook.sip.parser import parse
from offhook.units import Endpoint, Seconds
from support.entropy import SeededEntropy

A = Endpoint("192.0.2.1", 5060)
B = Endpoint("192.0.2.2", 5060)
DELAY = 0.02
OFFER = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
ANSWER = b"v=0\r\no=- 2 2 IN IP4 192.0.2.2\r\ns=-\r\nt=0 0\r\n"

Lose = Callable[[Message], bool]


def kind(message: Message) -> str:
    """INVITE, 200 INVITE, ACK and so on."""
    if isinstance(message, Request):
        return message.method
    return f"{message.status} {message.cseq.method}"


def first(what: str, times: int) -> Lose:
    """Lose the first `times` messages of this kind."""
    left = count(times, -1)

    def lose(message: Message) -> bool:
        return kind(message) == what and next(left) > 0

    return lose


@dataclass
class Pair:
    """Agent A, whose server is B, and B, whose server is A."""

    lose: Lose = lambda message: False
    delay: Callable[[], tuple[float, ...]] = lambda: (DELAY,)
    """When each copy of a message arrives."""
    now: Seconds = Seconds(0.0)
    a: Agent = field(init=False)
    b: Agent = field(init=False)
    told: dict[Endpoint, list[Action]] = field(default_factory=lambda: {A: [], B: []})
    trace: list[str] = field(default_factory=list)
    react: Callable[[Endpoint, Action], list[Action]] = lambda at, action: []
    _wire: list[tuple[float, int, Endpoint, Endpoint, bytes]] = field(default_factory=list)
    _order: count = field(default_factory=count)  # type: ignore[type-arg]

    def __post_init__(self) -> None:
        self.a = Agent(Account("a", B.host, "x"), A, SeededEntropy(1))
        self.b = Agent(Account("b", A.host, "x"), B, SeededEntropy(2))

    def agent(self, at: Endpoint) -> Agent:
        return self.a if at == A else self.b

    def take(self, at: Endpoint, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Send):
                self._post(at, action)
            else:
                self.told[at].append(action)
                self.take(at, self.react(at, action))

    def _post(self, at: Endpoint, send: Send) -> None:
        message = parse(send.data)
        lost = self.lose(message)
        self.trace.append(f"{self.now:7.2f} {at.host} {kind(message)}{' lost' if lost else ''}")
        if not lost:
            for delay in self.delay():
                item = (self.now + delay, next(self._order), at, send.to, send.data)
                heapq.heappush(self._wire, item)

    def call(self) -> CallRef:
        """A calls B."""
        call, actions = self.a.place(self.b.contact, OFFER, self.now)
        self.take(A, actions)
        return call

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while (at := self._next()) is not None and at <= end:
            self.now = Seconds(max(self.now, at))
            if self._wire and self._wire[0][0] <= self.now:
                _, _, source, to, data = heapq.heappop(self._wire)
                self.take(to, self.agent(to).receive_datagram(data, source, self.now))
                continue
            for where in (A, B):
                self.take(where, self.agent(where).tick(self.now))
        self.now = Seconds(end)

    def _next(self) -> float | None:
        times: list[float] = [at for at in (self.a.deadline(), self.b.deadline()) if at is not None]
        times += [self._wire[0][0]] if self._wire else []
        return min(times, default=None)

    def names(self, at: Endpoint) -> list[str]:
        return [
            type(action).__name__ for action in self.told[at] if type(action).__name__ != "Note"
        ]
