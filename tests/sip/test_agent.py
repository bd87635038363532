"""The user agent as a whole: calls out and in, in the order people make them."""

from offhook.sip.actions import Answered, CallRef, Confirmed, Ended, Incoming, Provisional
from support.sip_peer import ANSWER, OFFER, SERVER, Bench, account


def call_out(bench: Bench) -> CallRef:
    call, actions = bench.agent.place("1014", OFFER, bench.now)
    bench.take(actions)
    return call


def test_a_call_out_is_answered_and_hung_up_here() -> None:
    bench = Bench()
    call = call_out(bench)
    invite = bench.request("INVITE")
    assert len(bytes(invite)) < 1300
    bench.answer(invite, 100, tag=None)
    bench.answer(invite, 180)
    bench.answer(invite, 200, [("Contact", "<sip:gw@192.0.2.1:5060>")], ANSWER)
    ack = bench.request("ACK")
    assert ack.uri == "sip:gw@192.0.2.1:5060"
    bench.take(bench.agent.hang_up(call, bench.now))
    bye = bench.request("BYE")
    assert bye.cseq.number == invite.cseq.number + 1
    bench.answer(bye, 200)
    assert [type(one) for one in bench.done] == [Provisional, Answered, Ended]
    bench.run(40)
    assert bench.agent.load == dict.fromkeys(bench.agent.load, 0)


def test_a_call_in_is_answered_and_hung_up_there() -> None:
    bench = Bench()
    (incoming,) = bench.hear(bench.invite())
    assert isinstance(incoming, Incoming)
    assert incoming.caller.name == "Ann"
    bench.take(bench.agent.ring(incoming.call, bench.now))
    bench.take(bench.agent.answer(incoming.call, OFFER, bench.now))
    trying, ringing, ok = bench.responses()
    assert (trying.status, ringing.status, ok.status) == (100, 180, 200)
    assert ringing.to.tag == ok.to.tag
    tag = ok.to.tag or ""
    bench.hear(bench.invite(method="ACK", body=b"", to_tag=tag))
    bench.hear(bench.invite(method="BYE", body=b"", cseq=101, to_tag=tag))
    assert bench.statuses() == [200]
    assert [type(one) for one in bench.done] == [Incoming, Confirmed, Ended]
    bench.run(40)
    assert bench.agent.load == dict.fromkeys(bench.agent.load, 0)


def test_the_registration_goes_through_a_challenge() -> None:
    bench = Bench()
    bench.take(bench.agent.register(bench.now))
    first = bench.request("REGISTER")
    bench.challenge(first, more=", stale=true")
    second = bench.request("REGISTER")
    assert second.headers.first("Authorization")
    assert second.call_id == first.call_id
    assert second.cseq.number == first.cseq.number + 1
    bench.grant(second)
    assert bench.agent.registered
    assert bench.agent.peers == {SERVER.host}
    assert account().password not in repr(bench.account)
