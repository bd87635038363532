"""Rows 77 to 92: transactions, ports, sound and the end of calls, as the log lines tell."""

import random
import socket
from itertools import pairwise

import pytest

from offhook.audio.codec import open_codec
from offhook.audio.playout import Playout
from offhook.notes import TRANSITION, Note, Severity
from offhook.phone.actions import (
    CallEnded,
    Listen,
    Ring,
    SetGate,
    StartVoice,
    StopVoice,
    VoiceCommand,
)
from offhook.phone.events import VoiceReport
from offhook.rtp.packet import Packet
from offhook.service.voice.ports import RtpPorts
from offhook.sip.actions import Send
from offhook.units import RtpTicks, Seconds
from support.entropy import CountingEntropy
from support.replay import report
from support.seed_desk import Desk, swap
from support.voices import Alone, rtp

HOST = "127.82.82.82"  # an address of this machine that nobody else uses


def test_the_invites_transaction_lives_on_after_the_200() -> None:
    """Row 78: Accepted for 64·T1 (RFC 6026): a late copy of the INVITE is no new call."""
    desk = Desk(2)
    desk.talk_in()
    desk.run(6.0)
    assert desk.transactions == 1
    before = len(desk.done)
    desk.ring()
    assert desk.done[before:] == []
    desk.run(25.0)
    assert desk.transactions == 1
    desk.run(2.0)
    assert desk.transactions == 0


def test_a_register_is_forgotten_5_s_after_its_answer() -> None:
    """Row 79: timer K is T4 on UDP."""
    desk = Desk(registered=False, learn_contact="never")
    desk.take(desk.station.start(desk.now))
    desk.seed("38_recv_200")
    desk.run(4.9)
    assert desk.transactions == 1
    desk.run(0.2)
    assert desk.transactions == 0


def test_every_state_of_a_call_can_be_read() -> None:
    """Row 80: of the person, and of the call, by name."""
    desk = Desk(2)
    seen = []

    def look() -> None:
        status = desk.station.status(desk.now)
        seen.append((status.state, tuple(call.state for call in status.calls)))

    look()
    desk.ring()
    look()
    desk.lift()
    look()
    desk.seed("17_recv_ACK")
    desk.seed("18_recv_BYE")
    look()
    desk.put_down()
    look()
    assert seen == [
        ("idle", ()),
        ("ringing", ("offered",)),
        ("talking", ("up",)),
        ("remote ended", ()),
        ("idle", ()),
    ]


def test_every_transition_is_one_line_for_machines() -> None:
    """Row 80: of the person, of the call, and of the dialog, as the seed's telephone logged it."""
    desk = Desk(2)
    before = len(desk.done)
    desk.ring()
    desk.lift()
    desk.seed("17_recv_ACK")
    desk.seed("18_recv_BYE")
    moves = [
        each for each in desk.done[before:] if isinstance(each, Note) and each.what == TRANSITION
    ]
    told = [
        tuple(move.fields[name] for name in ("machine", "from", "event", "state")) for move in moves
    ]
    assert told == [
        ("dialog", "none", "invite", "ringing"),
        ("call", "none", "invited", "offered"),
        ("phone", "idle", "call_in", "ringing"),
        ("phone", "ringing", "lifted", "talking"),
        ("call", "offered", "take", "up"),
        ("dialog", "ringing", "answer", "answered"),
        ("dialog", "answered", "ack", "talking"),
        ("dialog", "talking", "bye", "over"),
        ("call", "up", "ended", "over"),
        ("phone", "talking", "over", "remote_ended"),
    ]
    assert {move.severity for move in moves if move.fields["machine"] == "dialog"} == {
        Severity.DEBUG
    }
    named = {move.fields["call"] for move in moves if move.fields["machine"] != "phone"}
    assert len(named) == 1


@pytest.mark.integration
def test_a_pair_of_ports_is_even_and_odd_and_a_taken_one_is_passed_over() -> None:
    """Row 82: EADDRINUSE on either leads to the next pair."""
    ports = RtpPorts(HOST, 42000, 42007, CountingEntropy())
    blocker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        blocker.bind((HOST, 42003))
        found: list[int] = []
        for _ in range(3):
            found.append(ports.choose())
            ports.open(found[-1])
        assert sorted(found) == [42000, 42004, 42006]
        with pytest.raises(OSError, match="no free pair"):
            ports.choose()
        pair = ports.take(42004)
        assert pair is not None
        assert pair.rtcp.getsockname()[1] == pair.rtp.getsockname()[1] + 1
        pair.close()
    finally:
        blocker.close()
        ports.close_all()


