"""Non-INVITE server transaction (RFC 3261 §17.2.2).

    request ─ our answer ─ copies get the same answer ─ J      (row 60: the BYE's too, for 32 s)

Timer J runs from the beginning as well: an answer after 64·T1 helps nobody (RFC 4320 §4.2).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from offhook.sip.actions import Send
from offhook.sip.message import Response
from offhook.sip.transaction import Output, Transaction
from offhook.units import Seconds


class State(Enum):
    """States of figure 8."""

    TRYING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    TERMINATED = auto()


class Input(Enum):
    """What may happen to the transaction."""

    REQUEST = auto()  # the request again
    REPLY_1XX = auto()
    REPLY_FINAL = auto()
    TIMER_J = auto()  # stop answering


Effect = Callable[["Server", Seconds], Iterator[Output]]


@dataclass(slots=True)
class Server(Transaction[State, Input]):
    """One request we are answering that is neither INVITE nor ACK."""

    LAST = State.TERMINATED
    state: State = field(default=State.TRYING, init=False)
    _last: bytes = field(default=b"", init=False)

    def start(self, now: Seconds) -> list[Output]:
        """Wait for the answer."""
        self._arm(Input.TIMER_J, self.timers.timeout, now)
        return []

    def receive(self, now: Seconds) -> list[Output]:
        """The request came again."""
        return self._step(Input.REQUEST, now)

    def reply(self, response: Response, now: Seconds) -> list[Output]:
        """Send a response; a second final one is dropped."""
        kind = Input.REPLY_1XX if response.status < 200 else Input.REPLY_FINAL
        if (self.state, kind) in TRANSITIONS:
            self._last = bytes(response)
        return self._step(kind, now)

    def _step(self, what: Input, now: Seconds) -> list[Output]:
        return self._follow(TRANSITIONS.get((self.state, what)), now)

    def _send(self, _now: Seconds) -> Iterator[Output]:
        yield Send(self._last, self.to)

    def _finish(self, now: Seconds) -> Iterator[Output]:
        self._arm(Input.TIMER_J, self.timers.timeout, now)
        yield Send(self._last, self.to)


TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, Effect]]] = {
    (State.TRYING, Input.REPLY_1XX): (State.PROCEEDING, Server._send),
    (State.TRYING, Input.REPLY_FINAL): (State.COMPLETED, Server._finish),
    (State.TRYING, Input.TIMER_J): (State.TERMINATED, Server._end),
    (State.PROCEEDING, Input.REQUEST): (State.PROCEEDING, Server._send),
    (State.PROCEEDING, Input.REPLY_1XX): (State.PROCEEDING, Server._send),
    (State.PROCEEDING, Input.REPLY_FINAL): (State.COMPLETED, Server._finish),
    (State.PROCEEDING, Input.TIMER_J): (State.TERMINATED, Server._end),
    (State.COMPLETED, Input.REQUEST): (State.COMPLETED, Server._send),
    (State.COMPLETED, Input.TIMER_J): (State.TERMINATED, Server._end),
}
