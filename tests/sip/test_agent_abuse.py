"""Whatever comes in whatever order: nothing raises, all stays bounded and returns to base."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.notes import Note
from offhook.sip.acks import MAX_ACKS
from offhook.sip.actions import Action, CallRef, Ended, Incoming, Send
from offhook.sip.allowance import BURST, RATE
from offhook.sip.calls import MAX_KEPT
from offhook.sip.errors import MessageError
from offhook.sip.message import Request, Response
from offhook.sip.parser import parse
from offhook.sip.transactions import MAX_SERVER
from offhook.units import Endpoint
from support.sip_peer import ANSWER, OFFER, PHONE, SERVER, STRANGER, Bench, account

SEED = sorted((Path(__file__).parents[1] / "vectors" / "seed").glob("*.sip"))
MANY = 5000
STATUSES = st.sampled_from(
    [100, 180, 183, 200, 202, 302, 401, 407, 422, 423, 481, 486, 491, 503, 603]
)
HEADERS = st.sampled_from([
    ("Contact", "<sip:gw@192.0.2.1:5060>"),
    ("Contact", "<sip:gw@edge.example.org>"),
    ("Contact", "*"),
    ("Record-Route", "<sip:192.0.2.1;lr>, <sip:proxy.example.org>"),
    ("Session-Expires", "90;refresher=uac"),
    ("Session-Expires", "999999999"),
    ("Min-SE", "1800"),
    ("Min-Expires", "1800"),
    ("Retry-After", "3"),
    ("Require", "100rel"),
    ("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"'),
    ("Proxy-Authenticate", 'Digest realm="r", nonce="m", stale=true'),
    ("Proxy-Authenticate", "Digest ,=,"),
    ("Allow", "UPDATE"),
    ("Supported", "timer"),
    ("P-Asserted-Identity", "<<>>"),
    ("P-Asserted-Identity", '"\\\x00" <sip:x%00@y>'),
    ("Contact", '"\\\x00" <sip:gw@192.0.2.1>;x="\\\x00"'),
    ("Record-Route", '"\\\x00" <sip:192.0.2.1;lr>;y="\\\x00"'),
    ("WWW-Authenticate", 'Digest realm="\\\x00", nonce="\\\x00", opaque="\\\x00"'),
    ("Require", '"\\\x00", x'),
    ("Record-Route", "<sip:a;lr>, " * 40),
])  # fmt: skip
METHODS = st.sampled_from(["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "UPDATE", "NOTIFY"])


def place(bench: Bench, target: str, offer: bytes | None) -> list[Action]:
    return bench.agent.place(target, offer, bench.now)[1]


DO: dict[str, Callable[[Bench, CallRef], list[Action]]] = {
    "place": lambda b, ref: place(b, "1014", OFFER),
    "place nobody": lambda b, ref: place(b, "", OFFER),
    "delayed": lambda b, ref: place(b, "1014", None),
    "ring": lambda b, ref: b.agent.ring(ref, b.now),
    "answer": lambda b, ref: b.agent.answer(ref, OFFER, b.now),
    "reject": lambda b, ref: b.agent.reject(ref, 486, b.now),
    "hang_up": lambda b, ref: b.agent.hang_up(ref, b.now),
    "offer": lambda b, ref: b.agent.offer(ref, b"v=2", b.now),
    "accept": lambda b, ref: b.agent.accept(ref, b"v=3", b.now),
    "refuse": lambda b, ref: b.agent.refuse(ref, 488, b.now),
    "register": lambda b, ref: b.agent.register(b.now),
    "unregister": lambda b, ref: b.agent.unregister(b.now),
    "network": lambda b, ref: b.agent.network_changed(PHONE, b.now),
    "no network": lambda b, ref: b.agent.network_changed(None, b.now),
    "resolved": lambda b, ref: b.agent.resolved("edge.example.org", ("192.0.2.1",), b.now),
    "unreachable": lambda b, ref: b.agent.unreachable(SERVER, b.now),
}


def read(send: Send) -> Request | Response | None:
    """What we sent is always a message, but for errors that quote what was not."""
    if not send.data.strip():
        return None
    try:
        return parse(send.data)
    except MessageError:
        assert send.data.startswith((b"SIP/2.0 4", b"SIP/2.0 5"))
        return None


CALL = st.integers(1, 12).map(CallRef)
STEP = st.one_of(
    st.tuples(st.just("answer"), STATUSES, st.lists(HEADERS, max_size=3), st.integers(0, 5)),
    st.tuples(st.just("ask"), METHODS, st.lists(HEADERS, max_size=3), st.integers(0, 5)),
    st.tuples(st.just("mutate"), st.integers(0, 400), st.binary(max_size=4), st.integers(0, 5)),
    st.tuples(st.just("command"), st.sampled_from(sorted(DO)), CALL, st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 1, 5, 33, 200, 1000]), CALL, st.just(0)),
)


def step(bench: Bench, kind: str, what: object, more: object, number: int) -> None:
    """One thing happens."""
    messages = [one for one in map(read, bench.sends) if one is not None]
    ours = [one for one in messages if isinstance(one, Request) and one.method != "ACK"]
    tags = [one.to.tag or "" for one in messages if one.to.tag] or [""]
    match kind:
        case "answer" if ours and isinstance(what, int) and isinstance(more, list):
            bench.answer(ours[-1 - number % len(ours)], what, more, ANSWER, tag=f"t{number % 2}")
        case "ask" if isinstance(what, str) and isinstance(more, list):
            extra = "\n".join(f"{name}: {value}" for name, value in more)
            to_tag = tags[number % len(tags)] if number % 2 or what != "INVITE" else ""
            cseq = 100 + len(bench.done) if to_tag else 100
            body = ANSWER if number % 3 else b""
            bench.hear(
                bench.invite(extra, body, method=what, to_tag=to_tag, cseq=cseq,
                             call_id=f"c{number % 3}")
            )  # fmt: skip
        case "mutate" if isinstance(what, int) and isinstance(more, bytes):
            data = bench.sends[-1].data if bench.sends and number % 2 else bench.invite()
            at = what % (len(data) + 1)
            bench.hear(data[:at] + more + data[at + number :])
        case "command" if isinstance(what, str) and isinstance(more, int):
            bench.take(DO[what](bench, CallRef(more)))
        case "wait" if isinstance(what, int | float):
            bench.run(what)
        case _:
            pass


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=30), st.booleans())
def test_nothing_raises_and_everything_is_bounded(
    steps: list[tuple[str, object, object, int]], named: bool
) -> None:
    bench = Bench(account(domain="sip.example.org") if named else account())
    if named:
        bench.take(bench.agent.resolved("sip.example.org", (SERVER.host,), bench.now))
    for one in steps:
        step(bench, *one)
        load = bench.agent.load
        assert load["calls"] <= MAX_KEPT
        assert load["remembered"] <= MAX_KEPT
        assert load["acks"] <= MAX_ACKS
    bench.take(bench.agent.unregister(bench.now))
    for number in range(1, 60):
        bench.take(bench.agent.hang_up(CallRef(number), bench.now))
    bench.run(400)
    assert bench.agent.load == dict.fromkeys(bench.agent.load, 0)
    told = [one.call for one in bench.done if isinstance(one, Ended)]
    assert len(told) == len(set(told))
    begun = {one.call for one in bench.done if isinstance(one, Incoming)}
    assert begun <= set(told)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SEED), st.integers(0, 1600), st.binary(max_size=6), st.booleans())
def test_mutated_messages_of_the_seed_do_no_harm(
    path: Path, at: int, junk: bytes, trusted: bool
) -> None:
    bench = Bench()
    data = path.read_bytes()
    bench.hear(data[:at] + junk + data[at + len(junk) :], SERVER if trusted else STRANGER)
    bench.run(40)
    assert bench.agent.load["calls"] == 0


@given(st.binary(max_size=200))
def test_junk_is_nothing(data: bytes) -> None:
    bench = Bench()
    bench.hear(data)
    assert bench.sends == []


def test_remote_text_cannot_inject_lines_into_what_we_send() -> None:
    bench = Bench()
    bench.hear(bench.invite('P-Asserted-Identity: "a%0d%0aEvil: 1" <sip:x%0d%0a@y>'))
    call, actions = bench.agent.place("x\r\nEvil: 1", OFFER, bench.now)
    bench.take(actions)
    assert call
    assert all(b"\r\nEvil" not in send.data for send in bench.sends)


def test_5000_invites_cancelled_leave_nothing_reliability_a2() -> None:
    bench = Bench()
    for number in range(MANY):
        names = {"call_id": f"c{number}", "branch": f"z9hG4bK{number}"}
        bench.hear(bench.invite(**names))  # type: ignore[arg-type]
        bench.hear(bench.invite(method="CANCEL", body=b"", **names))  # type: ignore[arg-type]
        bench.run(1 / 60)
        bench.sends.clear()
    assert len(bench.told(Incoming)) > 1500  # 20 a second: reliability A.3 #3
    assert len(bench.told(Ended)) == len(bench.told(Incoming))
    bench.run(35)
    assert bench.agent.load == dict.fromkeys(bench.agent.load, 0)
    assert isinstance(bench.hear(bench.invite(call_id="next"))[-1], Incoming)


@pytest.mark.parametrize("answer", [True, False])
def test_5000_invites_never_acknowledged_leave_nothing_reliability_a2(answer: bool) -> None:
    bench = Bench()
    for number in range(MANY):
        for action in bench.hear(bench.invite(call_id=f"c{number}")):
            if isinstance(action, Incoming):
                if answer:
                    bench.take(bench.agent.answer(action.call, OFFER, bench.now))
                else:
                    bench.take(bench.agent.reject(action.call, 486, bench.now))
        bench.run(1 / 60)
        bench.sends.clear()
        assert bench.agent.load["calls"] <= MAX_KEPT
    bench.run(35)
    bench.run(33)  # our BYEs to nobody
    assert bench.agent.load == dict.fromkeys(bench.agent.load, 0)
    assert len(bench.told(Ended)) == len(bench.told(Incoming))


def test_a_flood_from_strangers_makes_one_note_and_no_answer_reliability_a3() -> None:
    bench = Bench()
    for number in range(MANY):
        bench.hear(bench.invite(call_id=f"c{number}"), Endpoint("203.0.113.66", 1024 + number))
    for number in range(MANY):
        bench.hear(b"SIP/2.0 200 OK\r\n\r\n", Endpoint("203.0.113.66", 1024 + number))
    assert len(bench.done) == 1
    assert bench.agent.strangers == 2 * MANY
    assert bench.sends == []
    assert not [one for one in bench.done if isinstance(one, Send)]


def limited(bench: Bench) -> None:
    """The server has used up what it may ask for."""
    for number in range(int(BURST)):
        bench.hear(bench.invite(method="OPTIONS", body=b"", call_id=f"limit{number}"))
    bench.sends.clear()
    bench.hear(bench.invite(method="OPTIONS", body=b""))
    assert bench.sends == []


def test_a_flood_from_our_server_is_served_at_a_bounded_rate_reliability_a3() -> None:
    bench = Bench()
    answered = 0
    for number in range(MANY):  # 500 a second
        bench.hear(bench.invite(method="OPTIONS", body=b"", call_id=f"c{number}"))
        answered += len(bench.statuses())
        bench.run(1 / 500)
    assert abs(answered - (BURST + 10 * RATE)) <= 1
    assert bench.agent.load["transactions"] == answered < MAX_SERVER / 2
    (note,) = bench.told(Note)
    assert isinstance(note, Note)
    assert note.what == "too many requests"
    bench.run(1)
    assert isinstance(bench.hear(bench.invite(call_id="next"))[-1], Incoming)


def test_a_flood_does_not_touch_the_call_that_stands_reliability_a3() -> None:
    bench = Bench()
    bench.hear(bench.invite(branch="z9hG4bKfirst"))
    bench.take(bench.agent.answer(CallRef(1), OFFER, bench.now))
    (_, ok) = bench.responses()
    limited(bench)
    tag = ok.to.tag or ""
    bench.hear(bench.invite(method="ACK", body=b"", to_tag=tag))
    bench.run(2)
    assert bench.sends == []  # acknowledged
    limited(bench)
    bench.hear(bench.invite(method="BYE", body=b"", to_tag=tag, cseq=101))
    assert bench.statuses() == [200]
    bench.hear(bench.invite(method="BYE", body=b"", to_tag="forged", cseq=101))
    assert bench.statuses() == []


def test_copies_and_cancels_of_what_was_let_in_are_let_in_reliability_a3() -> None:
    bench = Bench()
    bench.hear(bench.invite(branch="z9hG4bKfirst"))
    limited(bench)
    bench.hear(bench.invite(branch="z9hG4bKfirst"))
    assert bench.statuses() == [100]
    bench.hear(bench.invite(method="PRACK", body=b"", branch="z9hG4bKfirst"))
    assert bench.statuses() == []
    bench.hear(bench.invite(method="CANCEL", body=b"", branch="z9hG4bKfirst"))
    assert bench.statuses() == [200, 487]


def test_what_can_hardly_be_read_is_answered_at_the_same_rate_reliability_a3() -> None:
    bench = Bench()
    for _ in range(MANY):
        bench.hear(bench.invite().replace(b"CSeq: 100", b"CSeq: x"))
    assert len(bench.sends) == BURST
