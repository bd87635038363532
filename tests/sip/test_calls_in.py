"""Calls to us: who may, what we answer, and how sessions change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.notes import Note
from offhook.sip.actions import (
    CallRef,
    Cause,
    Confirmed,
    Ended,
    Incoming,
    OfferAccepted,
    Offered,
    OfferRefused,
    Party,
)
from offhook.sip.message import Request, Response
from offhook.units import Endpoint
from support.sip_peer import ANSWER, OFFER, PHONE, SERVER, STRANGER, Bench, account

REF = CallRef(1)


def ended(bench: Bench) -> Cause:
    found = bench.told(Ended)
    assert len(found) == 1
    assert isinstance(found[0], Ended)
    return found[0].cause


def empty(bench: Bench) -> None:
    bench.run(200)
    assert bench.agent.load == dict.fromkeys(bench.agent.load, 0)


def ringing(bench: Bench, extra: str = "", body: bytes = ANSWER) -> None:
    bench.hear(bench.invite(extra, body, branch="z9hG4bKfirst"))
    bench.take(bench.agent.ring(REF, bench.now))


def answered(bench: Bench, extra: str = "", body: bytes = ANSWER) -> Response:
    ringing(bench, extra, body)
    bench.sent()
    bench.take(bench.agent.answer(REF, OFFER, bench.now))
    (ok,) = bench.responses()
    return ok


def talking(bench: Bench, extra: str = "") -> str:
    """A call that stands; returns our tag."""
    tag = answered(bench, extra).to.tag or ""
    bench.hear(bench.invite(method="ACK", body=b"", to_tag=tag))
    return tag


# Who may call


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "BYE", "CANCEL", "ACK", "NOTIFY", "REFER"])
def test_a_stranger_gets_no_answer_reliability_a4(method: str) -> None:
    bench = Bench()
    bench.hear(bench.invite(method=method, body=b""), STRANGER)
    assert bench.sends == []
    assert bench.agent.load == dict.fromkeys(bench.agent.load, 0)
    assert not bench.told(Incoming)


def test_strangers_are_told_of_once_a_minute_reliability_a3() -> None:
    bench = Bench()
    for _ in range(500):
        bench.hear(bench.invite(), STRANGER)
        bench.hear(b"junk", STRANGER)
    assert len(bench.told(Note)) == 1
    bench.run(61)
    bench.hear(bench.invite(), STRANGER)
    note = bench.told(Note)[1]
    assert isinstance(note, Note)
    assert note.fields["count"] == 1000
    assert bench.agent.strangers == 1001


@pytest.mark.parametrize("uri", ["sip:1011@198.51.100.7", "sip:198.51.100.7", "tel:1011"])
def test_only_our_token_is_called_row_44_reliability_a5(uri: str) -> None:
    bench = Bench()
    bench.hear(bench.invite(uri=uri))
    assert not bench.told(Incoming)
    assert bench.statuses() == ([100, 416] if uri.startswith("tel") else [])


def test_the_seeds_route_header_is_ignored_row_45() -> None:
    bench = Bench()
    bench.hear(bench.invite("Route: <sip:1011@112.25.222.170:20732>;transport=udp"))
    assert len(bench.told(Incoming)) == 1
    assert bench.responses()[0].headers.first("Record-Route") is None


def test_received_and_rport_are_those_of_the_true_source_row_47() -> None:
    bench = Bench()
    bench.hear(bench.invite(), Endpoint("192.0.2.1", 41000))
    via = bench.responses()[0].top_via
    assert (via.received, via.rport) == ("192.0.2.1", 41000)


@pytest.mark.parametrize("field", ["call_id", "from_tag", "to_tag", "source", "cseq", "uri"])
@pytest.mark.parametrize("method", ["BYE", "INVITE", "UPDATE"])
def test_one_wrong_field_and_the_call_goes_on_reliability_a6(method: str, field: str) -> None:
    bench = Bench()
    tag = talking(bench)
    good: dict[str, object] = {"to_tag": tag, "cseq": 101}
    wrong: dict[str, object] = {
        "call_id": "x", "from_tag": "x", "to_tag": "x", "cseq": 99, "uri": "sip:x@198.51.100.7"
    }  # fmt: skip
    source = STRANGER if field == "source" else SERVER
    changes = {field: wrong[field]} if field in wrong else {}
    bench.hear(bench.invite(method=method, **{**good, **changes}), source)  # type: ignore[arg-type]
    assert not bench.told(Ended, Offered)
    bench.hear(bench.invite(method="BYE", body=b"", to_tag=tag, cseq=102))
    assert ended(bench).status == 200


def test_a_cancel_of_another_branch_is_481_and_changes_nothing_reliability_a6() -> None:
    bench = Bench()
    ringing(bench)
    bench.sent()
    bench.hear(bench.invite(method="CANCEL", body=b""))
    assert bench.statuses() == [481]
    assert not bench.told(Ended)


# Who calls


@pytest.mark.parametrize(
    ("extra", "party"),
    [
        ("", Party("1010", "Ann")),
        ('P-Asserted-Identity: "Bob" <sip:201@172.16.99.166>', Party("201", "Bob")),
        ("P-Asserted-Identity: <sip:bad@@x>, <tel:+491>", Party("+491", "")),
        ('Remote-Party-ID: "Eve" <sip:202@x>;party=calling;privacy=off', Party("202", "Eve")),
        ("Remote-Party-ID: <sip:202@x>;party=called", Party("1010", "Ann")),
        ("Remote-Party-ID: <sip:202@x>;privacy=full", Party("", "")),
        ("Remote-Party-ID: nonsense <", Party("1010", "Ann")),
        ("Privacy: id", Party("", "")),
        ("Privacy: none", Party("1010", "Ann")),
        ('P-Asserted-Identity: "J\xc3\xbcrgen" <sip:203@x>', Party("203", "Jürgen")),
        ('P-Asserted-Identity: "J\xfcrgen" <sip:203@x>', Party("203", "Jürgen")),
        ("P-Asserted-Identity: <sip:%2B49;phone-context=x@y>", Party("+49", "")),
    ],
)
def test_the_caller_is_named_rows_52_55(extra: str, party: Party) -> None:
    bench = Bench()
    bench.hear(bench.invite(extra))
    incoming = bench.done[0]
    assert isinstance(incoming, Incoming)
    assert incoming.caller == party


def test_an_anonymous_caller_has_no_name_row_52() -> None:
    bench = Bench()
    bench.hear(bench.invite(sender='"Anonymous" <sip:anonymous@anonymous.invalid>'))
    incoming = bench.done[0]
    assert isinstance(incoming, Incoming)
    assert incoming.caller == Party("", "")


def test_a_name_that_cannot_be_written_does_no_harm() -> None:
    bench = Bench()
    sender = '"a\\\x00b" <sip:x@y>'  # a quoted NUL may be read (RFC 4475 §3.1.1.2)
    bench.hear(bench.invite('Record-Route: "\\\x00" <sip:192.0.2.1;lr>', sender=sender))
    bench.take(bench.agent.answer(REF, OFFER, bench.now))
    tag = bench.responses()[-1].to.tag or ""
    bench.hear(bench.invite(method="ACK", body=b"", to_tag=tag, sender=sender))
    bench.take(bench.agent.hang_up(REF, bench.now))
    assert bench.request("BYE").to.display == ""


def test_the_phone_is_told_of_alert_info_and_missing_offer() -> None:
    bench = Bench()
    bench.hear(bench.invite("Alert-Info: <http://x>;info=alert-autoanswer", b""))
    incoming = bench.done[0]
    assert isinstance(incoming, Incoming)
    assert incoming.offer is None
    assert incoming.alert_info == "<http://x>;info=alert-autoanswer"
    assert bench.agent.call_id(REF) == "c1"


# What is refused


@pytest.mark.parametrize(
    ("changes", "status", "header"),
    [
        ({"method": "REFER"}, 405, ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE")),
        ({"method": "MESSAGE"}, 405, ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE")),
        ({"extra": "Require: 100rel, timer, Foo"}, 420, ("Unsupported", "100rel, Foo")),
        ({"content": "text/plain"}, 415, ("Accept", "application/sdp")),
        ({"extra": "Content-Encoding: gzip"}, 415, ("Accept-Encoding", "identity")),
        ({"extra": "Session-Expires: 60\nSupported: timer"}, 422, ("Min-SE", "90")),
        ({"uri": "sips:x@198.51.100.7"}, None, None),
        ({"uri": "http://x"}, 416, None),
        ({"to_tag": "unknown"}, 481, None),
        ({"method": "BYE", "body": b""}, 481, None),
        ({"method": "UPDATE"}, 481, None),
        ({"extra": "Contact: <tel:1>"}, 400, None),
    ],
)
def test_what_cannot_be_done_is_refused(
    changes: dict[str, object], status: int | None, header: tuple[str, str] | None
) -> None:
    bench = Bench()
    bench.hear(bench.invite(**changes))  # type: ignore[arg-type]
    finals = [one for one in bench.responses() if one.status >= 200]
    assert [one.status for one in finals] == ([status] if status else [])
    if header is not None:
        assert finals[0].headers.first(header[0]) == header[1]
    assert not bench.told(Incoming)
    empty(bench)


def test_a_body_that_may_be_ignored_is() -> None:
    bench = Bench()
    extra = "Content-Disposition: session; handling=optional"
    bench.hear(bench.invite(extra, content="text/plain"))
    assert len(bench.told(Incoming)) == 1


def test_nearly_a_request_is_answered_if_it_is_our_servers() -> None:
    bench = Bench()
    bad = bench.invite().replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1)
    bench.hear(bad)
    assert bench.statuses() == [505]
    bench.hear(bad, STRANGER)
    bench.hear(bad.replace(b"INVITE", b"ACK"))
    bench.hear(b"SIP/2.0 200 OK\r\n\r\n")
    assert bench.sends == []


@pytest.mark.parametrize("inside", [True, False])
def test_options_is_answered_inside_and_outside_a_call_c11(inside: bool) -> None:
    bench = Bench()
    tag = talking(bench) if inside else ""
    bench.hear(bench.invite(method="OPTIONS", body=b"", to_tag=tag, cseq=101))
    (ok,) = bench.responses()
    assert ok.status == 200
    assert ok.headers.first("Accept") == "application/sdp"
    assert ok.headers.first("Supported") == "timer"
    assert "OPTIONS" in (ok.headers.first("Allow") or "")


def test_the_same_invite_by_another_way_is_482_while_the_first_goes_on_c40() -> None:
    bench = Bench()
    ringing(bench)
    bench.sent()
    bench.hear(bench.invite())
    assert bench.statuses() == [100, 482]
    assert len(bench.told(Incoming)) == 1
    bench.take(bench.agent.reject(REF, 486, bench.now))
    bench.hear(bench.invite(cseq=101))
    assert len(bench.told(Incoming)) == 2


def test_the_ninth_call_is_busy() -> None:
    bench = Bench()
    for number in range(9):
        bench.hear(bench.invite(call_id=f"c{number}"))
    assert len(bench.told(Incoming)) == 8
    assert bench.statuses()[-1] == 486


# Ringing and answering


def test_the_tag_is_the_same_in_all_answers_and_record_route_is_copied_row_51_c34() -> None:
    bench = Bench()
    ringing(bench, "Record-Route: <sip:192.0.2.1;lr>\nRecord-Route: <sip:192.0.2.9;lr>")
    bench.take(bench.agent.answer(REF, OFFER, bench.now))
    trying, ring, ok = bench.responses()
    assert trying.to.tag is None
    assert ring.to.tag == ok.to.tag
    assert len(ok.to.tag or "") >= 16
    for one in (ring, ok):
        assert one.headers.raw("Record-Route") == ["<sip:192.0.2.1;lr>", "<sip:192.0.2.9;lr>"]
        assert one.headers.first("Contact") == f"<{bench.agent.contact}>"
    assert (ok.body, ok.content_type) == (OFFER, "application/sdp")


def test_ringing_is_repeated_every_minute_and_ends() -> None:
    bench = Bench()
    ringing(bench)
    bench.run(299)
    assert bench.statuses() == [100, 180, 180, 180, 180, 180]
    bench.run(2)
    assert set(bench.statuses()) == {480}
    assert ended(bench).status == 408
    bench.take(bench.agent.answer(REF, OFFER, bench.now))
    assert bench.sends == []
    empty(bench)


def test_the_callers_expires_limits_the_ringing() -> None:
    bench = Bench()
    ringing(bench, "Expires: 20")
    bench.sent()
    bench.run(21)
    assert set(bench.statuses()) == {487}
    assert ended(bench).status == 408


def test_the_callers_timestamp_comes_back_rfc_3261_8_2_6_1() -> None:
    bench = Bench()
    bench.hear(bench.invite("Timestamp: 54.2"))
    assert bench.responses()[0].headers.first("Timestamp") == "54.2"


def test_early_media_is_sent_if_asked() -> None:
    bench = Bench()
    bench.hear(bench.invite())
    bench.take(bench.agent.ring(REF, bench.now, OFFER, 183))
    progress = bench.responses()[1]
    assert (progress.status, progress.body) == (183, OFFER)


@pytest.mark.parametrize("status", [480, 486, 488, 603])
def test_a_refusal_is_sent_until_acknowledged(status: int) -> None:
    bench = Bench()
    ringing(bench)
    bench.take(bench.agent.reject(REF, status, bench.now))
    assert ended(bench) == Cause(status, "", local=True)
    bench.run(3)
    assert bench.statuses()[-3:] == [status] * 3
    empty(bench)


def test_hanging_up_while_it_rings_refuses() -> None:
    bench = Bench()
    ringing(bench)
    bench.take(bench.agent.hang_up(REF, bench.now, "Q.850;cause=21"))
    last = bench.responses()[-1]
    assert (last.status, last.headers.first("Reason")) == (480, "Q.850;cause=21")


@pytest.mark.parametrize(
    ("extra", "cause"),
    [
        ("", Cause(487, "")),
        ('Reason: SIP;cause=200;text="Call completed elsewhere"',
         Cause(487, "Call completed elsewhere", elsewhere=True)),
        ("Reason: SIP;cause=487, Q.850;cause=26", Cause(487, "", elsewhere=True)),
        ('Reason: Q.850 ;cause=16 ;text="a \\"b\\""', Cause(487, 'a "b"')),
        ("Reason: ,;=", Cause(487, "")),
    ],
)  # fmt: skip
def test_the_caller_gives_up_and_says_why_c39(extra: str, cause: Cause) -> None:
    bench = Bench()
    ringing(bench)
    bench.sent()
    bench.hear(bench.invite(extra, b"", method="CANCEL", branch="z9hG4bKfirst"))
    assert bench.statuses() == [200, 487]
    assert ended(bench) == cause
    empty(bench)


def test_a_cancel_after_our_200_changes_nothing_c32() -> None:
    bench = Bench()
    answered(bench)
    bench.hear(bench.invite(method="CANCEL", body=b"", branch="z9hG4bKfirst"))
    assert bench.statuses() == [200]
    assert not bench.told(Ended)


def test_a_bye_while_it_rings_ends_both() -> None:
    bench = Bench()
    ringing(bench)
    tag = bench.responses()[-1].to.tag or ""
    bench.hear(bench.invite(method="BYE", body=b"", to_tag=tag, cseq=101))
    assert sorted(bench.statuses()) == [200, 487]
    assert ended(bench).status == 487
    empty(bench)


def test_hanging_up_before_the_ack_waits_for_it() -> None:
    bench = Bench()
    tag = answered(bench).to.tag or ""
    bench.take(bench.agent.hang_up(REF, bench.now))
    assert ended(bench).local
    assert bench.sends == []
    bench.run(1)
    assert bench.statuses() == [200]  # the 200 goes on
    bench.hear(bench.invite(method="ACK", body=b"", to_tag=tag))
    bye = bench.request("BYE")
    assert (bye.uri, bye.to.tag, bye.from_.tag) == ("sip:gw@192.0.2.1:5060", "caller", tag)
    empty(bench)


@pytest.mark.parametrize("how", ["bye", "silence"])
def test_hanging_up_before_an_ack_that_never_comes(how: str) -> None:
    bench = Bench()
    tag = answered(bench).to.tag or ""
    bench.take(bench.agent.hang_up(REF, bench.now))
    if how == "bye":
        bench.hear(bench.invite(method="BYE", body=b"", to_tag=tag, cseq=101))
        assert bench.statuses() == [200]
    else:
        bench.run(33)
        assert bench.requests("BYE")
    empty(bench)


def test_a_bye_instead_of_the_ack() -> None:
    bench = Bench()
    tag = answered(bench).to.tag or ""
    bench.hear(bench.invite(method="BYE", body=b"", to_tag=tag, cseq=101))
    assert ended(bench).status == 200
    empty(bench)


def test_the_bye_again_is_answered_again_row_60() -> None:
    bench = Bench()
    tag = talking(bench)
    reason = 'Reason: Q.850;cause=16;text="NORMAL_CLEARING"'
    bye = bench.invite(reason, b"", method="BYE", to_tag=tag, cseq=101)
    for _ in range(3):
        bench.hear(bye)
    assert bench.statuses() == [200, 200, 200]
    assert ended(bench) == Cause(200, "NORMAL_CLEARING")


def test_a_delayed_offer_is_answered_in_the_ack_c36() -> None:
    bench = Bench()
    ok = answered(bench, body=b"")
    assert ok.body == OFFER
    bench.hear(bench.invite(method="ACK", body=ANSWER, to_tag=ok.to.tag or ""))
    assert bench.told(Confirmed) == [Confirmed(REF, ANSWER)]


def test_a_delayed_offer_without_an_answer_ends_c36() -> None:
    bench = Bench()
    ok = answered(bench, body=b"")
    bench.hear(bench.invite(method="ACK", body=b"", to_tag=ok.to.tag or ""))
    assert ended(bench) == Cause(488, "no answer to our offer")
    bench.request("BYE")
    empty(bench)


def test_an_ack_of_another_number_is_not_ours() -> None:
    bench = Bench()
    ok = answered(bench)
    bench.hear(bench.invite(method="ACK", body=b"", to_tag=ok.to.tag or "", cseq=99))
    assert not bench.told(Confirmed)


# Session timers


@pytest.mark.parametrize(
    ("extra", "expires", "require"),
    [
        ("", None, None),
        ("Supported: timer", "1800;refresher=uas", None),
        ("Supported: timer\nMin-SE: 3600", "3600;refresher=uas", None),
        ("Supported: timer\nSession-Expires: 600", "600;refresher=uac", "timer"),
        ("Supported: timer\nSession-Expires: 600;refresher=uas", "600;refresher=uas", None),
        ("Supported: timer\nSession-Expires: 7200;refresher=uac", "1800;refresher=uac", "timer"),
        ("Session-Expires: 600", "600;refresher=uas", None),
        ("Session-Expires: nonsense", None, None),
    ],
)
def test_the_session_timer_is_granted_row_54_c35(
    extra: str, expires: str | None, require: str | None
) -> None:
    ok = answered(Bench(), extra)
    assert ok.headers.first("Session-Expires") == expires
    assert ok.headers.first("Require") == require


def test_the_caller_that_should_refresh_and_does_is_kept_c35() -> None:
    bench = Bench()
    tag = talking(bench, "Supported: timer\nSession-Expires: 120")
    for number in range(5):
        bench.run(60)
        extra = "Supported: timer\nSession-Expires: 120;refresher=uac"
        bench.hear(bench.invite(extra, b"", method="UPDATE", to_tag=tag, cseq=200 + number))
    assert not bench.told(Ended, Offered)
    bench.sent()
    bench.run(89)
    assert ended(bench).text == "session expired"
    assert bench.request("BYE").headers.first("Reason") == 'SIP;cause=408;text="session expired"'


# Changing the session


def test_a_re_invite_is_offered_and_accepted_c29_c30() -> None:
    bench = Bench()
    tag = talking(bench)
    moved = "Contact: <sip:gw2@192.0.2.1:5070>"
    bench.hear(bench.invite(moved, b"v=2", to_tag=tag, cseq=101))
    assert bench.told(Offered) == [Offered(REF, b"v=2")]
    bench.take(bench.agent.accept(REF, b"v=3", bench.now))
    trying, ok = bench.responses()
    assert (trying.status, ok.status, ok.body) == (100, 200, b"v=3")
    bench.run(0.6)
    assert bench.statuses() == [200]
    bench.hear(bench.invite(method="ACK", body=b"", to_tag=tag, cseq=101))
    bench.run(5)
    assert bench.sends == []
    bench.take(bench.agent.hang_up(REF, bench.now))
    assert bench.request("BYE").uri == "sip:gw2@192.0.2.1:5070"  # the target moved


def test_a_re_invite_is_refused() -> None:
    bench = Bench()
    tag = talking(bench)
    bench.hear(bench.invite(to_tag=tag, cseq=101))
    bench.take(bench.agent.refuse(REF, 488, bench.now))
    assert bench.statuses() == [100, 488]
    bench.hear(bench.invite(to_tag=tag, cseq=102))
    assert len(bench.told(Offered)) == 2


def test_a_re_invite_that_nobody_decides_on_is_refused() -> None:
    bench = Bench()
    tag = talking(bench)
    bench.hear(bench.invite(to_tag=tag, cseq=101))
    bench.run(21)
    assert bench.statuses()[:2] == [100, 488]


def test_a_re_invite_can_be_cancelled() -> None:
    bench = Bench()
    tag = talking(bench)
    bench.hear(bench.invite(to_tag=tag, cseq=101, branch="z9hG4bKre"))
    bench.hear(bench.invite(method="CANCEL", body=b"", to_tag=tag, cseq=101, branch="z9hG4bKre"))
    assert bench.statuses() == [100, 200, 487]
    assert bench.agent.accept(REF, OFFER, bench.now) == []
    assert not bench.told(Ended)


def test_a_re_invite_never_acknowledged_ends_the_call_c33() -> None:
    bench = Bench()
    tag = talking(bench)
    bench.hear(bench.invite(to_tag=tag, cseq=101))
    bench.take(bench.agent.accept(REF, OFFER, bench.now))
    bench.run(33)
    assert ended(bench) == Cause(408, "no ACK")
    assert bench.request("BYE").headers.first("Reason") == 'SIP;cause=408;text="no ACK"'


def test_a_re_invite_without_an_offer_asks_us_for_one_c36() -> None:
    bench = Bench()
    tag = talking(bench)
    bench.hear(bench.invite(body=b"", to_tag=tag, cseq=101))
    assert bench.told(Offered) == [Offered(REF, None)]
    bench.take(bench.agent.accept(REF, b"v=4", bench.now))
    assert bench.responses()[-1].body == b"v=4"
    bench.hear(bench.invite(method="ACK", body=b"v=5", to_tag=tag, cseq=101))
    assert bench.told(Confirmed)[-1] == Confirmed(REF, b"v=5")
    bench.hear(bench.invite(body=b"", to_tag=tag, cseq=102))
    bench.take(bench.agent.accept(REF, None, bench.now))
    assert bench.responses()[-1].body == b"v=4"
    bench.hear(bench.invite(method="ACK", body=b"", to_tag=tag, cseq=102))
    assert ended(bench) == Cause(488, "no answer to our offer")


def test_a_second_re_invite_before_the_ack_of_the_first() -> None:
    bench = Bench()
    tag = talking(bench)
    bench.hear(bench.invite(to_tag=tag, cseq=101))
    bench.take(bench.agent.accept(REF, OFFER, bench.now))
    bench.hear(bench.invite(to_tag=tag, cseq=102))
    bench.hear(bench.invite(method="ACK", body=b"", to_tag=tag, cseq=101))
    bench.take(bench.agent.accept(REF, OFFER, bench.now))
    bench.hear(bench.invite(method="ACK", body=b"", to_tag=tag, cseq=102))
    bench.run(40)
    assert not bench.told(Ended)


def test_an_update_with_an_offer_is_offered_and_one_without_is_answered() -> None:
    bench = Bench()
    tag = talking(bench)
    bench.hear(bench.invite(method="UPDATE", body=b"v=7", to_tag=tag, cseq=101))
    assert bench.told(Offered) == [Offered(REF, b"v=7")]
    bench.take(bench.agent.accept(REF, b"v=8", bench.now))
    (ok,) = bench.responses()
    assert (ok.status, ok.body) == (200, b"v=8")
    bench.hear(bench.invite(method="UPDATE", body=b"", to_tag=tag, cseq=102))
    assert bench.statuses() == [200]
    assert len(bench.told(Offered)) == 1


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
@pytest.mark.parametrize("when", ["ringing", "answered"])
def test_an_offer_before_the_first_is_settled_is_500_c28(when: str, method: str) -> None:
    """RFC 3261 §14.2, RFC 3311 §5.2: try again in 0 to 10 s; the call itself goes on."""
    bench = Bench()
    if when == "ringing":
        ringing(bench)
        tag = bench.responses()[-1].to.tag or ""
    else:
        tag = answered(bench).to.tag or ""
    bench.hear(bench.invite(method=method, to_tag=tag, cseq=101))
    refusal = bench.responses()[-1]
    assert refusal.status == 500
    assert 0 <= int(refusal.headers.first("Retry-After") or "-1") <= 10


def test_a_re_invite_that_overtakes_the_ack_of_our_200_does_not_hurt_the_call_c28() -> None:
    bench = Bench()
    tag = answered(bench).to.tag or ""
    bench.hear(bench.invite(to_tag=tag, cseq=101, branch="z9hG4bKearly"))
    assert bench.responses()[-1].status == 500
    bench.hear(bench.invite(method="ACK", body=b"", to_tag=tag, cseq=101, branch="z9hG4bKearly"))
    assert not bench.told(Confirmed)
    bench.hear(bench.invite(method="ACK", body=b"", to_tag=tag))
    assert bench.told(Confirmed) == [Confirmed(REF, None)]
    bench.hear(bench.invite(to_tag=tag, cseq=102))
    assert len(bench.told(Offered)) == 1
    assert not bench.told(Ended)


def test_an_offer_while_ours_waits_for_the_ack_is_491_rfc_3311() -> None:
    bench = Bench()
    tag = answered(bench, body=b"").to.tag or ""
    bench.hear(bench.invite(method="UPDATE", to_tag=tag, cseq=101))
    assert bench.statuses() == [491]


def test_a_re_invite_while_the_last_is_open_is_500_c28() -> None:
    bench = Bench()
    tag = talking(bench)
    bench.hear(bench.invite(to_tag=tag, cseq=101))
    bench.hear(bench.invite(to_tag=tag, cseq=102))
    last = bench.responses()[-1]
    assert last.status == 500
    assert 0 <= int(last.headers.first("Retry-After") or "-1") <= 10


def test_a_re_invite_while_ours_is_open_is_491_c28() -> None:
    bench = Bench()
    tag = talking(bench)
    bench.take(bench.agent.offer(REF, b"v=2", bench.now))
    bench.hear(bench.invite(to_tag=tag, cseq=101))
    assert bench.statuses()[-1] == 491


def test_our_re_invite_is_accepted_and_moves_the_target() -> None:
    bench = Bench()
    talking(bench)
    bench.take(bench.agent.offer(REF, b"v=2", bench.now))
    invite = bench.request("INVITE")
    assert (invite.uri, invite.body) == ("sip:gw@192.0.2.1:5060", b"v=2")
    bench.answer(invite, 100)
    bench.answer(invite, 200, [("Contact", "<sip:gw2@192.0.2.1:5090>")], b"v=3")
    bench.answer(invite, 200, [("Contact", "<sip:gw2@192.0.2.1:5090>")], b"v=3")
    assert len(bench.sends) == 2
    ack = bench.request("ACK")
    assert ack.uri == "sip:gw2@192.0.2.1:5090"
    assert bench.told(OfferAccepted) == [OfferAccepted(REF, b"v=3")]


def test_our_re_invite_is_refused_and_the_call_goes_on() -> None:
    bench = Bench()
    talking(bench)
    bench.take(bench.agent.offer(REF, b"v=2", bench.now))
    bench.answer(bench.request("INVITE"), 488)
    assert bench.told(OfferRefused) == [OfferRefused(REF, 488)]
    assert not bench.told(Ended)


@pytest.mark.parametrize("status", [491, 500])
def test_our_re_invite_that_collides_is_tried_once_more_c28(status: int) -> None:
    bench = Bench()
    talking(bench)
    bench.take(bench.agent.offer(REF, b"v=2", bench.now))
    extra = [("Retry-After", "1")] if status == 500 else []
    bench.answer(bench.request("INVITE"), status, extra)
    bench.run(2.01)  # they made the Call-ID: 0 to 2 s
    again = bench.request("INVITE")
    assert again.body == b"v=2"
    bench.answer(again, status)
    assert bench.told(OfferRefused) == [OfferRefused(REF, status)]


def test_the_owner_of_the_call_id_waits_longer_c28() -> None:
    bench = Bench()
    ref, actions = bench.agent.place("1014", OFFER, bench.now)
    bench.take(actions)
    bench.answer(bench.request("INVITE"), 200, body=ANSWER)
    bench.take(bench.agent.offer(ref, b"v=2", bench.now))
    bench.answer(bench.requests("INVITE")[0], 491)
    bench.run(2.09)
    assert bench.requests("INVITE") == []
    bench.run(1.92)
    assert bench.request("INVITE").body == b"v=2"


def test_offers_made_meanwhile_wait_and_the_last_counts() -> None:
    bench = Bench()
    tag = talking(bench)
    for number in range(3):
        bench.take(bench.agent.offer(REF, b"v=%d" % number, bench.now))
    first = bench.request("INVITE")
    bench.answer(first, 491)
    bench.take(bench.agent.offer(REF, b"v=9", bench.now))
    bench.hear(bench.invite(body=b"v=7", to_tag=tag, cseq=101))
    bench.take(bench.agent.offer(REF, b"v=10", bench.now))
    bench.take(bench.agent.accept(REF, b"v=8", bench.now))
    bench.take(bench.agent.offer(REF, b"v=11", bench.now))
    bench.hear(bench.invite(method="ACK", body=b"", to_tag=tag, cseq=101))
    assert bench.request("INVITE").body == b"v=11"


@pytest.mark.parametrize("status", [481, 408])
def test_our_re_invite_to_a_peer_that_is_gone_ends_the_call(status: int) -> None:
    bench = Bench()
    talking(bench)
    bench.take(bench.agent.offer(REF, b"v=2", bench.now))
    bench.answer(bench.request("INVITE"), status)
    assert ended(bench).status == status
    bench.request("BYE")
    empty(bench)


def test_a_bye_while_their_re_invite_waits_ends_both() -> None:
    bench = Bench()
    tag = talking(bench)
    bench.hear(bench.invite(to_tag=tag, cseq=101))
    bench.hear(bench.invite(method="BYE", body=b"", to_tag=tag, cseq=102))
    assert bench.statuses() == [100, 200, 487]
    assert isinstance(bench.done[-1], Ended)
    empty(bench)


def test_a_2xx_to_our_re_invite_after_hanging_up_is_acknowledged() -> None:
    bench = Bench()
    talking(bench)
    bench.take(bench.agent.offer(REF, b"v=2", bench.now))
    invite = bench.request("INVITE")
    bench.take(bench.agent.hang_up(REF, bench.now))
    bench.answer(bench.request("BYE"), 200)
    bench.answer(invite, 200, body=b"v=3")
    assert bench.request("ACK").cseq.number == invite.cseq.number
    assert not bench.told(OfferAccepted)
    empty(bench)


DIRECT = Endpoint("203.0.113.5", 5060)


def test_a_caller_whose_proxy_left_the_path_may_speak_in_its_own_dialog() -> None:
    bench = Bench()
    tag = answered(bench, "Contact: <sip:ann@203.0.113.5>").to.tag or ""
    bench.hear(bench.invite(method="ACK", body=b"", to_tag=tag), DIRECT)
    bench.run(33)
    assert not bench.told(Ended)
    bench.hear(bench.invite(to_tag=tag, cseq=101), DIRECT)
    assert bench.told(Offered)
    bench.sends.clear()
    for foreign in (bench.invite(call_id="c2"), bench.invite().replace(b"CSeq: 100", b"CSeq: x")):
        bench.hear(foreign, DIRECT)  # but not beyond that
    assert bench.sends == []
    bench.hear(bench.invite(method="BYE", body=b"", to_tag=tag, cseq=102), DIRECT)
    assert ended(bench).status == 200


def test_a_callee_whose_proxy_left_the_path_may_speak_in_its_own_dialog() -> None:
    bench = Bench()
    direct = DIRECT
    _, actions = bench.agent.place("1014", OFFER, bench.now)
    bench.take(actions)
    invite = bench.request("INVITE")
    bench.answer(invite, 200, [("Contact", "<sip:bob@203.0.113.5>")], ANSWER)
    bye = bench.invite(
        method="BYE", body=b"", call_id=invite.call_id, from_tag="peer",
        to_tag=invite.from_.tag or "",
    )  # fmt: skip
    bench.hear(bye, STRANGER)
    assert not bench.told(Ended)
    bench.hear(bye, direct)
    assert ended(bench).status == 200
    assert PHONE.host in bench.agent.contact


@given(st.lists(st.sampled_from(["ack", "bye", "cancel", "invite", "update", "answer", "hang"])))
def test_ended_is_told_once_and_last_whatever_the_order(order: list[str]) -> None:
    bench = Bench(account())
    ringing(bench)
    tag = bench.responses()[-1].to.tag or ""
    for number, what in enumerate(order, 200):
        match what:
            case "answer":
                bench.take(bench.agent.answer(REF, OFFER, bench.now))
            case "hang":
                bench.take(bench.agent.hang_up(REF, bench.now))
            case "cancel":
                data = bench.invite(method="CANCEL", body=b"", branch="z9hG4bKfirst")
                bench.hear(data)
            case "ack":
                bench.hear(bench.invite(method="ACK", body=b"", to_tag=tag))
            case _:
                data = bench.invite(method=what.upper(), to_tag=tag, cseq=number)
                bench.hear(data)
    bench.take(bench.agent.hang_up(REF, bench.now))
    bench.run(100)
    assert len(bench.told(Ended)) == 1
    assert isinstance(bench.done[-1], Ended)
    assert all(isinstance(one, Request | Response) for one in bench.sent())
    empty(bench)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_refresh_with_too_short_an_interval_is_422_c35(method: str) -> None:
    bench = Bench()
    tag = talking(bench)
    extra = "Supported: timer\nSession-Expires: 30"
    bench.hear(bench.invite(extra, method=method, to_tag=tag, cseq=101))
    refusal = bench.responses()[-1]
    assert (refusal.status, refusal.headers.first("Min-SE")) == (422, "90")
    assert not bench.told(Ended, Offered)
