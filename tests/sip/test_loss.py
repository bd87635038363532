"""Each message lost one to six times: the call still ends right, and nothing is left behind."""

from collections.abc import Callable
from random import Random

import pytest

from offhook.sip.actions import Action, Ended, Incoming, Offered, Registered
from offhook.units import Endpoint
from support.pair import ANSWER, A, B, Pair, first
from support.sip_peer import Bench

TIMES = range(1, 7)


def answering(pair: Pair) -> Callable[[Endpoint, Action], list[Action]]:
    def react(at: Endpoint, action: Action) -> list[Action]:
        agent = pair.agent(at)
        if isinstance(action, Offered):
            return agent.accept(action.call, ANSWER, pair.now)
        if not isinstance(action, Incoming):
            return []
        ringing = agent.ring(action.call, pair.now)
        return [*ringing, *agent.answer(action.call, ANSWER, pair.now)]

    return react


def nothing_left(pair: Pair) -> None:
    pair.run(140)
    for agent in (pair.a, pair.b):
        assert agent.load == dict.fromkeys(agent.load, 0)
    for at in (A, B):
        assert sum(isinstance(one, Ended) for one in pair.told[at]) == 1


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("what", ["INVITE", "200 INVITE", "ACK", "BYE", "200 BYE", "180 INVITE"])
def test_a_call_survives_losses(what: str, times: int) -> None:
    pair = Pair(first(what, times))
    pair.react = answering(pair)
    call = pair.call()
    pair.run(33)
    assert pair.names(A)[-1] == "Answered", pair.trace
    assert pair.names(B) == ["Incoming", "Confirmed"], pair.trace
    pair.take(A, pair.a.hang_up(call, pair.now))
    pair.run(33)
    ended = pair.told[B][-1]
    assert isinstance(ended, Ended), pair.trace
    assert ended.cause.status == 200
    nothing_left(pair)


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("what", ["CANCEL", "487 INVITE", "200 CANCEL", "100 INVITE", "ACK"])
def test_a_cancelled_call_survives_losses(what: str, times: int) -> None:
    pair = Pair(first(what, times))
    call = pair.call()
    pair.run(1)
    pair.take(A, pair.a.hang_up(call, pair.now))
    pair.run(33)
    ended = pair.told[B][-1]
    assert isinstance(ended, Ended), pair.trace
    assert ended.cause.status == 487
    nothing_left(pair)


@pytest.mark.parametrize("seed", range(40))
def test_a_bad_network_loses_doubles_and_reorders_reliability_c26(seed: int) -> None:
    chance = Random(seed)

    def delay() -> tuple[float, ...]:
        copies = 2 if chance.random() < 0.05 else 1
        return tuple(chance.uniform(0.01, 0.3) for _ in range(copies))

    pair = Pair(lambda message: chance.random() < 0.1, delay=delay)
    pair.react = answering(pair)
    call = pair.call()
    pair.run(33)
    assert pair.names(A)[-1] == "Answered", pair.trace
    assert pair.names(B) == ["Incoming", "Confirmed"], pair.trace
    pair.take(A, pair.a.offer(call, b"v=2", pair.now))
    pair.run(33)
    assert pair.names(A)[-1] == "OfferAccepted", pair.trace
    pair.take(A, pair.a.hang_up(call, pair.now))
    pair.run(33)
    assert pair.names(B)[-1] == "Ended", pair.trace
    nothing_left(pair)


def test_a_200_that_is_never_acknowledged_ends_with_a_bye_c33() -> None:
    pair = Pair(lambda message: getattr(message, "method", "") == "ACK")
    pair.react = answering(pair)
    pair.call()
    pair.run(40)
    ended = pair.told[B][-1]
    assert isinstance(ended, Ended)
    assert ended.cause.status == 408
    assert pair.names(A)[-1] == "Ended"
    copies = [line for line in pair.trace if "200 INVITE" in line]
    assert len(copies) == 11  # 0, 0.5, 1.5, 3.5, 7.5 … 31.5
    nothing_left(pair)


def test_a_200_that_crosses_the_cancel_is_acknowledged_and_ended_c32() -> None:
    pair = Pair()
    call = pair.call()
    pair.run(1)
    incoming = pair.told[B][0]
    assert isinstance(incoming, Incoming)
    pair.take(B, pair.b.answer(incoming.call, ANSWER, pair.now))
    pair.take(A, pair.a.hang_up(call, pair.now))
    pair.run(1)
    assert pair.names(A) == ["Ended"]
    assert pair.names(B) == ["Incoming", "Confirmed", "Ended"], pair.trace
    nothing_left(pair)


@pytest.mark.parametrize("times", TIMES)
def test_a_lost_register_is_sent_again(times: int) -> None:
    bench = Bench()
    bench.take(bench.agent.register(bench.now))
    for _ in range(times):
        bench.request("REGISTER")
        at = bench.agent.deadline()
        assert at is not None
        bench.run(at - bench.now)
    bench.grant(bench.request("REGISTER"))
    assert len(bench.told(Registered)) == 1