@pytest.mark.parametrize("period", [64, 100, 184, 185])
def test_packets_do_not_care_for_the_sound_cards_period(period: int) -> None:
    """Row 85: 23 ms of the card, 20 ms in a packet."""
    phone = Alone(period)
    phone.start()
    packets = rtp(phone.run(2.0))
    assert len(packets) >= 95
    assert {len(packet.payload) for packet in packets} == {160}
    steps = {(after.timestamp - before.timestamp) % 2**32 for before, after in pairwise(packets)}
    assert steps == {160}


@pytest.mark.parametrize("out", [True, False])
def test_the_card_runs_before_the_microphone_is_connected(out: bool) -> None:
    """Row 86: and the stream is there before the gate to it opens (row 90)."""
    desk = Desk(1 if out else 2)
    if out:
        desk.talk_out()
    else:
        desk.talk_in()
    kinds = [type(action) for action in desk.done]
    assert kinds.index(Listen) < kinds.index(SetGate)
    assert kinds.index(StartVoice) < kinds.index(SetGate)


def test_no_more_than_four_of_a_hundred_packets_come_too_late() -> None:
    """Row 88: the wait adapts to the jitter, here 8 ms on the average."""
    dice = random.Random(88)
    playout = Playout(open_codec("PCMA"))
    payload = bytes([0xD5] * 160)
    arrivals = sorted((i * 0.02 + dice.expovariate(1 / 0.008), i) for i in range(6000))
    warm = None
    now, at = 0.0, 0
    while at < len(arrivals):
        now += 0.01
        while at < len(arrivals) and arrivals[at][0] <= now:
            when, i = arrivals[at]
            playout.put(RtpTicks(160 * i), payload, Seconds(when))
            at += 1
        playout.get(80, Seconds(now))
        if warm is None and now > 20.0:
            warm = playout.stats
    end = playout.stats
    assert warm is not None
    received = end.received - warm.received
    assert received > 4900
    assert end.late - warm.late + end.lost - warm.lost <= 0.04 * received
    assert end.mean_delay < 0.12


def test_what_is_missing_is_counted_and_filled() -> None:
    """Row 89: a burst of four lost packets, and no warning instead of sound."""
    phone = Alone()
    phone.start()
    tone = bytes([0x10, 0x90] * 80)
    for i in range(200):
        if i not in range(100, 104):
            phone.hear(Packet(0, i, 160 * i, 9, tone, marker=i == 0))
        phone.step()
        phone.step()
    (final,) = phone.obey(StopVoice(1))
    assert isinstance(final, VoiceReport)
    assert final.lost == 4
    assert 0.06 <= final.concealed <= 0.12


def test_we_listen_with_the_200_and_speak_with_it() -> None:
    """Row 90: not only after the ACK."""
    desk = Desk(2)
    desk.ring()
    desk.sent()
    before = len(desk.done)
    desk.lift()
    kinds = [type(action) for action in desk.done[before:]]
    assert desk.response(200).body
    assert kinds.index(Send) < kinds.index(SetGate)
    assert StartVoice in kinds


def test_a_refresh_inside_a_call_disturbs_nothing() -> None:
    """Row 91: one REGISTER and its answer are all that happens."""
    desk = Desk(3, learn_contact="never", expires=Seconds(30), registered=False)
    desk.take(desk.station.start(desk.now))
    desk.seed("38_recv_200")
    desk.seed("32_recv_INVITE")
    desk.lift()
    desk.seed("36_recv_ACK")
    before = len(desk.done)
    desk.sent()
    desk.run(15.0)
    assert desk.request("REGISTER").headers.first("Authorization") is None
    desk.seed("38_recv_200")
    happened = desk.done[before:]
    assert not [each for each in happened if isinstance(each, VoiceCommand | Ring | CallEnded)]
    desk.seed("39_recv_BYE")
    assert desk.response(200).cseq.method == "BYE"


def test_ending_twice_is_ending_once() -> None:
    """Row 92: whatever closes may be closed again."""
    phone = Alone()
    phone.start()
    assert len(phone.obey(StopVoice(1))) == 1
    assert phone.obey(StopVoice(1)) == []
    desk = Desk(2)
    desk.talk_in()
    desk.put_down()
    desk.seed("26_recv_200")
    before = len(desk.done)
    desk.put_down()
    desk.put_down()
    assert desk.done[before:] == []


@pytest.mark.slow
def test_a_thousand_calls_leave_nothing() -> None:
    """Row 92."""
    desk = Desk(2)
    for i in range(1000):
        branch = swap("e1504ac5-3c91", f"e{i}", "branch=z9hG4bK", f"branch=z9hG4bK{i}")
        desk.ring(branch)
        desk.lift()
        desk.seed("17_recv_ACK", branch)
        desk.seed("18_recv_BYE", branch)
        desk.do(report(i + 1))
        desk.put_down()
        desk.done.clear()
        desk.sent()
    desk.run(40.0)
    assert desk.station.line.calls == {}
    assert set(desk.station.agent.load.values()) == {0}
    assert desk.station.status(desk.now).state == "idle"
