"""UDP keeps no order: the seed's answers as they might have come."""

from itertools import permutations

import pytest

from offhook.phone.actions import CallEnded, SetGate, StartVoice, StopVoice
from offhook.sip.message import Request
from support.replay import report
from support.seed_desk import Desk, swap

TO_ANSWER = ("21_recv_100", "22_recv_183", "23_recv_200", "22_recv_183", "23_recv_200")
TO_REFUSAL = ("28_recv_100", "29_recv_183", "30_recv_603")


@pytest.mark.parametrize("order", sorted(set(permutations(TO_ANSWER))), ids=" ".join)
def test_in_any_order_the_call_is_answered_once(order: tuple[str, ...]) -> None:
    desk = Desk(2)
    desk.call("1010")
    for name in order:
        desk.seed(name)
    status = desk.station.status(desk.now)
    assert (status.state, status.tone, status.microphone) == ("talking", "", True)
    assert status.calls[0].name == "Outbound Call"
    assert len(desk.told(StartVoice)) == len(desk.told(SetGate)) == 1
    assert [one.method for one in desk.sent() if isinstance(one, Request)] == ["ACK", "ACK"]


@pytest.mark.parametrize("order", sorted(permutations(TO_REFUSAL)), ids=" ".join)
def test_in_any_order_the_call_is_refused_and_stays_so(order: tuple[str, ...]) -> None:
    desk = Desk(2)
    desk.call("1010")
    for name in order:
        desk.seed(name)
    status = desk.station.status(desk.now)
    assert (status.state, status.tone, status.microphone) == ("busy", "busy", False)
    assert desk.told(SetGate) == []
    assert len(desk.told(StartVoice)) == len(desk.told(StopVoice))


def test_a_bye_that_overtakes_the_ack_ends_the_call() -> None:
    desk = Desk(2)
    desk.ring()
    desk.lift()
    desk.sent()
    desk.seed("18_recv_BYE")
    assert desk.response(200).cseq.method == "BYE"
    desk.seed("17_recv_ACK")
    desk.do(report(1))
    desk.run(40.0)
    assert desk.sent() == []
    assert len(desk.told(CallEnded)) == 1
    assert desk.station.status(desk.now).calls == ()


def test_a_lost_ack_is_asked_for_and_the_call_goes_on() -> None:
    desk = Desk(2)
    desk.ring()
    desk.lift()
    desk.run(3.6)
    answers = [one for one in desk.responses() if one.status == 200]
    assert len(answers) == 4  # at 0, 0.5, 1.5 and 3.5 s
    assert len({bytes(one) for one in answers}) == 1
    desk.seed("17_recv_ACK")
    desk.run(40.0)
    assert desk.sent() == []
    assert desk.station.status(desk.now).state == "talking"


def test_without_any_ack_the_call_is_ended_after_32_s() -> None:
    desk = Desk(2)
    desk.ring()
    desk.lift()
    desk.run(31.0)
    assert desk.station.status(desk.now).state == "talking"
    desk.sent()
    desk.run(2.0)
    assert desk.sent()[-1].cseq.method == "BYE"


@pytest.mark.parametrize("phrase", ["", "All is well", "\xff\xfe \xe4", "200 200 OK"])
def test_the_words_of_an_answer_mean_nothing(phrase: str) -> None:
    """Row 48."""
    desk = Desk()
    desk.call()
    desk.seed("07_recv_200", swap("SIP/2.0 200 OK", f"SIP/2.0 200 {phrase}"))
    assert desk.station.status(desk.now).state == "talking"
