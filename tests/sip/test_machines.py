"""The four machines of RFC 3261 §17 and RFC 6026: every state with every input, and every timer."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip import client, client_invite, server, server_invite
from offhook.sip.actions import Send
from offhook.sip.headers import Via
from offhook.sip.message import Headers, Request, Response
from offhook.sip.parser import parse
from offhook.sip.timers import Timers
from offhook.sip.transaction import Output, Passed, Transaction, Unacknowledged, Unanswered
from offhook.units import Endpoint, Seconds

PEER = Endpoint("192.0.2.10", 5060)
NOW = Seconds(0)
Machine = client.Client | client_invite.InviteClient | server.Server | server_invite.InviteServer


def asked(method: str) -> Request:
    items = [
        ("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx;rport"),
        ("From", "<sip:a@x>;tag=1"),
        ("To", "<sip:b@x>"),
        ("Call-ID", "c"),
        ("CSeq", f"5 {method}"),
        ("Contact", "<sip:a@192.0.2.1>"),
        ("Route", "<sip:p1;lr>"),
        ("Route", "<sip:p2;lr>"),
        ("Authorization", 'Digest username="a"'),
        ("Max-Forwards", "70"),
    ]
    return Request(method, "sip:b@x", Headers(items), b"v=0\r\n")


class Kind(NamedTuple):
    make: Callable[[Timers], Machine]
    table: Mapping[tuple[Enum, Enum], tuple[Enum, object]]
    states: type[Enum]
    inputs: type[Enum]


KINDS: Final = [
    Kind(
        lambda timers: client_invite.InviteClient(timers, asked("INVITE"), PEER),
        client_invite.TRANSITIONS,  # type: ignore[arg-type]
        client_invite.State,
        client_invite.Input,
    ),
    Kind(
        lambda timers: client.Client(timers, asked("REGISTER"), PEER),
        client.TRANSITIONS,  # type: ignore[arg-type]
        client.State,
        client.Input,
    ),
    Kind(
        lambda timers: server_invite.InviteServer(timers, asked("INVITE"), PEER),
        server_invite.TRANSITIONS,  # type: ignore[arg-type]
        server_invite.State,
        server_invite.Input,
    ),
    Kind(
        lambda timers: server.Server(timers, asked("BYE"), PEER),
        server.TRANSITIONS,  # type: ignore[arg-type]
        server.State,
        server.Input,
    ),
]


def step(machine: Transaction[Enum, Enum], what: Enum) -> list[Output]:
    return machine._step(what, NOW)


@pytest.mark.parametrize("kind", KINDS, ids=["nict-invite", "nict", "ist", "nist"])
class TestTables:
    def test_every_state_with_every_input_follows_the_table_or_does_nothing(
        self, kind: Kind
    ) -> None:
        for state in kind.states:
            for what in kind.inputs:
                machine = kind.make(Timers())
                machine.start(NOW)
                machine.state = state  # type: ignore[assignment]
                before = machine.deadline()
                outputs = step(machine, what)  # type: ignore[arg-type]
                if (state, what) in kind.table:
                    assert machine.state is kind.table[state, what][0]
                else:
                    assert outputs == []
                    assert machine.state is state
                    assert machine.deadline() == before

    def test_every_state_is_reached_and_the_last_is_final(self, kind: Kind) -> None:
        assert {to for to, _ in kind.table.values()} | {kind.make(Timers()).state} == set(
            kind.states
        )
        assert all(state.name != "TERMINATED" for state, _ in kind.table)

    def test_every_input_is_used(self, kind: Kind) -> None:
        assert {what for _, what in kind.table} == set(kind.inputs)

    def test_a_machine_that_is_over_wants_no_tick(self, kind: Kind) -> None:
        for (state, what), (to, _) in kind.table.items():
            machine = kind.make(Timers())
            machine.start(NOW)
            machine.state = state  # type: ignore[assignment]
            step(machine, what)  # type: ignore[arg-type]
            assert machine.over == (to.name == "TERMINATED")
            if machine.over:
                assert machine.deadline() is None


@given(st.sampled_from(KINDS), st.data())
def test_any_order_of_inputs_leaves_a_known_state(kind: Kind, data: st.DataObject) -> None:
    machine = kind.make(Timers())
    machine.start(NOW)
    for what in data.draw(st.lists(st.sampled_from(kind.inputs), max_size=20)):
        step(machine, what)  # type: ignore[arg-type]
        assert machine.state in kind.states
        assert not machine.over or machine.deadline() is None


def gaps(machine: Machine) -> list[tuple[float, str]]:
    log = []
    while (at := machine.deadline()) is not None:
        log += [(float(at), type(output).__name__) for output in machine.tick(at)]
    return log


def reply(status: int, method: str = "INVITE", tag: str = "them") -> Response:
    return Response.answering(asked(method), status, to_tag=tag)


class TestInviteClient:
    def make(self) -> client_invite.InviteClient:
        machine = client_invite.InviteClient(Timers(), asked("INVITE"), PEER)
        assert machine.start(NOW) == [Send(bytes(asked("INVITE")), PEER)]
        return machine

    def test_unanswered_invite_doubles_timer_a_until_timer_b(self) -> None:
        log = gaps(self.make())
        assert [at for at, _ in log] == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 32.0]
        assert log[-1] == (32.0, "Unanswered")

    def test_provisional_stops_resending_row_28(self) -> None:
        machine = self.make()
        assert machine.receive(reply(100), NOW) == [Passed(reply(100))]
        assert machine.deadline() is None

    def test_failure_is_acknowledged_as_row_42_says(self) -> None:
        machine = self.make()
        send, passed = machine.receive(reply(603), NOW)
        assert passed == Passed(reply(603))
        assert isinstance(send, Send)
        ack = parse(send.data)
        assert isinstance(ack, Request)
        assert (ack.method, ack.uri, str(ack.cseq), ack.body) == ("ACK", "sip:b@x", "5 ACK", b"")
        assert ack.headers.raw("Via") == asked("INVITE").headers.raw("Via")
        assert ack.to.tag == "them"
        assert ack.headers.raw("Route") == ["<sip:p1;lr>", "<sip:p2;lr>"]
        names = {name for name, _ in ack.headers}
        assert names == {
            "Via", "From", "To", "Call-ID", "CSeq", "Route", "Max-Forwards", "Content-Length",
        }  # fmt: skip

    def test_each_copy_of_a_failure_is_acknowledged_for_timer_d_and_told_once(self) -> None:
        machine = self.make()
        ack, _ = machine.receive(reply(486), NOW)
        assert machine.receive(reply(486), Seconds(31)) == [ack]
        assert gaps(machine) == []
        assert machine.receive(reply(486), Seconds(33)) == []

    def test_only_the_top_via_goes_into_the_ack(self) -> None:
        invite = asked("INVITE")
        two = Request(
            "INVITE", invite.uri, Headers((*invite.headers, ("Via", str(Via("192.0.2.8")))))
        )
        assert len(client_invite.acknowledgement(two, reply(486)).vias) == 1


class TestClient:
    def make(self) -> client.Client:
        machine = client.Client(Timers(), asked("REGISTER"), PEER)
        assert machine.start(NOW) == [Send(bytes(asked("REGISTER")), PEER)]
        return machine

    def test_unanswered_request_is_resent_up_to_t2_until_timer_f(self) -> None:
        log = gaps(self.make())
        times = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5, 32.0]
        assert [at for at, _ in log] == times
        assert log[-1] == (32.0, "Unanswered")

    def test_after_100_timer_e_runs_at_t2_and_timer_f_still_ends_it_c_43(self) -> None:
        machine = self.make()
        machine.receive(reply(100, "REGISTER"), Seconds(0.1))
        log = gaps(machine)
        assert [at for at, _ in log] == [0.5, 4.5, 8.5, 12.5, 16.5, 20.5, 24.5, 28.5, 32.0]
        assert log[-1] == (32.0, "Unanswered")

    def test_copies_of_the_final_are_absorbed_for_timer_k(self) -> None:
        machine = self.make()
        assert machine.receive(reply(200, "REGISTER"), NOW) == [Passed(reply(200, "REGISTER"))]
        assert machine.receive(reply(200, "REGISTER"), Seconds(4)) == []
        assert machine.deadline() == 5.0

    def test_unreachable_ends_it(self) -> None:
        assert self.make().unreachable(NOW) == [Unanswered()]


class TestInviteServer:
    def make(self) -> server_invite.InviteServer:
        machine = server_invite.InviteServer(Timers(), asked("INVITE"), PEER)
        (trying,) = machine.start(NOW)
        assert isinstance(trying, Send)
        assert trying.data.startswith(b"SIP/2.0 100 Trying\r\n")
        return machine

    def test_unacknowledged_busy_is_resent_with_backoff_and_then_given_up(self) -> None:
        machine = self.make()
        machine.reply(reply(486), NOW)
        log = gaps(machine)
        times = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5, 32.0]
        assert [at for at, _ in log] == times
        assert log[-1] == (32.0, type(Unacknowledged()).__name__)

    def test_ack_stops_resending_and_its_copies_are_absorbed_for_timer_i(self) -> None:
        machine = self.make()
        machine.reply(reply(486), NOW)
        assert machine.acknowledge(Seconds(0.2)) == []
        assert machine.acknowledge(Seconds(0.3)) == []
        assert machine.deadline() == pytest.approx(5.2)

    def test_reply_that_comes_too_late_does_not_replace_the_final(self) -> None:
        machine = self.make()
        machine.reply(reply(486), NOW)
        assert machine.reply(reply(180), NOW) == []
        assert machine.receive(NOW) == [Send(bytes(reply(486)), PEER)]

    def test_copies_of_an_accepted_invite_are_absorbed_rfc_6026(self) -> None:
        machine = self.make()
        machine.reply(reply(200), NOW)
        assert machine.receive(Seconds(1)) == []
        assert machine.deadline() == 32.0


class TestServer:
    def test_copies_get_the_last_answer_until_timer_j(self) -> None:
        machine = server.Server(Timers(), asked("BYE"), PEER)
        assert machine.start(NOW) == []
        assert machine.receive(NOW) == []
        machine.reply(reply(100, "BYE"), NOW)
        assert machine.receive(NOW) == [Send(bytes(reply(100, "BYE")), PEER)]
        machine.reply(reply(200, "BYE"), Seconds(1))
        assert machine.reply(reply(500, "BYE"), Seconds(2)) == []
        assert machine.receive(Seconds(30)) == [Send(bytes(reply(200, "BYE")), PEER)]
        assert machine.deadline() == 33.0


def test_timer_d_never_falls_below_32_s() -> None:
    assert Timers(t1=Seconds(0.1)).absorb == 32.0
    assert Timers(t1=Seconds(1.0)).absorb == 64.0
