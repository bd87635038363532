"""The line's corners; its ordinary days are in scenarios/station/."""

from dataclasses import replace

import pytest

from offhook.notes import Note
from offhook.phone import orders
from offhook.phone.actions import CallEnded, ClosePort, OpenPort, Outcome, StartVoice, StopVoice
from offhook.phone.call import Call, State
from offhook.phone.events import FirstAudio, MediaTimeout
from offhook.phone.line import MAX_PORTS, MAX_UNREPORTED, TRANSITIONS, Input, Line, Result
from offhook.phone.media import MediaSession, Offering
from offhook.phone.orders import CallIn, Over
from offhook.phone.settings import PhoneSettings
from offhook.sdp.session import SdpError
from offhook.sip import actions as sip
from offhook.sip.actions import CallRef, Cause, Party
from offhook.sip.agent import Agent
from offhook.units import Endpoint, Seconds
from support.entropy import CountingEntropy
from support.replay import ACCOUNT, PHONE, report

NOW = Seconds(1)
OFFERING = Offering.of(PhoneSettings(), ("PCMA", "PCMU", "G729"))
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)


@pytest.fixture
def line() -> Line:
    """Two ports lie ready; the agent knows of no call, whatever the line believes."""
    line = Line(Agent(ACCOUNT, PHONE, CountingEntropy()), OFFERING, CountingEntropy(), PHONE)
    for port in (40000, 40002):
        line.port(port)
    return line


def incoming(line: Line, number: int = 1, offer: bytes | None = SDP) -> list[Result]:
    news = sip.Incoming(CallRef(number), f"id{number}", Party("1010", "Alice"), offer, "")
    return list(line.told([news], NOW))


def test_more_ports_than_needed_are_given_back(line: Line) -> None:
    for port in range(40004, 40000 + 2 * MAX_PORTS, 2):
        assert line.port(port) == []
    assert line.port(50000) == [ClosePort(50000)]


def test_news_of_a_call_nobody_knows_is_dropped(line: Line) -> None:
    assert list(line.told([sip.Ended(CallRef(9), Cause(200, ""))], NOW)) == []
    assert line.first_audio(FirstAudio(9)) == []
    assert line.media_timeout(MediaTimeout(9, Seconds(30)), NOW) == []
    assert line.report(report(9), NOW) == []
    assert line.obey(orders.Take(CallRef(9)), NOW) == []
    assert line.obey(orders.DigitDown(CallRef(9), "1"), NOW) == []
    assert line.obey(orders.DigitUp(CallRef(9), "1"), NOW) == []


def test_registration_is_not_the_lines_business(line: Line) -> None:
    assert list(line.told([sip.Unregistered()], NOW)) == []


def test_a_call_is_placed_by_its_own_method(line: Line) -> None:
    with pytest.raises(TypeError):
        line.obey(orders.Place("600", emergency=False), NOW)


def test_no_call_is_understood_without_a_network(line: Line) -> None:
    line.moved(None, NOW)
    assert CallIn(CallRef(1)) not in incoming(line)


def test_an_address_that_changed_family_meanwhile_costs_the_call_not_the_phone(
    line: Line,
) -> None:
    assert incoming(line) == [CallIn(CallRef(1))]
    line.moved(Endpoint("2001:db8::10", 5060), NOW)
    assert line.obey(orders.Take(CallRef(1)), NOW) == [OpenPort(40000)]
    ended = list(line.told([sip.Ended(CallRef(1), Cause(488, "", local=True))], NOW))
    assert ended[:2] == [ClosePort(40000), Over(CallRef(1), Cause(488, "", local=True))]
    assert outcomes(ended) == [Outcome.FAILED]


def test_an_update_before_the_answer_is_refused(line: Line) -> None:
    incoming(line)
    assert list(line.told([sip.Offered(CallRef(1), SDP)], NOW)) == []
    assert line.calls[CallRef(1)].media is None


def test_an_answer_without_a_session_ends_the_call(line: Line) -> None:
    ref, _ = line.place("600", emergency=False, now=NOW)
    results = list(line.told([sip.Answered(ref, None, "", None)], NOW))
    assert any(isinstance(each, Over) for each in results)
    assert not any(isinstance(each, StartVoice) for each in results)


def test_an_answer_that_cannot_be_used_ends_the_call(line: Line) -> None:
    ref, _ = line.place("600", emergency=False, now=NOW)
    results = list(line.told([sip.Answered(ref, b"v=1", "", None)], NOW))
    assert any(isinstance(each, Over) for each in results)
    assert outcomes(results) == [Outcome.ANSWERED]


def test_an_answer_without_sdp_after_early_media_keeps_what_was_agreed(line: Line) -> None:
    ref, _ = line.place("600", emergency=False, now=NOW)
    early = list(line.told([sip.Provisional(ref, 183, SDP, "x", None)], NOW))
    assert any(isinstance(each, StartVoice) for each in early)
    results = list(line.told([sip.Answered(ref, None, "x", None)], NOW))
    assert orders.RemoteAnswered(ref) in results
    assert not any(isinstance(each, StartVoice) for each in results)


