"""Rows 44 to 60: calls to us (the others of them: tests/sip/test_calls_in.py)."""

import pytest

from offhook.phone.actions import CallEnded, Ring, StartVoice
from offhook.phone.events import VoiceReport
from offhook.sip.actions import Send
from support.replay import report
from support.seed_desk import Desk, swap


def test_called_by_the_contact_we_registered() -> None:
    """Rows 44 and 45: our token is what counts; a Route that is none is ignored."""
    desk = Desk(2)
    desk.ring()
    assert [one.status for one in desk.responses()] == [100, 180]
    assert desk.told(Ring)


@pytest.mark.parametrize(("network", "invite"), [(2, "13_recv_INVITE"), (3, "32_recv_INVITE")])
def test_rport_and_received_are_the_true_source_always(network: int, invite: str) -> None:
    """Row 47 (T-A6): doubango copied the Via's own port, and left it out where Via had none."""
    desk = Desk(network)
    desk.seed(invite)
    desk.lift()
    server = desk.switch.network.server
    responses = desk.responses()
    assert [one.status for one in responses] == [100, 180, 200]
    for response in responses:
        assert (response.top_via.received, response.top_via.rport) == server
        assert response.headers.first("From") == desk.switch.told[
            response.top_via.branch, "INVITE"
        ].first("from")  # row 50


def test_100_says_nothing_of_us() -> None:
    """Row 49."""
    desk = Desk(2)
    desk.ring()
    trying = desk.response(100)
    assert trying.to.tag is None
    names = {name for name, _ in trying.headers}
    assert not names & {"Contact", "Allow", "Supported"}


def test_one_tag_from_ringing_to_the_end() -> None:
    """Row 51."""
    desk = Desk(2)
    desk.ring()
    desk.lift()
    desk.seed("17_recv_ACK")
    desk.seed("18_recv_BYE")
    tags = {one.to.tag for one in desk.responses() if one.status > 100}
    assert len(tags) == 1


def test_our_bye_goes_to_the_callers_contact() -> None:
    """Row 53."""
    desk = Desk(2)
    desk.talk_in()
    desk.put_down()
    bye = desk.request("BYE")
    assert bye.uri == "sip:mod_sofia@47.97.174.58:50600"
    assert bye.headers.first("From") == f"<{desk.switch.target}>;tag={desk.switch.tag}"


def test_a_200_says_what_we_can() -> None:
    """Row 56: Contact, Allow and Supported; the seed's had no Supported."""
    desk = Desk(2)
    desk.ring()
    desk.lift()
    answer = desk.response(200)
    assert str(answer.contacts[0].uri) == desk.switch.contact
    assert answer.content_type == "application/sdp"
    assert "timer" in answer.tokens("Supported")
    assert {"invite", "ack", "bye", "cancel", "options"} <= answer.tokens("Allow")


def test_an_ack_with_its_own_branch_and_a_contact_ends_the_repeating() -> None:
    """Row 57: matched by Call-ID, tags and CSeq."""
    desk = Desk(2)
    desk.ring()
    desk.lift()
    desk.sent()
    desk.run(1.0)
    assert {one.status for one in desk.responses()} == {200}
    desk.seed("17_recv_ACK")
    desk.run(10.0)
    assert desk.sent() == []


def test_a_bye_is_answered_at_once_and_its_reason_written_down() -> None:
    """Rows 58 and 59: the 200 has no Contact."""
    desk = Desk(2)
    desk.talk_in()
    desk.seed("18_recv_BYE")
    answer = desk.response(200)
    assert answer.cseq.number == 128668589
    assert answer.headers.first("Contact") is None
    final = report(1)
    assert isinstance(final, VoiceReport)
    desk.do(final)
    (ended,) = desk.told(CallEnded)
    assert isinstance(ended, CallEnded)
    assert ended.cause == "hung up there, NORMAL_CLEARING"


def test_a_bye_again_within_32_s_is_answered_again() -> None:
    """Row 60 (T-A7): doubango forgot the transaction with the call."""
    desk = Desk(2)
    desk.talk_in()
    desk.seed("18_recv_BYE")
    answer = bytes(desk.response(200))
    desk.run(31.0)
    desk.seed("18_recv_BYE")
    assert bytes(desk.response(200)) == answer
    desk.run(2.0)
    desk.seed("18_recv_BYE")
    assert [one.status for one in desk.responses()] == [481]


@pytest.mark.parametrize("disposition", ["session", "session;handling=required", None])
def test_a_session_is_taken_with_and_without_its_disposition(disposition: str | None) -> None:
    """Row 76: session is the default."""
    line = f"Content-Disposition: {disposition}\r\n" if disposition else ""
    desk = Desk(2)
    desk.ring(swap("Content-Disposition: session\r\n", line))
    desk.lift()
    assert desk.response(200).body
    assert desk.told(StartVoice)


def test_100_leaves_before_anything_else_happens() -> None:
    """Row 77: within the same call of the core; we wait for no 200 ms."""
    desk = Desk(2)
    first = desk.seed("13_recv_INVITE")[0]
    assert isinstance(first, Send)
    assert first.data.startswith(b"SIP/2.0 100 ")
