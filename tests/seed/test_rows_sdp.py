"""Rows 61 to 76: offers and answers (the rest: tests/sdp)."""

import pytest

from offhook.phone.actions import StartVoice, StopVoice, UpdateVoice, VoiceParameters
from offhook.sdp.formats import formats
from offhook.sdp.session import Session, parse
from offhook.sip.parser import parse as parse_message
from support.seed_desk import Desk
from support.seed_peer import MESSAGES

BODIES = sorted(
    path.stem
    for path in MESSAGES.glob("*.sip")
    if b"application/sdp\r\nContent-" in path.read_bytes()
)


def body(name: str) -> Session:
    return parse(parse_message((MESSAGES / f"{name}.sip").read_bytes()).body)


def started(desk: Desk) -> VoiceParameters:
    (start,) = desk.told(StartVoice)
    assert isinstance(start, StartVoice)
    return start.parameters


def test_the_order_of_preference_is_that_of_the_m_line() -> None:
    """Row 62: PCMA, PCMU, GSM, opus, keys."""
    (media,) = body("05_send_INVITE").media
    kinds = [(each.payload_type, each.name) for each in formats(media)]
    assert kinds == [
        (8, "PCMA"),
        (0, "PCMU"),
        (3, "GSM"),
        (111, "OPUS"),
        (101, "TELEPHONE-EVENT"),
    ]


def test_our_offer_says_both_ways_and_one_port_for_both() -> None:
    """Rows 63 and 67: sendrecv, rtcp-mux, ptime and maxptime, and nothing nobody asked for."""
    (media,) = parse(Desk().call().body).media
    names = {each.name for each in media.attributes}
    assert {"sendrecv", "rtcp-mux", "ptime", "maxptime"} <= names
    assert names <= {"sendrecv", "rtcp-mux", "ptime", "maxptime", "rtpmap", "fmtp"}


def test_where_mux_is_taken_reports_go_to_the_voices_port() -> None:
    """Rows 67 and 70: the seed's answer says rtcp-mux and a=rtcp with the same port."""
    desk = Desk()
    desk.talk_out()
    voice = started(desk)
    assert voice.rtcp_mux
    assert voice.remote == voice.remote_rtcp
    assert (voice.codec, voice.dtmf_send) == ("PCMA", 101)


def test_without_mux_reports_go_to_the_next_port() -> None:
    """Row 83: S6, voice to 60652, reports to 60653."""
    desk = Desk(3)
    desk.seed("32_recv_INVITE")
    desk.lift()
    voice = started(desk)
    assert not voice.rtcp_mux
    assert voice.remote is not None
    assert voice.remote_rtcp is not None
    assert (voice.remote.port, voice.remote_rtcp.port) == (60652, 60653)


def test_a_name_printed_from_null_is_not_copied() -> None:
    """Row 68: no ssrc line of ours; the CNAME in RTCP is random, new in each call (RFC 7022)."""
    names = set()
    desk = Desk()
    for _ in range(2):
        assert b"ssrc" not in desk.talk_out().body
        names.add(started(desk).cname)
        desk.lift()
        desk.put_down()
        desk.done.clear()
        desk.sent()
    assert len(names) == 2
    for name in names:
        assert len(name) >= 16
        assert "1011" not in name


def test_a_call_that_offers_g729_only_is_taken() -> None:
    """Rows 71, 72 and 75: no direction means both ways; answered in the offer's numbers."""
    desk = Desk(2)
    desk.ring()
    desk.lift()
    (media,) = parse(desk.response(200).body).media
    assert media.formats == ("18", "101")
    assert media.first("rtcp-mux") is None
    voice = started(desk)
    assert (voice.codec, voice.send, voice.receive) == ("G729", True, True)
    assert not voice.silence_frames


@pytest.mark.parametrize(("order", "kind"), [("offerer", "18"), ("answerer", "8")])
def test_whose_order_decides_can_be_chosen(order: str, kind: str) -> None:
    """Row 74: 18 0 8 is offered; we should like 8 best."""
    desk = Desk(3, answer_order=order)
    desk.seed("32_recv_INVITE")
    desk.lift()
    (media,) = parse(desk.response(200).body).media
    assert media.formats == (kind, "101")


NEWER = ("1537948692 1537948693", "1537948692 1537948694")


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ((), set()),
        (NEWER, set()),
        ((*NEWER, "m=audio 60612", "m=audio 60700"), {"remote", "remote_rtcp"}),
        ((*NEWER, "c=IN IP4 47.97.174.58", "c=IN IP4 47.97.174.59"), {"remote", "remote_rtcp"}),
        ((*NEWER, "a=ptime:20", "a=ptime:40"), {"packet_time"}),
        ((*NEWER, "a=ptime:20", "a=ptime:20\r\na=sendonly"), {"send", "remote", "timeout"}),
        (
            (*NEWER, "RTP/AVP 18", "RTP/AVP 8", "a=rtpmap:18 G729", "a=rtpmap:8 PCMA"),
            {"codec", "send_payload_type", "receive_payload_type"},
        ),
    ],
)
def test_a_new_session_changes_just_what_changed(
    changes: tuple[str, ...], differs: set[str]
) -> None:
    """Row 81 (and 35): nothing of the voice is restarted, SSRC and clock go on."""
    desk = Desk(2)
    desk.talk_in()
    before = started(desk)
    desk.reinvite(*changes)
    assert [one.status for one in desk.responses()] == [100, 200]
    assert desk.told(StopVoice) == []
    updates = desk.told(UpdateVoice)
    assert bool(updates) == bool(differs)
    for update in updates:
        assert isinstance(update, UpdateVoice)
        after = update.parameters
        found = {
            name
            for name in VoiceParameters.__dataclass_fields__
            if getattr(before, name) != getattr(after, name)
        }
        assert found == differs


def test_there_are_thirteen_descriptions_whose_lengths_are_true() -> None:
    """T-A1, of the bodies."""
    assert len(BODIES) == 13
    for name in BODIES:
        assert len(body(name).media) == 1
