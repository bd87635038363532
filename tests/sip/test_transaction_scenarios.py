"""Every file in scenarios/transactions/ is a log: `>>` goes in, `<<` must come out, nothing else.

>> request METHOD        we send one          >> respond STATUS   we answer the peer's last request
>> cancel                we cancel our INVITE  >> unreachable      ICMP says the peer is gone
>> METHOD [branch]       the peer's request    >> STATUS METHOD    the peer's response
<< send START-LINE       a datagram leaves     << told WHAT        the user agent hears of it
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from offhook.sip.actions import Send
from offhook.sip.message import Headers, Request, Response
from offhook.sip.transactions import NewRequest, TransactionKey, Transactions, Up
from offhook.units import Endpoint, Seconds

SCENARIOS: Final = sorted((Path(__file__).parents[1] / "scenarios" / "transactions").glob("*.log"))
FOREVER: Final = Seconds(200.0)
PEER: Final = Endpoint("192.0.2.10", 5060)


def build(method: str, branch: str) -> Request:
    items = [
        ("Via", f"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{branch};rport"),
        ("From", "<sip:a@x>;tag=1"),
        ("To", "<sip:b@x>"),
        ("Call-ID", "c"),
        ("CSeq", f"1 {method}"),
    ]
    return Request(method, "sip:b@x", Headers(items))


class Player:
    def __init__(self) -> None:
        self.table = Transactions()
        self.key: TransactionKey | None = None
        self.asked: Request | None = None

    def play(self, log: list[str]) -> Iterator[str]:
        """Feed the `>>` lines of `log`; yield the log that really happens."""
        for line in log:
            at, arrow, *words = line.split()
            if arrow == ">>":
                now = Seconds(float(at))
                yield from self.fire(now)
                yield line
                yield from show(now, *self.feed(words, now))
        yield from self.fire(FOREVER)
        yield f"        {self.table.count} left"

    def fire(self, until: Seconds) -> Iterator[str]:
        while (due := self.table.deadline()) is not None and due <= until:
            yield from show(due, *self.table.tick(due))

    def feed(self, words: list[str], now: Seconds) -> tuple[list[Send], list[Up]]:
        match words:
            case ["request", method]:
                self.key, sends = self.table.request(build(method, "ours"), PEER, now)
                return sends, []
            case ["respond", status]:
                assert self.key is not None
                assert self.asked is not None
                answer = Response.answering(self.asked, int(status), to_tag="us")
                return self.table.respond(self.key, answer, now), []
            case ["cancel"]:
                assert self.key is not None
                return self.table.cancel(self.key, now), []
            case ["unreachable"]:
                return self.table.unreachable(PEER, now)
            case _:
                return self.hear(words, now)

    def hear(self, words: list[str], now: Seconds) -> tuple[list[Send], list[Up]]:
        if words[0].isdigit():
            answer = Response.answering(build(words[1], "ours"), int(words[0]), to_tag="them")
            return self.table.receive(answer, PEER, now)
        asked = build(words[0], words[1] if words[1:] else "theirs")
        sends, ups = self.table.receive(asked, PEER, now)
        for up in ups:
            if isinstance(up, NewRequest):
                self.key, self.asked = up.key, up.request
        return sends, ups


def show(now: Seconds, sends: list[Send], ups: list[Up]) -> Iterator[str]:
    for send in sends:
        line = send.data.decode().split("\r\n")[0]
        yield f"{now:7.3f} << send {line.removesuffix(' SIP/2.0')}"
    for up in ups:
        yield f"{now:7.3f} << told {told(up)}"


def told(up: Up) -> str:
    words = type(up).__name__
    request, response = getattr(up, "request", None), getattr(up, "response", None)
    if isinstance(response, Response):
        return f"{words} {response.status} {response.cseq.method}"
    return f"{words} {request.method}" if isinstance(request, Request) else words


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    lines = (line.split("#")[0].rstrip() for line in path.read_text().splitlines())
    log = [line for line in lines if line]
    assert list(Player().play(log)) == log


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 10
