"""A name with several addresses: the next one is tried when one does not serve (RFC 3263 §4.3)."""

import pytest

from offhook.notes import Note
from offhook.sip.actions import (
    Action,
    Answered,
    CallRef,
    Cause,
    Ended,
    Registered,
    RegistrationFailed,
)
from offhook.sip.message import Request
from offhook.sip.parser import parse
from offhook.units import Endpoint
from support.sip_peer import ANSWER, OFFER, Bench, account

NAME = "sip.example.org"
ONE, TWO, THREE = (Endpoint(f"192.0.2.{number}", 5060) for number in (1, 2, 3))
GATEWAY = ("Contact", "<sip:gw@192.0.2.2:5060>")


def named(addresses: int = 2) -> Bench:
    """A phone whose server's name has so many addresses."""
    bench = Bench(account(domain=NAME, keep_alive=20))
    bench.take(bench.agent.register(bench.now))
    known = tuple(each.host for each in (ONE, TWO, THREE)[:addresses])
    bench.take(bench.agent.resolved(NAME, known, bench.now))
    return bench


def registered(addresses: int = 2) -> Bench:
    bench = named(addresses)
    bench.grant(bench.request("REGISTER"))
    bench.sends.clear()
    return bench


def invited(bench: Bench) -> CallRef:
    ref, actions = bench.agent.place("1014", OFFER, bench.now)
    bench.take(actions)
    return ref


def sent(bench: Bench, method: str) -> list[tuple[Endpoint, Request]]:
    """Each request of this method, and where it went; copies once."""
    found: dict[tuple[Endpoint, str], Request] = {}
    for send in bench.sends:
        message = parse(send.data) if send.data.strip() else None
        if isinstance(message, Request) and message.method == method:
            found.setdefault((send.to, message.top_via.branch), message)
    bench.sends.clear()
    return [(to, request) for (to, _), request in found.items()]


def fail(bench: Bench, how: str, request: Request, hop: Endpoint) -> None:
    """The server at `hop` does not serve."""
    if how == "silence":
        bench.run(32.1)
    elif how == "icmp":
        bench.take(bench.agent.unreachable(hop, bench.now))
    else:
        bench.answer(request, 503, [("Retry-After", "60")], source=hop)


WAYS = pytest.mark.parametrize("how", ["silence", "icmp", "503"])


@WAYS
def test_a_register_goes_to_the_next_address(how: str) -> None:
    bench = named()
    [(hop, first)] = sent(bench, "REGISTER")
    assert hop == ONE
    fail(bench, how, first, ONE)
    [(hop, second)] = [each for each in sent(bench, "REGISTER") if each[1] != first][-1:]
    assert hop == TWO
    assert (second.call_id, second.cseq.number) == (first.call_id, first.cseq.number + 1)
    assert second.top_via.branch != first.top_via.branch
    assert not bench.told(RegistrationFailed)
    bench.challenge(second)
    [(hop, proved)] = sent(bench, "REGISTER")
    assert hop == TWO
    bench.grant(proved)
    [told] = bench.told(Registered)
    assert isinstance(told, Registered)
    assert told.server == TWO
    [warning] = bench.told(Note)
    assert isinstance(warning, Note)
    assert (warning.fields["server"], warning.fields["instead"]) == (str(ONE), str(TWO))


def test_what_follows_goes_where_we_are_registered_and_both_are_obeyed() -> None:
    bench = named()
    bench.answer(bench.request("REGISTER"), 503)
    bench.grant(bench.request("REGISTER"))
    bench.run(21)
    assert [send.to for send in bench.sends] == [TWO]  # keep-alive
    bench.sends.clear()
    bench.run(260)
    assert [hop for hop, _ in sent(bench, "REGISTER")][:1] == [TWO]
    invited(bench)
    assert [hop for hop, _ in sent(bench, "INVITE")] == [TWO]
    assert bench.agent.peers == {ONE.host, TWO.host}
    for source in (ONE, TWO):
        bench.hear(bench.invite(method="OPTIONS", body=b"", call_id=source.host), source)
        assert bench.statuses()[-1:] == [200]


