"""The keeper of transactions: matching (RFC 3261 §17.1.3, §17.2.3, §9), bounds, no leak."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.sip.actions import Send
from offhook.sip.errors import SipError
from offhook.sip.headers import Via
from offhook.sip.message import Headers, Request, Response
from offhook.sip.parser import parse
from offhook.sip.transactions import (
    MAX_CLIENT,
    MAX_SERVER,
    AckTimedOut,
    Cancelled,
    GotAck,
    GotResponse,
    NewRequest,
    StrayResponse,
    TimedOut,
    TransactionKey,
    Transactions,
    Up,
)
from offhook.units import Endpoint, Seconds

PEER = Endpoint("192.0.2.10", 50620)
NOW = Seconds(0)
FOREVER = Seconds(100.0)


def request(method: str, branch: str = "z9hG4bKa", number: int = 7, via: str = ";rport") -> Request:
    data = (
        f"{method} sip:1011@198.51.100.7:5060 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.1:5070;branch={branch}{via}\r\n"
        'From: "1010"<sip:1010@192.0.2.1>;tag=abc\r\n'
        "To: <sip:1011@192.0.2.1>\r\n"
        "Call-ID: c1\r\n"
        f"CSeq: {number} {method}\r\n"
        "Contact: <sip:1010@192.0.2.1>\r\n"
        "Route: <sip:192.0.2.99;lr>\r\n"
        "Content-Length: 0\r\n\r\n"
    )
    message = parse(data.encode())
    assert isinstance(message, Request)
    return message


def sent(sends: list[Send]) -> list[Request | Response]:
    return [parse(send.data) for send in sends]


def words(sends: list[Send]) -> list[str]:
    return [send.data.split(b"\r\n")[0].decode() for send in sends]


def run_out(table: Transactions, until: Seconds = FOREVER) -> list[Up]:
    told: list[Up] = []
    while (at := table.deadline()) is not None and at <= until:
        told += table.tick(at)[1]
    return told


def incoming(table: Transactions, asked: Request, now: Seconds = NOW) -> TransactionKey:
    _, ups = table.receive(asked, PEER, now)
    (new,) = ups
    assert isinstance(new, NewRequest)
    return new.key


class TestServerSide:
    def test_invite_gets_100_at_once_and_its_via_is_stamped_row_47(self) -> None:
        table = Transactions()
        sends, (new,) = table.receive(request("INVITE"), PEER, NOW)
        assert [send.to for send in sends] == [PEER]
        (trying,) = sent(sends)
        assert isinstance(trying, Response)
        assert (trying.status, trying.to.tag) == (100, None)
        assert (trying.top_via.received, trying.top_via.rport) == (PEER.host, PEER.port)
        assert isinstance(new, NewRequest)
        assert new.request.top_via == trying.top_via
        assert trying.headers.first("From") == '"1010"<sip:1010@192.0.2.1>;tag=abc'

    def test_without_rport_answers_go_to_the_port_of_the_via_at_the_real_address(self) -> None:
        sends, _ = Transactions().receive(request("INVITE", via=""), PEER, NOW)
        assert sends[0].to == Endpoint(PEER.host, 5070)
        (trying,) = sent(sends)
        assert trying.top_via.received == PEER.host

    def test_copy_of_an_invite_is_answered_again_and_not_told(self) -> None:
        table = Transactions()
        key = incoming(table, request("INVITE"))
        table.respond(key, Response.answering(request("INVITE"), 180, to_tag="us"), NOW)
        sends, ups = table.receive(request("INVITE"), PEER, Seconds(0.5))
        assert words(sends) == ["SIP/2.0 180 Ringing"]
        assert ups == []

    def test_ack_for_a_failure_is_swallowed_and_stops_the_copies(self) -> None:
        table = Transactions()
        key = incoming(table, request("INVITE"))
        table.respond(key, Response.answering(request("INVITE"), 486, to_tag="us"), NOW)
        assert table.receive(request("ACK"), PEER, Seconds(0.1)) == ([], [])
        assert run_out(table) == []
        assert table.count == 0

    def test_failure_nobody_acknowledges_is_told(self) -> None:
        table = Transactions()
        key = incoming(table, request("INVITE"))
        table.respond(key, Response.answering(request("INVITE"), 486, to_tag="us"), NOW)
        assert run_out(table) == [AckTimedOut(key)]

    @pytest.mark.parametrize("branch", ["z9hG4bKa", "z9hG4bKother"])
    def test_ack_for_a_2xx_is_the_dialogs(self, branch: str) -> None:
        table = Transactions()
        key = incoming(table, request("INVITE"))
        sends = table.respond(key, Response.answering(request("INVITE"), 200, to_tag="us"), NOW)
        assert words(sends) == ["SIP/2.0 200 OK"]
        ack = request("ACK", branch)
        assert table.receive(ack, PEER, NOW) == ([], [GotAck(ack, PEER)])

    def test_a_2xx_may_be_sent_again_for_32_s(self) -> None:
        table = Transactions()
        key = incoming(table, request("INVITE"))
        accepted = Response.answering(request("INVITE"), 200, to_tag="us")
        assert len(table.respond(key, accepted, NOW)) == 1
        assert len(table.respond(key, accepted, Seconds(31.9))) == 1
        run_out(table, Seconds(32.0))
        assert table.respond(key, accepted, Seconds(32.1)) == []

    def test_copied_bye_gets_the_same_answer_for_32_s_row_60(self) -> None:
        table = Transactions()
        bye = request("BYE")
        key = incoming(table, bye)
        assert table.receive(bye, PEER, NOW) == ([], [])
        first = table.respond(key, Response.answering(bye, 200, to_tag="us"), NOW)
        again, ups = table.receive(bye, PEER, Seconds(31.9))
        assert again == first
        assert ups == []
        assert run_out(table) == []
        assert table.count == 0

    def test_request_that_nobody_answers_is_forgotten(self) -> None:
        table = Transactions()
        incoming(table, request("OPTIONS"))
        assert run_out(table, Seconds(32.0)) == []
        assert table.count == 0

    def test_answers_to_nothing_are_dropped(self) -> None:
        table = Transactions()
        key, _ = table.request(request("OPTIONS"), PEER, NOW)
        answer = Response.answering(request("OPTIONS"), 200)
        assert table.respond(key, answer, NOW) == []
        assert table.respond(key._replace(client=False), answer, NOW) == []

    @pytest.mark.parametrize("branch", ["z9hG4bK", "390skdjuw"])
    def test_old_branches_match_by_the_rest_of_the_message(self, branch: str) -> None:
        table = Transactions()
        key = incoming(table, request("INVITE", branch))
        assert table.receive(request("INVITE", branch), PEER, NOW)[1] == []
        assert len(table.receive(request("INVITE", branch, number=8), PEER, NOW)[1]) == 1
        table.respond(key, Response.answering(request("INVITE", branch), 486, to_tag="us"), NOW)
        assert table.receive(request("ACK", branch), PEER, NOW) == ([], [])

    def test_same_branch_from_another_host_is_another_request(self) -> None:
        table = Transactions()
        incoming(table, request("OPTIONS"))
        other = request("OPTIONS")
        moved = Request(
            other.method,
            other.uri,
            other.headers.with_("Via", "SIP/2.0/UDP 203.0.113.5;branch=z9hG4bKa"),
        )
        incoming(table, moved)
        assert table.count == 2


class TestTheirCancel:
    def test_cancel_is_answered_and_told(self) -> None:
        table = Transactions()
        invite = incoming(table, request("INVITE"))
        table.respond(invite, Response.answering(request("INVITE"), 180, to_tag="us"), NOW)
        sends, ups = table.receive(request("CANCEL"), PEER, NOW)
        (answer,) = sent(sends)
        assert isinstance(answer, Response)
        assert (answer.status, answer.cseq.method, answer.to.tag) == (200, "CANCEL", "us")
        (cancelled,) = ups
        assert isinstance(cancelled, Cancelled)
        assert cancelled.key == invite
        assert table.receive(request("CANCEL"), PEER, NOW) == (sends, [])

    def test_cancel_before_any_tag_still_gets_one(self) -> None:
        table = Transactions()
        incoming(table, request("INVITE"))
        (answer,) = sent(table.receive(request("CANCEL"), PEER, NOW)[0])
        assert len(answer.to.tag or "") == 16

    @pytest.mark.parametrize("status", [200, 486])
    def test_cancel_after_the_final_answer_changes_nothing(self, status: int) -> None:
        table = Transactions()
        key = incoming(table, request("INVITE"))
        table.respond(key, Response.answering(request("INVITE"), status, to_tag="us"), NOW)
        sends, ups = table.receive(request("CANCEL"), PEER, NOW)
        assert words(sends) == ["SIP/2.0 200 OK"]
        assert ups == []

    @pytest.mark.parametrize("branch", ["z9hG4bKb", "z9hG4bKA"])
    def test_cancel_of_another_branch_is_481(self, branch: str) -> None:
        table = Transactions()
        incoming(table, request("INVITE"))
        sends, ups = table.receive(request("CANCEL", branch), PEER, NOW)
        assert words(sends) == ["SIP/2.0 481 Call/Transaction Does Not Exist"]
        assert ups == []

    def test_cancel_cannot_stop_a_request_that_is_no_invite(self) -> None:
        table = Transactions()
        incoming(table, request("OPTIONS"))
        sends, ups = table.receive(request("CANCEL"), PEER, NOW)
        assert words(sends)[0].startswith("SIP/2.0 481")
        assert ups == []


class TestClientSide:
    def test_response_is_matched_by_branch_and_method(self) -> None:
        table = Transactions()
        asked = request("REGISTER")
        key, sends = table.request(asked, PEER, NOW)
        assert sends == [Send(bytes(asked), PEER)]
        answer = Response.answering(asked, 200, to_tag="them")
        assert table.receive(answer, PEER, NOW) == ([], [GotResponse(key, answer, PEER)])
        assert table.receive(answer, PEER, NOW) == ([], [])
        other = Response.answering(request("REGISTER", "z9hG4bKb"), 200)
        assert table.receive(other, PEER, NOW) == ([], [])

    def test_each_copy_of_a_2xx_is_told_and_late_ones_are_strays_row_31(self) -> None:
        table = Transactions()
        asked = request("INVITE")
        key, _ = table.request(asked, PEER, NOW)
        answer = Response.answering(asked, 200, to_tag="them")
        for _ in range(3):
            assert table.receive(answer, PEER, NOW) == ([], [GotResponse(key, answer, PEER)])
        run_out(table)
        assert table.count == 0
        assert table.receive(answer, PEER, Seconds(40)) == ([], [StrayResponse(answer, PEER)])

    def test_response_with_a_second_via_is_somebody_elses(self) -> None:
        table = Transactions()
        asked = request("OPTIONS")
        table.request(asked, PEER, NOW)
        answer = Response.answering(asked, 200)
        two = Response(200, "OK", Headers((*answer.headers, ("Via", str(Via("192.0.2.3"))))))
        assert table.receive(two, PEER, NOW) == ([], [])

    def test_nobody_answers(self) -> None:
        table = Transactions()
        keys = [table.request(request(m), PEER, NOW)[0] for m in ("INVITE", "REGISTER")]
        assert run_out(table, Seconds(31.9)) == []
        assert set(run_out(table)) == {TimedOut(key) for key in keys}
        assert table.count == 0

    def test_unreachable_ends_only_what_waits_for_that_peer(self) -> None:
        table = Transactions()
        key, _ = table.request(request("INVITE"), PEER, NOW)
        table.request(request("OPTIONS"), Endpoint("192.0.2.11", 5060), NOW)
        incoming(table, request("INFO"))
        assert table.unreachable(PEER, NOW) == ([], [TimedOut(key)])
        assert table.count == 2

    def test_branch_used_twice_is_our_mistake(self) -> None:
        table = Transactions()
        table.request(request("OPTIONS"), PEER, NOW)
        with pytest.raises(SipError):
            table.request(request("OPTIONS"), PEER, NOW)


class TestOurCancel:
    def test_cancel_waits_for_a_provisional_and_carries_the_invites_branch(self) -> None:
        table = Transactions()
        asked = request("INVITE")
        key, _ = table.request(asked, PEER, NOW)
        assert table.cancel(key, NOW) == []
        sends, ups = table.receive(Response.answering(asked, 180, to_tag="them"), PEER, NOW)
        (cancel,) = sent(sends)
        assert isinstance(cancel, Request)
        assert (cancel.method, cancel.uri, cancel.cseq.number) == ("CANCEL", asked.uri, 7)
        assert cancel.top_via == asked.top_via
        assert cancel.headers.raw("Route") == asked.headers.raw("Route")
        assert cancel.headers.first("To") == asked.headers.first("To")
        assert len(ups) == 1
        done = Response.answering(cancel, 200, to_tag="them")
        assert table.receive(done, PEER, NOW) == ([], [])
        gone = Response.answering(asked, 487, to_tag="them")
        sends, ups = table.receive(gone, PEER, NOW)
        assert words(sends) == [f"ACK {asked.uri} SIP/2.0"]
        assert ups == [GotResponse(key, gone, PEER)]
        assert run_out(table) == []
        assert table.count == 0

    def test_cancel_goes_at_once_when_it_rings_and_again_when_lost(self) -> None:
        table = Transactions()
        asked = request("INVITE")
        key, _ = table.request(asked, PEER, NOW)
        table.receive(Response.answering(asked, 180, to_tag="them"), PEER, NOW)
        assert words(table.cancel(key, NOW)) == [f"CANCEL {asked.uri} SIP/2.0"]
        assert table.cancel(key, NOW) == []
        assert words(table.tick(Seconds(0.5))[0]) == [f"CANCEL {asked.uri} SIP/2.0"]

    def test_cancelled_invite_without_an_end_times_out_after_32_s(self) -> None:
        table = Transactions()
        asked = request("INVITE")
        key, _ = table.request(asked, PEER, NOW)
        table.receive(Response.answering(asked, 180, to_tag="them"), PEER, NOW)
        table.cancel(key, NOW)
        assert run_out(table) == [TimedOut(key)]
        assert table.count == 0

    def test_only_an_invite_of_ours_can_be_cancelled(self) -> None:
        table = Transactions()
        key, _ = table.request(request("OPTIONS"), PEER, NOW)
        assert table.cancel(key, NOW) == []
        assert table.cancel(key._replace(branch="gone"), NOW) == []


class TestBounds:
    def test_requests_beyond_the_bound_are_dropped_and_ours_still_go_out(self) -> None:
        table = Transactions()
        for i in range(MAX_SERVER + 10):
            table.receive(request("OPTIONS", f"z9hG4bK{i}"), PEER, NOW)
        assert table.count == MAX_SERVER
        assert len(table.request(request("BYE"), PEER, NOW)[1]) == 1

    def test_ours_beyond_the_bound_time_out_at_once(self) -> None:
        table = Transactions()
        for i in range(MAX_CLIENT):
            table.request(request("OPTIONS", f"z9hG4bK{i}"), PEER, Seconds(1))
        key, sends = table.request(request("OPTIONS", "z9hG4bKmore"), PEER, NOW)
        assert sends == []
        assert table.deadline() == NOW
        assert table.tick(NOW) == ([], [TimedOut(key)])

    def test_5000_invites_cancelled_at_60_a_second_leave_nothing_after_35_s(self) -> None:
        table = Transactions()
        now = NOW
        most = 0
        for i in range(5000):
            now = Seconds(i / 60)
            table.tick(now)
            invite = request("INVITE", f"z9hG4bK{i}")
            _, ups = table.receive(invite, PEER, now)
            most = max(most, table.count)
            if not ups:
                continue
            assert isinstance(ups[0], NewRequest)
            _, ups2 = table.receive(request("CANCEL", f"z9hG4bK{i}"), PEER, now)
            assert isinstance(ups2[0], Cancelled)
            gone = Response.answering(invite, 487, to_tag="us")
            table.respond(ups[0].key, gone, now)
        assert MAX_SERVER <= most <= 2 * MAX_SERVER
        run_out(table, Seconds(now + 35))
        assert table.count == 0
        assert table.deadline() is None
        assert table._heap == []

    def test_5000_invites_refused_and_never_acknowledged_leave_nothing(self) -> None:
        table = Transactions()
        now = NOW
        for i in range(5000):
            now = Seconds(i / 60)
            table.tick(now)
            invite = request("INVITE", f"z9hG4bK{i}")
            for up in table.receive(invite, PEER, now)[1]:
                assert isinstance(up, NewRequest)
                table.respond(up.key, Response.answering(invite, 486, to_tag="us"), now)
            assert table.count <= MAX_SERVER
        run_out(table, Seconds(now + 35))
        assert table.count == 0
        assert table._heap == []

    def test_heap_does_not_grow_with_copies(self) -> None:
        table = Transactions()
        incoming(table, request("INVITE"))
        for i in range(500):
            table.receive(request("INVITE"), PEER, Seconds(i / 100))
        assert len(table._heap) <= 1


METHODS = ("INVITE", "BYE", "OPTIONS")


class Chaos:
    """Traffic of both sides in any order."""

    def __init__(self) -> None:
        self.table = Transactions()
        self.moves = (
            lambda asked, now: self.table.receive(asked, PEER, now),
            lambda asked, now: self.table.receive(
                request("CANCEL", asked.top_via.branch), PEER, now
            ),
            lambda asked, now: self.table.receive(request("ACK", asked.top_via.branch), PEER, now),
            lambda asked, now: self.table.receive(Response.answering(asked, 180), PEER, now),
            lambda asked, now: self.table.receive(Response.answering(asked, 486), PEER, now),
            lambda asked, now: self.answer(asked.method, now),
            self.ask,
            lambda asked, now: self.table.cancel(ours(asked), now),
        )

    def answer(self, method: str, now: Seconds) -> None:
        for key in [key for key in self.table._entries if not key.client and key.method == method]:
            status = {"INVITE": 200, "BYE": 300}.get(method, 480)
            self.table.respond(key, Response.answering(request(method), status, to_tag="us"), now)

    def ask(self, asked: Request, now: Seconds) -> None:
        if ours(asked) not in self.table._entries:
            self.table.request(asked, PEER, now)

    def finish(self, now: Seconds) -> None:
        """What a user agent does sooner or later: every INVITE gets its final response."""
        self.answer("INVITE", now)
        self.table.receive(Response.answering(request("INVITE", "z9hG4bK0"), 487), PEER, now)


def ours(asked: Request) -> TransactionKey:
    return TransactionKey(True, asked.top_via.branch, "", asked.method)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 2), st.floats(0, 3))))
def test_any_order_of_traffic_ends_with_nothing_left(script: list[tuple[int, int, float]]) -> None:
    chaos = Chaos()
    now = NOW
    for what, which, pause in script:
        now = Seconds(now + pause)
        chaos.table.tick(now)
        chaos.moves[what](request(METHODS[which], f"z9hG4bK{which}"), now)
    chaos.finish(now)
    run_out(chaos.table, Seconds(now + 100))
    assert chaos.table.count == 0
    assert chaos.table._clients == 0
    assert chaos.table.deadline() is None
