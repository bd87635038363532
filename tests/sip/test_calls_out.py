"""Calls of ours, complaint by complaint (reference sip.md C4)."""

import pytest

from offhook.notes import Note
from offhook.sip.actions import (
    Action,
    Answered,
    CallRef,
    Cause,
    Ended,
    OfferAccepted,
    OfferRefused,
    Party,
    Provisional,
    Resolve,
)
from offhook.sip.message import Request
from offhook.sip.parser import parse
from offhook.sip.transactions import MAX_CLIENT
from offhook.units import Endpoint, Seconds
from support.sip_peer import ANSWER, OFFER, PHONE, SERVER, Bench, account

GATEWAY = ("Contact", "<sip:gw@192.0.2.1:5060>")


def call(bench: Bench, target: str = "1014", offer: bytes | None = OFFER) -> CallRef:
    ref, actions = bench.agent.place(target, offer, bench.now)
    bench.take(actions)
    return ref


def invited(
    bench: Bench, target: str = "1014", offer: bytes | None = OFFER
) -> tuple[CallRef, Request]:
    ref = call(bench, target, offer)
    return ref, bench.request("INVITE")


def talking(bench: Bench, extra: list[tuple[str, str]] | None = None) -> tuple[CallRef, Request]:
    ref, invite = invited(bench)
    bench.answer(invite, 200, [GATEWAY, *(extra or [])], ANSWER)
    bench.request("ACK")
    return ref, invite


def last(bench: Bench, kind: type[Action]) -> Action:
    return bench.told(kind)[-1]


def ended(bench: Bench) -> Cause:
    found = bench.told(Ended)
    assert len(found) == 1
    assert isinstance(found[0], Ended)
    return found[0].cause


def empty(bench: Bench) -> None:
    bench.run(200)
    assert bench.agent.load == dict.fromkeys(bench.agent.load, 0)


@pytest.mark.parametrize(
    ("target", "uri"),
    [
        ("1014", "sip:1014@192.0.2.1"),
        ("*21#", "sip:*21%23@192.0.2.1"),
        ("ann@example.org", "sip:ann@example.org"),
        ("sip:ann@example.org;user=phone", "sip:ann@example.org;user=phone"),
        ("grüße", "sip:gr%C3%BC%C3%9Fe@192.0.2.1"),
    ],
)
def test_what_was_dialled_becomes_a_uri_row_23(target: str, uri: str) -> None:
    _, invite = invited(Bench(), target)
    assert invite.uri == uri
    assert str(invite.to.uri) == uri


@pytest.mark.parametrize("target", ["", "sip:", "sip:a b@c", "x" * 300, "sip:ü@host"])
def test_what_is_no_address_ends_at_once(target: str) -> None:
    bench = Bench()
    call(bench, target)
    if target == "sip:ü@host":
        bench.request("INVITE")
    else:
        assert ended(bench).status == 484
        assert bench.sends == []


def test_the_invite_is_below_1300_bytes_row_27() -> None:
    sdp = b"v=0\r\n" + b"a=rtpmap:18 G729/8000\r\n" * 18  # more than our own SDP has
    bench = Bench(account(display_name="Konrad Müller", domain="sip.provider.example.org"))
    ref, actions = bench.agent.place("+491701234567890", sdp, bench.now)
    assert actions == [Resolve("sip.provider.example.org")]
    bench.take(bench.agent.resolved("sip.provider.example.org", ("192.0.2.1",), bench.now))
    invite = bench.request("INVITE")
    assert len(bytes(invite)) < 1300
    assert invite.from_.display == "Konrad Müller".encode().decode("latin-1")
    assert ref == 1


def test_a_request_too_long_for_udp_is_sent_with_a_warning_c20() -> None:
    bench = Bench()
    _, invite = invited(bench, offer=OFFER * 30)
    assert len(bytes(invite)) > 1300
    (warning,) = bench.told(Note)
    assert isinstance(warning, Note)
    assert warning.fields["size"] == len(bytes(invite))