def test_the_one_that_serves_stays_first_when_the_name_is_looked_up_again() -> None:
    bench = named()
    bench.answer(bench.request("REGISTER"), 503)
    bench.grant(bench.request("REGISTER"))
    bench.take(bench.agent.resolved(NAME, (ONE.host, TWO.host), bench.now))
    invited(bench)
    assert [hop for hop, _ in sent(bench, "INVITE")] == [TWO]
    bench.take(bench.agent.resolved(NAME, (THREE.host, ONE.host), bench.now))
    invited(bench)
    assert [hop for hop, _ in sent(bench, "INVITE")] == [THREE]


def test_when_none_serves_that_is_told_once_and_tried_again_later() -> None:
    bench = named(3)
    for hop in (ONE, TWO, THREE):
        assert not bench.told(RegistrationFailed)
        [(to, request)] = sent(bench, "REGISTER")
        assert to == hop
        bench.answer(request, 503, source=hop)
    [failure] = bench.told(RegistrationFailed)
    assert isinstance(failure, RegistrationFailed)
    assert failure.status == 503
    assert failure.retry_in <= 3
    bench.run(3.1)
    assert len(sent(bench, "REGISTER")) == 1


def test_only_a_few_addresses_are_tried() -> None:
    bench = Bench(account(domain=NAME))
    bench.take(bench.agent.register(bench.now))
    many = tuple(f"192.0.2.{number}" for number in range(1, 13))
    bench.take(bench.agent.resolved(NAME, many, bench.now))
    tried = 0
    while not bench.told(RegistrationFailed):
        bench.answer(bench.request("REGISTER"), 503)
        tried += 1
    assert tried == 4


def test_a_refusal_is_not_asked_for_elsewhere() -> None:
    bench = named()
    bench.answer(bench.request("REGISTER"), 403)
    assert len(bench.told(RegistrationFailed)) == 1
    assert sent(bench, "REGISTER") == []


@WAYS
def test_an_invite_goes_to_the_next_address_and_is_known_for_the_same(how: str) -> None:
    bench = registered()
    invited(bench)
    [(hop, first)] = sent(bench, "INVITE")
    assert hop == ONE
    fail(bench, how, first, ONE)
    second = next(one for hop, one in sent(bench, "INVITE") if hop == TWO)
    assert second.cseq == first.cseq
    assert (second.call_id, second.from_.tag) == (first.call_id, first.from_.tag)
    assert second.top_via.branch != first.top_via.branch
    assert (second.body, len(bytes(second))) == (first.body, len(bytes(first)))
    bench.challenge(second, status=407)
    [(hop, proved)] = sent(bench, "INVITE")
    assert (hop, proved.cseq.number) == (TWO, first.cseq.number + 1)
    bench.answer(proved, 200, [GATEWAY], ANSWER, source=TWO)
    assert len(bench.told(Answered)) == 1
    assert not bench.told(Ended)


def test_the_second_server_may_challenge_though_the_first_did() -> None:
    bench = registered()
    invited(bench)
    bench.challenge(bench.request("INVITE"), "n1", status=407)
    bench.answer(bench.request("INVITE"), 503)
    bench.challenge(bench.request("INVITE"), "n2", status=407)
    [(hop, proved)] = sent(bench, "INVITE")
    assert hop == TWO
    assert 'nonce="n2"' in (proved.headers.first("Proxy-Authorization") or "")


def test_what_the_second_server_wants_is_asked_of_the_second() -> None:
    bench = registered(3)
    invited(bench)
    bench.answer(bench.request("INVITE"), 503)
    bench.answer(bench.request("INVITE"), 422, [("Min-SE", "3600")])
    [(hop, longer)] = sent(bench, "INVITE")
    assert (hop, longer.headers.first("Min-SE")) == (TWO, "3600")
    bench.answer(longer, 503)
    [(hop, _)] = sent(bench, "INVITE")
    assert hop == THREE