def test_a_provisional_answer_that_says_nothing_is_no_news(line: Line) -> None:
    ref, _ = line.place("600", emergency=False, now=NOW)
    assert list(line.told([sip.Provisional(ref, 182, None, "", None)], NOW)) == []


def test_a_second_answer_means_nothing(line: Line) -> None:
    ref, _ = line.place("600", emergency=False, now=NOW)
    list(line.told([sip.Answered(ref, SDP, "x", None)], NOW))
    assert list(line.told([sip.Answered(ref, SDP, "x", None)], NOW)) == []


def test_a_delayed_offer_that_is_answered_badly_ends_the_call(line: Line) -> None:
    ref, _ = line.place("600", emergency=False, now=NOW)
    list(line.told([sip.Answered(ref, SDP, "x", None)], NOW))
    results = list(line.told([sip.Confirmed(ref, b"nonsense")], NOW))
    assert any(isinstance(each, Over) for each in results)


def test_a_held_call_never_times_out(line: Line) -> None:
    ref, _ = line.place("600", emergency=False, now=NOW)
    list(line.told([sip.Answered(ref, SDP, "x", None)], NOW))
    line.obey(orders.Hold(ref), NOW)
    assert line.media_timeout(MediaTimeout(ref, Seconds(30)), NOW) == []
    parameters = line.calls[ref].voice
    assert parameters is not None
    assert parameters.timeout == Seconds(0)
    assert not parameters.send
    assert not parameters.receive


def test_silence_does_not_end_an_emergency_call(line: Line) -> None:
    ref, _ = line.place("112", emergency=True, now=NOW)
    list(line.told([sip.Answered(ref, SDP, "x", None)], NOW))
    parameters = line.calls[ref].voice
    assert parameters is not None
    assert parameters.timeout == Seconds(0)


def test_a_peer_that_is_never_heard_is_told(line: Line) -> None:
    ref, _ = line.place("600", emergency=False, now=NOW)
    list(line.told([sip.Answered(ref, SDP, "x", None)], NOW))
    silent = replace(report(ref, final=False), received=0)
    assert line.report(silent, Seconds(NOW + 2)) == []
    (told,) = line.report(silent, Seconds(NOW + 7))
    assert isinstance(told, Note)
    assert line.report(silent, Seconds(NOW + 12)) == []


def test_ended_calls_wait_for_their_reports_but_not_without_bound(line: Line) -> None:
    results: list[Result] = []
    for _ in range(MAX_UNREPORTED + 3):
        line.port(40004)
        ref, _ = line.place("600", emergency=False, now=NOW)
        list(line.told([sip.Answered(ref, SDP, "x", None)], NOW))
        results += line.obey(orders.End(ref), NOW)
    assert sum(isinstance(each, StopVoice) for each in results) == MAX_UNREPORTED + 3
    assert len(outcomes(results)) == 3
    assert len(line.calls) == MAX_UNREPORTED
    assert {call.state for call in line.calls.values()} == {State.OVER}
    assert len(outcomes(line.tick(Seconds(NOW + 2)))) == MAX_UNREPORTED
    assert line.deadline() is None


def test_a_session_that_is_missing_is_a_fault_of_the_table(line: Line) -> None:
    incoming(line)
    line.calls[CallRef(1)].state = State.UP
    with pytest.raises(LookupError):
        line.obey(orders.Hold(CallRef(1)), NOW)


def test_an_answer_to_no_offer_is_an_error() -> None:
    with pytest.raises(SdpError):
        MediaSession(OFFERING, "192.0.2.10", 40000, CountingEntropy()).conclude(SDP)


def test_codecs_the_machine_lacks_or_nobody_knows_are_left_out() -> None:
    settings = PhoneSettings(codecs=("OPUS", "G729", "PCMU"), answer_order="answerer")
    offering = Offering.of(settings, ("PCMA", "PCMU", "OPUS"))
    assert [codec.name for codec in offering.codecs] == ["PCMU"]
    assert offering.order == "answerer"


def test_every_state_but_over_can_end_and_every_input_is_used() -> None:
    assert {what for _, what in TRANSITIONS} == set(Input)
    assert {state for state, what in TRANSITIONS if what is Input.ENDED} == set(State) - {
        State.OVER
    }
    assert {state for state, _ in TRANSITIONS.values()} | {State.CALLING} == set(State)


def outcomes(results: list[Result]) -> list[Outcome]:
    return [each.outcome for each in results if isinstance(each, CallEnded)]


def test_the_machine_is_not_moved_by_what_does_not_fit(line: Line) -> None:
    incoming(line)
    call: Call = line.calls[CallRef(1)]
    for order in (orders.Hold(CallRef(1)), orders.DigitDown(CallRef(1), "5")):
        assert line.obey(order, NOW) == []
    assert call.state is State.OFFERED


def test_nobody_listens_on_a_port_before_a_peer_is_told_of_it(line: Line) -> None:
    _, placed = line.place("600", emergency=False, now=NOW)
    assert placed[0] == OpenPort(40000)
    assert CallIn(CallRef(1)) in incoming(line)
    assert not any(isinstance(each, OpenPort) for each in incoming(line, 2))