def test_only_what_is_really_done_is_claimed_rows_21_26() -> None:
    _, invite = invited(Bench())
    assert invite.headers.first("Allow") == "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE"
    assert invite.headers.first("Supported") == "timer"
    assert invite.headers.first("P-Preferred-Identity") is None


def test_a_preferred_identity_is_sent_when_configured_row_20() -> None:
    bench = Bench(account(preferred_identity="sip:+491234@192.0.2.1", route=True))
    _, invite = invited(bench)
    assert invite.headers.first("P-Preferred-Identity") == "<sip:+491234@192.0.2.1>"
    assert invite.headers.first("Route") == "<sip:192.0.2.1:5060;lr>"


def test_100_says_nothing_and_makes_no_dialog_row_28() -> None:
    bench = Bench()
    _, invite = invited(bench)
    assert bench.answer(invite, 100, tag="odd") == []


def test_early_media_and_several_early_dialogs_row_34_c26_c27() -> None:
    bench = Bench()
    _, invite = invited(bench)
    identity = ("P-Asserted-Identity", '"Bob" <sip:1014@x>')
    bench.answer(invite, 183, [identity], ANSWER, tag="one")
    bench.answer(invite, 180, tag="two")
    bench.answer(invite, 180, tag=None)
    assert bench.done == [
        Provisional(CallRef(1), 183, ANSWER, "one", Party("1014", "Bob")),
        Provisional(CallRef(1), 180, None, "two", None),
        Provisional(CallRef(1), 180, None, "", None),
    ]


def test_an_answer_without_a_to_tag_works_c27() -> None:
    bench = Bench()
    ref, invite = invited(bench)
    bench.answer(invite, 200, [GATEWAY], ANSWER, tag=None)
    assert bench.request("ACK").to.tag is None
    bench.answer(invite, 200, [GATEWAY], ANSWER, tag=None)
    assert bench.request("ACK").to.tag is None
    bench.take(bench.agent.hang_up(ref, bench.now))
    bench.answer(bench.request("BYE"), 200)
    assert len(bench.told(Answered)) == 1


def test_three_200s_make_three_equal_acks_and_one_answer_rows_31_32() -> None:
    bench = Bench()
    _, invite = invited(bench)
    for _ in range(3):
        bench.answer(invite, 200, [GATEWAY], ANSWER)
    acks = [send.data for send in bench.sends]
    assert len(acks) == 3
    assert len(set(acks)) == 1
    assert len(bench.told(Answered)) == 1


def test_a_200_is_acknowledged_even_after_the_call_ended_c33() -> None:
    bench = Bench()
    ref, invite = talking(bench)
    bench.take(bench.agent.hang_up(ref, bench.now))
    bench.answer(bench.request("BYE"), 200)
    bench.answer(invite, 200, [GATEWAY], ANSWER)
    assert bench.request("ACK").to.tag == "peer"
    empty(bench)