def test_a_short_binding_the_second_server_does_not_want_is_asked_of_the_second() -> None:
    bench = named()
    bench.answer(bench.request("REGISTER"), 503)
    bench.answer(bench.request("REGISTER"), 423, [("Min-Expires", "3600")])
    [(hop, request)] = sent(bench, "REGISTER")
    assert (hop, request.headers.first("Expires")) == (TWO, "3600")
    bench.answer(request, 503)
    assert sent(bench, "REGISTER") == []  # the first had its turn in this round


@WAYS
def test_a_call_given_up_is_not_made_elsewhere(how: str) -> None:
    bench = registered()
    ref = invited(bench)
    [(_, first)] = sent(bench, "INVITE")
    bench.take(bench.agent.hang_up(ref, bench.now))
    fail(bench, how, first, ONE)
    assert all(hop == ONE for hop, _ in sent(bench, "INVITE"))
    assert len(bench.told(Ended)) == 1


def test_a_cancel_follows_its_invite() -> None:
    bench = registered()
    ref = invited(bench)
    bench.answer(bench.request("INVITE"), 503)
    second = bench.request("INVITE")
    bench.answer(second, 180, source=TWO)
    bench.take(bench.agent.hang_up(ref, bench.now))
    [(hop, cancel)] = sent(bench, "CANCEL")
    assert hop == TWO
    assert cancel.top_via.branch == second.top_via.branch


def test_a_call_that_no_server_takes_ends_with_the_last_ones_word() -> None:
    bench = registered()
    invited(bench)
    bench.take(bench.agent.unreachable(ONE, bench.now))
    bench.answer(bench.requests("INVITE")[-1], 503, source=TWO)
    assert [ended(each) for each in bench.told(Ended)] == [Cause(503, "Service Unavailable")]


def ended(action: Action) -> Cause:
    assert isinstance(action, Ended)
    return action.cause


def test_a_late_answer_through_the_first_server_is_acknowledged_too() -> None:
    bench = registered()
    invited(bench)
    first = bench.request("INVITE")
    bench.run(32.1)
    second = bench.requests("INVITE")[-1]
    bench.answer(second, 200, [GATEWAY], ANSWER, tag="two", source=TWO)
    bench.sends.clear()
    bench.answer(first, 200, [GATEWAY], ANSWER, tag="one", source=ONE)
    assert [one.method for one in bench.sent() if isinstance(one, Request)] == ["ACK", "BYE"]
    assert len(bench.told(Answered)) == 1


def test_nothing_is_tried_elsewhere_without_a_network_or_after_a_new_beginning() -> None:
    bench = named()
    bench.request("REGISTER")
    bench.take(bench.agent.network_changed(None, bench.now))
    bench.run(40)
    assert [hop for hop, _ in sent(bench, "REGISTER") if hop == TWO] == []
    bench = named()
    old = bench.request("REGISTER")
    bench.take(bench.agent.register(bench.now))
    [(hop, _)] = sent(bench, "REGISTER")
    assert hop == ONE
    bench.answer(old, 503)
    assert sent(bench, "REGISTER") == []


def test_inside_a_call_nothing_is_sent_elsewhere() -> None:
    bench = registered()
    ref = invited(bench)
    bench.answer(bench.request("INVITE"), 200, [("Contact", f"<sip:gw@{ONE}>")], ANSWER)
    bench.take(bench.agent.hang_up(ref, bench.now))
    bench.answer(bench.request("BYE"), 503)
    assert sent(bench, "BYE") == []


def test_a_dialogs_peer_may_speak_from_any_address_of_its_name() -> None:
    bench = Bench()
    ref, actions = bench.agent.place("1014", OFFER, bench.now)
    bench.take(actions)
    contact = [("Contact", "<sip:gw@far.example.org>")]
    bench.answer(bench.request("INVITE"), 200, contact, ANSWER)
    bench.take(bench.agent.resolved("far.example.org", ("203.0.113.1", "203.0.113.2"), bench.now))
    bench.sends.clear()
    tag = bench.agent.call_id(ref)
    assert tag
    for source in ("203.0.113.1", "203.0.113.2"):
        assert bench.agent._calls.know(Endpoint(source, 5060))
    assert not bench.agent._calls.know(Endpoint("203.0.113.3", 5060))
