"""Messages of the ladder: titles, secrets, bounds."""

import pytest

from offhook.lab.ladder import MAX_RUNGS, Ladder, title
from offhook.phone.events import Datagram, HookEdge
from offhook.sip.actions import Send
from offhook.units import Endpoint, Seconds

PEER = Endpoint("127.0.0.1", 5070)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("INVITE sip:600@127.0.0.1 SIP/2.0\nCSeq: 1 INVITE", "INVITE 600"),
        ("REGISTER sip:127.0.0.1 SIP/2.0", "REGISTER"),
        ("SIP/2.0 200 OK\nVia: x\nCSeq: 7 BYE", "200 OK (BYE)"),
        ("SIP/2.0 486 Busy Here", "486 Busy Here"),
        ("noise", "noise"),
    ],
)
def test_a_message_is_told_in_a_few_words(text: str, words: str) -> None:
    assert title(text) == words


def test_directions_are_kept_and_other_events_are_not() -> None:
    ladder = Ladder()
    ladder.see(Send(b"BYE sip:a@b SIP/2.0\r\n\r\n", PEER), Seconds(1))
    ladder.see(Datagram(b"SIP/2.0 200 OK\r\n\r\n", PEER), Seconds(2))
    ladder.see(HookEdge(lifted=True), Seconds(3))
    ladder.see(Send(b"\r\n\r\n", PEER), Seconds(4))  # keep-alive
    assert [(rung.out, float(rung.at)) for rung in ladder.rungs] == [(True, 1.0), (False, 2.0)]


def test_no_proof_of_the_password_is_shown() -> None:
    ladder = Ladder()
    proof = b'Authorization: Digest username="1001", response="0123456789abcdef"\r\n'
    ladder.see(Send(b"REGISTER sip:b SIP/2.0\r\n" + proof + b"\r\n", PEER), Seconds(1))
    assert "0123456789abcdef" not in ladder.rungs[0].text


def test_the_ladder_is_bounded_and_readers_miss_nothing_that_is_kept() -> None:
    ladder = Ladder()
    for n in range(MAX_RUNGS + 10):
        ladder.see(Send(b"X%d" % n, PEER), Seconds(n))
    assert len(ladder.rungs) == MAX_RUNGS
    assert [rung.title for rung in ladder.since(MAX_RUNGS + 8)] == [
        f"X{MAX_RUNGS + 8}",
        f"X{MAX_RUNGS + 9}",
    ]
    assert len(ladder.since(0)) == MAX_RUNGS
    assert ladder.since(ladder.count) == []