@pytest.mark.parametrize("over", [False, True])
def test_another_phone_that_answers_gets_ack_and_bye_c25(over: bool) -> None:
    bench = Bench()
    ref, invite = talking(bench)
    if over:
        bench.take(bench.agent.hang_up(ref, bench.now))
        bench.answer(bench.request("BYE"), 200)
    bench.answer(invite, 200, [("Contact", "<sip:other@192.0.2.1:5060>")], ANSWER, tag="two")
    ack, bye = [one for one in bench.sent() if isinstance(one, Request)]
    assert (ack.method, bye.method) == ("ACK", "BYE")
    assert ack.to.tag == bye.to.tag == "two"
    assert bye.headers.first("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'
    assert bye.uri == "sip:other@192.0.2.1:5060"
    assert len(bench.told(Answered)) == 1
    bench.answer(bye, 200)
    bench.take(bench.agent.hang_up(ref, bench.now))
    empty(bench)


def test_forks_without_end_are_not_all_served_c25() -> None:
    bench = Bench()
    _, invite = talking(bench)
    for number in range(20):
        bench.answer(invite, 200, [GATEWAY], ANSWER, tag=f"t{number}")
    assert len(bench.requests("BYE")) == 8


def test_cancel_waits_for_a_provisional_c31() -> None:
    bench = Bench()
    ref, invite = invited(bench)
    bench.take(bench.agent.hang_up(ref, bench.now))
    assert ended(bench) == Cause(487, "", local=True)
    bench.run(3)
    assert {one.method for one in bench.sent() if isinstance(one, Request)} == {"INVITE"}
    bench.answer(invite, 100, tag=None)
    cancel = bench.request("CANCEL")
    assert cancel.top_via.branch == invite.top_via.branch
    assert cancel.headers.all("Reason") == ['Q.850;cause=16;text="the caller gave up"']
    bench.answer(cancel, 200)
    bench.answer(invite, 487)
    assert bench.request("ACK").top_via.branch == invite.top_via.branch
    empty(bench)


def test_a_cancel_without_a_final_answer_is_forgotten_c31() -> None:
    bench = Bench()
    ref, invite = invited(bench)
    bench.answer(invite, 180)
    bench.take(bench.agent.hang_up(ref, bench.now))
    bench.request("CANCEL")
    empty(bench)


def test_a_cancel_there_is_no_room_for_does_no_harm() -> None:
    bench = Bench()
    ref, invite = invited(bench)
    bench.answer(invite, 180)
    for _ in range(MAX_CLIENT // 2 - 1):  # BYEs that nobody answers
        other, _ = talking(bench)
        bench.take(bench.agent.hang_up(other, bench.now))
    call(bench)
    assert bench.agent.load["transactions"] == MAX_CLIENT
    bench.sends.clear()
    bench.take(bench.agent.hang_up(ref, bench.now))
    assert bench.requests("CANCEL") == []
    empty(bench)


def test_a_challenge_after_hanging_up_is_not_answered() -> None:
    bench = Bench()
    ref, invite = invited(bench)
    bench.take(bench.agent.hang_up(ref, bench.now))
    bench.challenge(invite, status=407)
    assert bench.requests("INVITE") == []
    empty(bench)


@pytest.mark.parametrize("tag", ["peer", "two"])
def test_a_200_that_crosses_the_cancel_c32(tag: str) -> None:
    bench = Bench()
    ref, invite = invited(bench)
    bench.answer(invite, 180)
    bench.take(bench.agent.hang_up(ref, bench.now))
    bench.sent()
    bench.answer(invite, 200, [GATEWAY], ANSWER, tag=tag)
    ack, bye = [one for one in bench.sent() if isinstance(one, Request)]
    assert (ack.method, bye.method) == ("ACK", "BYE")
    assert bye.headers.first("Reason") == 'Q.850;cause=16;text="the caller gave up"'
    assert len(bench.told(Ended)) == 1
    empty(bench)


@pytest.mark.parametrize(
    "status", [300, 302, 400, 403, 404, 480, 486, 487, 488, 500, 599, 603, 699]
)
def test_every_refusal_becomes_a_cause_c38(status: int) -> None:
    bench = Bench()
    _, invite = invited(bench)
    reason = ("Reason", 'Q.850;cause=16;text="NORMAL_CLEARING"')
    bench.answer(invite, status, [reason], reason="No")
    ack = bench.request("ACK")
    assert (ack.uri, ack.top_via.branch) == (invite.uri, invite.top_via.branch)  # row 42
    assert ended(bench) == Cause(status, "No")  # row 41
    empty(bench)


def test_nobody_answers() -> None:
    bench = Bench()
    call(bench)
    bench.run(33)
    assert ended(bench) == Cause(408, "no answer")
    empty(bench)


def test_ringing_ends_after_five_minutes() -> None:
    bench = Bench()
    _, invite = invited(bench)
    bench.answer(invite, 180)
    bench.run(299)
    assert not bench.told(Ended)
    bench.run(2)
    assert ended(bench).status == 408
    cancel = bench.request("CANCEL")
    assert cancel.headers.first("Reason") == 'Q.850;cause=19;text="nobody answered"'
    empty(bench)


def test_the_peer_cannot_be_reached() -> None:
    bench = Bench()
    call(bench)
    bench.take(bench.agent.unreachable(SERVER, bench.now))
    assert ended(bench).status == 408


def test_a_call_without_a_network_or_a_server_ends_at_once() -> None:
    bench = Bench(local=None)
    call(bench)
    assert ended(bench) == Cause(503, "no network")
    bench = Bench(account(domain="sip.example.org"))
    call(bench)
    bench.take(bench.agent.resolved("sip.example.org", (), bench.now))
    assert ended(bench) == Cause(503, "no address of the server")


def test_a_call_can_be_given_up_while_the_server_is_looked_up() -> None:
    bench = Bench(account(domain="sip.example.org"))
    ref = call(bench)
    bench.take(bench.agent.hang_up(ref, bench.now))
    assert ended(bench).local
    bench.take(bench.agent.resolved("sip.example.org", ("192.0.2.1",), bench.now))
    assert bench.sends == []


def test_the_ninth_call_is_refused_here() -> None:
    bench = Bench()
    for _ in range(9):
        call(bench)
    assert ended(bench).status == 486


def test_an_invite_is_sent_again_with_credentials_c14_c16() -> None:
    bench = Bench()
    _, invite = invited(bench)
    bench.answer(invite, 100, tag=None)
    bench.challenge(invite, status=407)
    sent = [one for one in bench.sent() if isinstance(one, Request)]
    assert [one.method for one in sent] == ["ACK", "INVITE"]
    again = sent[1]
    assert again.headers.first("Proxy-Authorization")
    assert (again.call_id, again.from_.tag) == (invite.call_id, invite.from_.tag)
    assert again.cseq.number == invite.cseq.number + 1
    assert again.top_via.branch != invite.top_via.branch
    bench.challenge(again, "n2", status=407)
    assert ended(bench).status == 407


def test_a_challenged_bye_is_sent_again_c15() -> None:
    bench = Bench()
    ref, invite = invited(bench)
    bench.challenge(invite, status=407)
    again = bench.request("INVITE")
    bench.answer(again, 200, [GATEWAY], ANSWER)
    bench.take(bench.agent.hang_up(ref, bench.now))
    bye = bench.request("BYE")
    bench.challenge(bye, "n7", status=407)
    second = bench.request("BYE")
    assert second.headers.first("Proxy-Authorization")
    assert second.cseq.number == bye.cseq.number + 1
    assert second.to.tag == bye.to.tag


@pytest.mark.parametrize("realm", ["192.0.2.1", "other"])
@pytest.mark.parametrize("contact", ["<sip:gw@192.0.2.1>", "<sip:evil@203.0.113.66>"])
def test_credentials_never_leave_for_strangers_or_other_realms_c17(
    realm: str, contact: str
) -> None:
    bench = Bench().registered()
    ref, invite = invited(bench)
    bench.challenge(invite)  # our realm is learnt here
    bench.answer(bench.request("INVITE"), 200, [("Contact", contact)], ANSWER)
    bench.take(bench.agent.hang_up(ref, bench.now))
    bye = bench.request("BYE")
    bench.answer(bye, 407, [("Proxy-Authenticate", f'Digest realm="{realm}", nonce="evil"')])
    leaked = [one for one in bench.sent() if b"uthorization" in bytes(one)]
    assert bool(leaked) is (realm == "192.0.2.1" and contact.endswith("192.0.2.1>"))


def test_a_loose_route_set_is_reversed_and_followed_c34() -> None:
    bench = Bench()
    ref, invite = invited(bench)
    routes = [("Record-Route", "<sip:192.0.2.9;lr>, <sip:192.0.2.1:5070;lr=on>")]
    bench.answer(invite, 200, [GATEWAY, *routes], ANSWER)
    assert bench.sends[-1].to == Endpoint("192.0.2.1", 5070)
    ack = bench.request("ACK")
    assert ack.uri == "sip:gw@192.0.2.1:5060"
    assert ack.headers.raw("Route") == ["<sip:192.0.2.1:5070;lr=on>", "<sip:192.0.2.9;lr>"]
    bench.take(bench.agent.hang_up(ref, bench.now))
    assert bench.request("BYE").headers.raw("Route") == ack.headers.raw("Route")


def test_a_route_set_without_end_does_no_harm_c34() -> None:
    bench = Bench()
    _, invite = invited(bench)
    routes = ("Record-Route", "<sip:192.0.2.9;lr>, " * 60 + "<sip:192.0.2.1;lr>")
    bench.answer(invite, 200, [GATEWAY, routes], ANSWER)
    assert len(bench.request("ACK").headers.raw("Route")) == 61


def test_a_strict_router_becomes_the_request_uri_c34() -> None:
    bench = Bench()
    _, invite = invited(bench)
    routes = [("Record-Route", "<sip:192.0.2.9;lr>"), ("Record-Route", "<sip:192.0.2.1;lrx>")]
    bench.answer(invite, 200, [GATEWAY, *routes], ANSWER)
    ack = bench.request("ACK")
    assert ack.uri == "sip:192.0.2.1;lrx"
    assert ack.headers.raw("Route") == ["<sip:192.0.2.9;lr>", "<sip:gw@192.0.2.1:5060>"]


def test_a_name_in_the_contact_is_looked_up_once_for_ack_and_bye() -> None:
    bench = Bench()
    ref, invite = invited(bench)
    bench.answer(invite, 200, [("Contact", "<sip:gw@edge.example.org>")], ANSWER)
    bench.answer(invite, 200, [("Contact", "<sip:gw@edge.example.org>")], ANSWER)
    assert bench.told(Resolve) == [Resolve("edge.example.org")]
    bench.take(bench.agent.hang_up(ref, bench.now))
    bench.take(bench.agent.resolved("edge.example.org", ("192.0.2.33",), bench.now))
    assert [send.to.host for send in bench.sends] == ["192.0.2.33"] * 2
    assert [one.method for one in bench.sent() if isinstance(one, Request)] == ["ACK", "BYE"]


def test_a_name_without_an_address_is_replaced_by_where_the_answer_came_from() -> None:
    bench = Bench()
    _, invite = invited(bench)
    bench.answer(invite, 200, [("Contact", "<sip:gw@nowhere.example.org>")], ANSWER)
    bench.run(10)
    assert bench.sends[-1].to == SERVER
    bench.request("ACK")


def test_a_2xx_without_a_contact_is_acknowledged_at_the_request_uri() -> None:
    bench = Bench()
    _, invite = invited(bench)
    bench.answer(invite, 200, [("Contact", "<tel:+491>")], ANSWER)
    assert bench.request("ACK").uri == invite.uri


def test_without_an_offer_the_answer_goes_with_the_ack_c36() -> None:
    bench = Bench()
    ref, invite = invited(bench, offer=None)
    assert invite.body == b""
    for _ in range(2):
        bench.answer(invite, 200, [GATEWAY], ANSWER)
    assert bench.sends == []
    assert last(bench, Answered) == Answered(ref, ANSWER, "peer", None)
    bench.take(bench.agent.accept(ref, OFFER, bench.now))
    assert bench.request("ACK").body == OFFER
    bench.take(bench.agent.hang_up(ref, bench.now))
    bench.request("BYE")


@pytest.mark.parametrize("how", ["hang up", "wait"])
def test_an_offer_that_nobody_answers_is_acknowledged_and_ended_c36(how: str) -> None:
    bench = Bench()
    ref, invite = invited(bench, offer=None)
    bench.answer(invite, 200, [GATEWAY], ANSWER)
    bench.answer(invite, 200, [GATEWAY], ANSWER, tag="two")
    assert [one.method for one in bench.sent() if isinstance(one, Request)] == ["ACK", "BYE"]
    if how == "hang up":
        bench.take(bench.agent.hang_up(ref, bench.now))
    else:
        bench.run(32)
    assert {one.method for one in bench.sent() if isinstance(one, Request)} == {"ACK", "BYE"}
    assert ended(bench).local
    empty(bench)


def test_a_422_is_obeyed_c35() -> None:
    bench = Bench()
    _, invite = invited(bench)
    assert invite.headers.first("Session-Expires") == "1800"
    assert invite.headers.first("Min-SE") == "90"
    bench.answer(invite, 422, [("Min-SE", "3600")])
    again = bench.requests("INVITE")[-1]
    assert again.headers.first("Session-Expires") == "3600"
    assert again.headers.first("Min-SE") == "3600"
    assert again.call_id == invite.call_id
    bench.answer(again, 422, [("Min-SE", "90")])
    assert ended(bench).status == 422


def test_422s_without_end_are_not_obeyed_without_end_c35() -> None:
    bench = Bench()
    _, invite = invited(bench)
    for least in range(2000, 2010):
        sent = bench.requests("INVITE")
        bench.answer(sent[-1] if sent else invite, 422, [("Min-SE", str(least))])
    assert ended(bench).status == 422


def test_no_session_timer_if_told_so() -> None:
    bench = Bench(account(session_expires=0))
    ref, invite = invited(bench)
    assert invite.headers.first("Session-Expires") is None
    bench.answer(invite, 200, [GATEWAY, ("Session-Expires", "120;refresher=uas")], ANSWER)
    bench.run(4000)
    assert not bench.told(Ended)
    assert bench.agent.hang_up(ref, bench.now)


def test_the_peer_that_should_refresh_and_does_not_is_hung_up_row_38_c35() -> None:
    bench = Bench()
    talking(bench, [("Session-Expires", "120;refresher=uas")])
    bench.run(87)
    assert not bench.told(Ended)
    bench.run(2)
    assert ended(bench) == Cause(408, "session expired")
    bench.request("BYE")


def test_we_refresh_at_half_time_by_update_if_the_peer_takes_it_c35() -> None:
    bench = Bench()
    talking(bench, [("Session-Expires", "600;refresher=uac"), ("Allow", "INVITE, UPDATE")])
    bench.run(301)
    update = bench.request("UPDATE")
    assert update.headers.first("Session-Expires") == "1800;refresher=uac"
    assert update.body == b""
    bench.answer(update, 100, tag=None)
    bench.answer(update, 200, [GATEWAY, ("Session-Expires", "600;refresher=uac")])
    bench.run(301)
    second = bench.request("UPDATE")
    bench.answer(second, 422, [("Min-SE", "2000")])
    third = bench.request("UPDATE")
    assert third.headers.first("Session-Expires") == "2000;refresher=uac"
    bench.answer(third, 491)
    again = bench.request("INVITE")  # which every peer takes
    assert again.body == OFFER
    bench.answer(again, 200, [GATEWAY, ("Session-Expires", "600;refresher=uac")], ANSWER)
    bench.run(1001)
    bench.answer(bench.request("UPDATE"), 405)
    bench.answer(bench.request("INVITE"), 488)
    assert not bench.told(OfferAccepted, OfferRefused)
    bench.run(1000)
    assert ended(bench).text == "session expired"


def test_we_refresh_by_re_invite_otherwise_and_tell_nobody_c35() -> None:
    bench = Bench()
    talking(bench, [("Session-Expires", "600")])
    bench.run(300)
    again = bench.request("INVITE")
    assert again.body == OFFER
    bench.answer(again, 200, [GATEWAY, ("Session-Expires", "600;refresher=uac")], ANSWER)
    assert bench.request("ACK").cseq.number == again.cseq.number
    assert not bench.told(OfferAccepted)
    bench.run(300)
    again = bench.request("INVITE")
    bench.answer(again, 200, [GATEWAY, ("Session-Expires", "600;refresher=uac")], b"v=1")
    assert bench.told(OfferAccepted) == [OfferAccepted(CallRef(1), b"v=1")]
    bench.run(300)
    bench.answer(bench.request("INVITE"), 488)
    bench.run(280)
    assert ended(bench).text == "session expired"


@pytest.mark.parametrize("status", [408, 481, None])
@pytest.mark.parametrize("allow", ["INVITE", "UPDATE"])
def test_a_refresh_that_shows_the_peer_gone_ends_the_call(status: int | None, allow: str) -> None:
    bench = Bench()
    talking(bench, [("Session-Expires", "600;refresher=uac"), ("Allow", allow)])
    bench.run(300)
    refresh = bench.request(allow)
    if status is None:
        bench.run(33)
    else:
        bench.answer(refresh, status)
    assert ended(bench).status == (status or 408)
    assert bench.requests("BYE")
    empty(bench)


def test_a_session_of_a_second_is_not_believed_c35() -> None:
    bench = Bench()
    talking(bench, [("Session-Expires", "1;refresher=uac"), ("Allow", "UPDATE")])
    bench.run(44)
    assert bench.requests("UPDATE") == []
    bench.run(2)
    bench.request("UPDATE")


def test_hanging_up_says_why_if_told() -> None:
    bench = Bench()
    ref, _ = talking(bench)
    bench.take(bench.agent.hang_up(ref, bench.now, 'SIP;cause=408;text="no media"'))
    assert bench.request("BYE").headers.first("Reason") == 'SIP;cause=408;text="no media"'


def test_hanging_up_twice_is_once() -> None:
    bench = Bench()
    ref, _ = talking(bench)
    bench.take(bench.agent.hang_up(ref, bench.now))
    assert bench.agent.hang_up(ref, bench.now) == []
    assert bench.agent.offer(ref, OFFER, bench.now) == []
    assert bench.agent.call_id(ref) == ""
    assert bench.agent.hang_up(CallRef(99), bench.now) == []


def test_calls_go_on_over_a_new_address_reliability_c3() -> None:
    bench = Bench()
    ref, _ = talking(bench)
    moved = Endpoint("198.51.100.8", 5060)
    bench.take(bench.agent.network_changed(moved, bench.now))
    bench.take(bench.agent.offer(ref, b"v=2", bench.now))
    again = bench.request("INVITE")
    assert again.top_via.host == moved.host
    assert moved.host in (again.headers.first("Contact") or "")
    assert moved != PHONE
    assert bench.now == Seconds(0.0)


def test_what_is_sent_while_the_network_is_gone_still_has_our_address_reliability_c2() -> None:
    bench = Bench()
    ref, _ = talking(bench)
    bench.take(bench.agent.network_changed(None, bench.now))
    assert bench.agent.contact == ""
    bench.take(bench.agent.offer(ref, b"v=2", bench.now))
    bench.take(bench.agent.hang_up(ref, bench.now))
    asked, bye = (one for one in bench.sent() if isinstance(one, Request))
    assert asked.top_via.sent_by == bye.top_via.sent_by == str(PHONE)
    assert asked.contacts[0].uri.host == PHONE.host


def test_seventy_calls_leave_a_bounded_memory() -> None:
    bench = Bench()
    for _ in range(70):
        ref, _ = talking(bench)
        bench.take(bench.agent.hang_up(ref, bench.now))
        bench.answer(bench.request("BYE"), 200)
        bench.run(0.4)
    assert bench.agent.load["acks"] == bench.agent.load["remembered"] == 64
    empty(bench)


def test_waking_too_early_does_nothing() -> None:
    bench = Bench()
    call(bench)
    bench.sent()
    assert bench.agent.tick(bench.now) == []


def test_a_refusal_of_a_longer_interval_after_hanging_up_is_not_obeyed() -> None:
    bench = Bench()
    ref, _ = talking(bench)
    bench.take(bench.agent.offer(ref, b"v=2", bench.now))
    again = bench.request("INVITE")
    bench.take(bench.agent.hang_up(ref, bench.now))
    bench.answer(again, 422, [("Min-SE", "3600")])
    assert bench.requests("INVITE") == []


def test_our_re_invite_is_repeated_with_a_longer_interval_c35() -> None:
    bench = Bench()
    ref, _ = talking(bench, [("Session-Expires", "1800;refresher=uac")])
    bench.take(bench.agent.offer(ref, b"v=2", bench.now))
    bench.answer(bench.request("INVITE"), 422, [("Min-SE", "3600")])
    again = bench.request("INVITE")
    assert again.headers.first("Session-Expires") == "3600;refresher=uac"
    assert again.body == b"v=2"


def test_a_late_answer_of_another_number_or_call_is_nobodys() -> None:
    bench = Bench()
    _, invite = talking(bench)
    other = bytes(invite).replace(invite.call_id.encode(), b"other")
    request = parse(other)
    assert isinstance(request, Request)
    assert bench.answer(request, 200, [GATEWAY], ANSWER) == []
    assert bench.sends == []
