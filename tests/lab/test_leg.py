"""The table of the exchange's dialogs, over the whole product of states and inputs."""

from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.lab.leg import TRANSITIONS, Input, State
from offhook.sip.message import Request
from support.scripted_phone import Lab, ScriptedPhone

FIRST = {State.INVITED, State.CALLING}


def test_every_state_is_reached() -> None:
    reached = set(FIRST)
    for _ in State:
        reached |= {after for (before, _), (after, _) in TRANSITIONS.items() if before in reached}
    assert reached == set(State)


def test_over_is_over() -> None:
    assert not [what for (state, what) in TRANSITIONS if state is State.OVER]


def test_from_every_state_the_end_is_reached() -> None:
    ending = {State.OVER}
    for _ in State:
        ending |= {before for (before, _), (after, _) in TRANSITIONS.items() if after in ending}
    assert ending == set(State)


def test_every_input_means_something_somewhere() -> None:
    assert {what for _, what in TRANSITIONS} == set(Input)


@given(st.lists(st.sampled_from(["ack", "bye", "invite", "cancel", "wait", "again"]), max_size=8))
@settings(max_examples=150, deadline=None)
def test_whatever_a_telephone_does_the_call_is_gone_in_the_end(moves: list[str]) -> None:
    lab = Lab()
    phone = ScriptedPhone(lab, "1001", 6001)
    invite = phone.invite("605")
    response = phone.responses()[-1]
    for move in moves:
        match move:
            case "ack":
                phone.acknowledge(invite, response)
            case "bye":
                phone.within("BYE", invite, response)
            case "invite":
                phone.within("INVITE", invite, response, phone.offer())
            case "cancel":
                number = f"{invite.cseq.number} CANCEL"
                phone.send(Request("CANCEL", invite.uri, invite.headers.with_("CSeq", number)))
            case "again":
                phone.send(invite)
            case _:
                lab.run(2)
    lab.run(6)
    phone.within("BYE", invite, response)
    lab.run(140)  # a re-INVITE's 200, then our BYE, each given up after 32 s
    assert lab.exchange.calls == []
    assert lab.exchange.deadline() is None
