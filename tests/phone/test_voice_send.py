"""Microphone to network."""

import struct
from dataclasses import replace

import pytest

from offhook.audio.codec import available
from offhook.audio.codec.g711 import decode_ulaw
from offhook.phone.actions import (
    Listen,
    Mute,
    SetGate,
    StartDigit,
    StartVoice,
    StopDigit,
    StopVoice,
    UpdateVoice,
)
from offhook.rtp import rtcp
from offhook.units import Endpoint, Seconds
from support.sound import chirp
from support.voices import BOB, PARAMETERS, Alone, rtp


@pytest.mark.parametrize("period", [40, 64, 80, 160, 320])
@pytest.mark.parametrize("ms", [10, 20, 30, 60])
def test_c48_packets_leave_at_the_packet_time_whatever_the_period(period: int, ms: int) -> None:
    phone = Alone(period)
    phone.start(replace(PARAMETERS, packet_time=Seconds(ms / 1000)))
    packets = rtp(phone.run(1.92))
    assert {len(packet.payload) for packet in packets} == {8 * ms}
    assert len(packets) == pytest.approx(1920 / ms, abs=1)
    stamps = [(packet.timestamp - 2**32 + 1000) % 2**32 for packet in packets]
    assert stamps == [8 * ms * each for each in range(len(packets))]
    assert [packet.sequence for packet in packets] == [
        (65_530 + each) % 65_536 for each in range(len(packets))
    ]


def test_the_marker_begins_a_talk_spurt_only() -> None:
    phone = Alone()
    phone.start()
    assert [packet.marker for packet in rtp(phone.run(0.1))] == [True] + [False] * 4
    phone.obey(SetGate(None))
    phone.run(0.1)
    phone.obey(SetGate(1))
    assert rtp(phone.run(0.1))[0].marker


def test_what_is_sent_is_what_the_microphone_gave() -> None:
    phone = Alone()
    phone.start()
    packets = rtp(phone.run(0.2, b"\x00\x20" * 80))
    sent = b"".join(decode_ulaw(packet.payload) for packet in packets)
    assert set(struct.unpack(f"<{len(sent) // 2}h", sent)) == {8316}  # 8192 in the µ law


@pytest.mark.skipif("G729" not in available(), reason="libbcg729 is not installed")
def test_g729_is_sent_in_frames_of_ten_bytes() -> None:
    phone = Alone()
    phone.start(replace(PARAMETERS, codec="G729", send_payload_type=18, receive_payload_type=18))
    packets = rtp(phone.run(0.2))
    assert {(packet.payload_type, len(packet.payload)) for packet in packets} == {(18, 20)}


@pytest.mark.skipif("G729" not in available(), reason="libbcg729 is not installed")
def test_c47_silence_frames_only_where_allowed_and_then_speech_is_marked() -> None:
    for allowed in (False, True):
        phone = Alone()
        phone.start(
            replace(
                PARAMETERS,
                codec="G729",
                send_payload_type=18,
                receive_payload_type=18,
                silence_frames=allowed,
            )
        )
        phone.run(0.2, chirp(80))
        quiet = rtp(phone.run(2, b"\0\0" * 80))
        assert any(len(packet.payload) != 20 for packet in quiet) is allowed
        assert (len(quiet) < 60) is allowed
        phone.run(0.1, chirp(80))
        speech = rtp(phone.run(0.1, chirp(80)))
        assert {len(packet.payload) for packet in speech} == {20}


def test_before_a_call_the_microphone_goes_nowhere() -> None:
    assert Alone().run(1) == []


def test_nothing_at_all_leaves_before_the_gate_opens() -> None:
    phone = Alone()
    phone.obey(StartVoice(1, PARAMETERS), StartDigit(1, "5"))
    assert phone.run(20) == []
    assert phone.voice.farewell(1, phone.at) == []


def test_what_was_captured_before_the_gate_opened_never_leaves() -> None:
    phone = Alone()
    phone.obey(StartVoice(1, PARAMETERS))
    phone.step(b"\x00\x70" * 80)  # half a packet, loud
    phone.obey(SetGate(1))
    packets = rtp(phone.run(0.1, b"\0\0" * 80))
    assert b"".join(packet.payload for packet in packets).strip(b"\xff") == b""


def test_what_was_captured_before_the_gate_closed_does_not_leave_later() -> None:
    phone = Alone()
    phone.start()
    phone.run(0.1)
    phone.step(b"\x00\x70" * 80)
    phone.obey(SetGate(None), SetGate(1))
    packets = rtp(phone.run(0.1, b"\0\0" * 80))
    assert b"".join(packet.payload for packet in packets).strip(b"\xff") == b""


def test_what_was_captured_before_the_card_stopped_does_not_leave_later() -> None:
    phone = Alone()
    phone.start()
    phone.step(b"\x00\x70" * 80)
    phone.obey(Listen(False), Listen(True))
    packets = rtp(phone.run(0.1, b"\0\0" * 80))
    assert b"".join(packet.payload for packet in packets).strip(b"\xff") == b""


def test_mute_is_silence_and_the_packets_go_on() -> None:
    phone = Alone()
    phone.start()
    phone.obey(Mute(True))
    packets = rtp(phone.run(0.2))
    assert len(packets) == 10
    assert {packet.payload for packet in packets} == {b"\xff" * 160}
    phone.obey(Mute(False))
    assert b"\xff" not in rtp(phone.run(0.1))[-1].payload


@pytest.mark.parametrize(
    "held",
    [{"send": False}, {"remote": None}, {"remote": Endpoint("0.0.0.0", 5000)}],  # noqa: S104
)
def test_c29_nothing_is_sent_to_a_peer_that_does_not_listen(held: dict[str, object]) -> None:
    phone = Alone()
    phone.start(replace(PARAMETERS, **held))  # type: ignore[arg-type]
    phone.obey(StartDigit(1, "5"), StopDigit(1))
    assert rtp(phone.run(1)) == []


def test_reliability_18_voice_does_not_go_on_to_an_address_that_never_speaks() -> None:
    phone = Alone()
    phone.start(replace(PARAMETERS, timeout=Seconds(30)))
    assert len(rtp(phone.run(10))) == pytest.approx(500, abs=1)
    assert rtp(phone.run(5)) == []
    phone.hear(rtcp.serialize([rtcp.ReceiverReport(9)]), Endpoint(BOB.host, 6001), rtcp=True)
    assert len(rtp(phone.run(5))) == pytest.approx(250, abs=1)


def test_a_peer_that_may_be_silent_is_spoken_to_for_ever() -> None:
    phone = Alone()
    phone.start()
    assert len(rtp(phone.run(30))) == pytest.approx(1500, abs=1)


def test_c50_after_a_hold_sequence_and_clock_go_on() -> None:
    phone = Alone()
    phone.start()
    before = rtp(phone.run(0.1))
    phone.obey(UpdateVoice(1, replace(PARAMETERS, send=False, ssrc=1, sequence=2)))
    assert rtp(phone.run(1)) == []
    phone.obey(UpdateVoice(1, PARAMETERS))
    after = rtp(phone.run(0.1))
    assert after[0].sequence == (before[-1].sequence + 1) % 65_536
    assert (after[0].timestamp - before[0].timestamp) % 2**32 == round(1.1 * 8000)
    assert after[0].ssrc == before[0].ssrc


def test_c30_a_new_address_and_codec_hold_from_the_next_packet() -> None:
    phone = Alone()
    phone.start()
    phone.run(0.1)
    moved = Endpoint("192.0.2.77", 7000)
    alaw = replace(
        PARAMETERS, remote=moved, codec="PCMA", send_payload_type=8, receive_payload_type=8
    )
    phone.obey(UpdateVoice(1, alaw), UpdateVoice(9, alaw))
    out = phone.run(0.1)
    assert {(each.to, rtp([each])[0].payload_type) for each in out} == {(moved, 8)}


def test_a_mere_refresh_does_not_break_a_packet_in_the_making() -> None:
    phone = Alone()
    phone.start()
    phone.step()
    phone.obey(UpdateVoice(1, replace(PARAMETERS, timeout=Seconds(60))))
    assert len(rtp(phone.step())) == 1


def test_lost_samples_are_a_gap_in_the_timestamps() -> None:
    phone = Alone()
    phone.start()
    before = rtp(phone.run(1))
    phone.now += 0.1
    after = rtp(phone.run(2))
    assert (after[-1].timestamp - before[-1].timestamp) % 2**32 == 160 * 100 + 800
    assert after[-1].sequence == (before[-1].sequence + len(after)) % 65_536


# Keys


def test_c44_a_key_takes_the_place_of_voice_and_the_clock_goes_on() -> None:
    phone = Alone()
    phone.start()
    before = rtp(phone.run(0.1))[-1]
    phone.obey(StartDigit(1, "5"))
    keys = rtp(phone.run(0.1))
    phone.obey(StopDigit(1))
    rest = rtp(phone.run(0.2))
    events = [packet for packet in keys + rest if packet.payload_type == 101]
    voice = [packet for packet in rest if packet.payload_type == 0]
    assert [packet.marker for packet in events] == [True] + [False] * 7
    assert {packet.timestamp for packet in events} == {(before.timestamp + 160) % 2**32}
    assert [packet.payload.hex() for packet in events] == [
        "050a00a0", "050a0140", "050a01e0", "050a0280", "050a0320",
        "058a03c0", "058a03c0", "058a03c0",
    ]  # fmt: skip
    assert voice[0].timestamp == (before.timestamp + 9 * 160) % 2**32
    numbers = [packet.sequence for packet in keys + rest]
    assert numbers == [(before.sequence + 1 + each) % 65_536 for each in range(15)]


def test_keys_are_tones_in_the_voice_for_a_peer_without_events() -> None:
    phone = Alone()
    phone.start(replace(PARAMETERS, dtmf_send=None))
    phone.run(0.1)
    phone.obey(StartDigit(1, "5"))
    during = rtp(phone.run(0.1, b"\0\0" * 80))
    phone.obey(StopDigit(1))
    after = rtp(phone.run(0.3, b"\0\0" * 80))
    assert {packet.payload_type for packet in during + after} == {0}
    assert len(set(during[2].payload)) > 30
    assert after[-1].payload == b"\xff" * 160


def test_closing_the_gate_ends_a_key() -> None:
    phone = Alone()
    phone.start()
    phone.obey(StartDigit(1, "5"))
    phone.run(0.1)
    phone.obey(SetGate(None), SetGate(1))
    assert {packet.payload_type for packet in rtp(phone.run(0.1))} == {0}


# RTCP


def test_reports_go_to_the_next_port_about_every_five_seconds() -> None:
    phone = Alone()
    phone.start()
    out = [each for each in phone.run(60) if each.rtcp]
    assert 8 <= len(out) <= 20
    assert {each.to for each in out} == {Endpoint(BOB.host, BOB.port + 1)}
    report, name = rtcp.parse(out[-1].data)
    assert isinstance(report, rtcp.SenderReport)
    assert report.ssrc == PARAMETERS.ssrc
    assert report.octets == report.packets * 160
    assert report.packets == pytest.approx(50 * 57, abs=200)
    assert name == rtcp.Description(PARAMETERS.ssrc, b"c0ffee")


def test_row_70_with_mux_reports_go_to_the_rtp_port() -> None:
    phone = Alone()
    phone.start(replace(PARAMETERS, rtcp_mux=True))
    reports = [each for each in phone.run(10) if each.data[1] in {200, 201}]
    assert reports
    assert {(each.to, each.rtcp) for each in reports} == {(BOB, False)}


@pytest.mark.parametrize("nowhere", [{"remote_rtcp": None}, {"remote": None}])
def test_without_an_address_there_are_no_reports(nowhere: dict[str, object]) -> None:
    phone = Alone()
    phone.start(replace(PARAMETERS, **nowhere))  # type: ignore[arg-type]
    assert [each for each in phone.run(20) if each.rtcp] == []


def test_a_held_stream_goes_on_reporting_but_says_nothing() -> None:
    phone = Alone()
    phone.start()
    phone.run(3)
    phone.obey(SetGate(None))
    out = phone.run(30)
    assert rtp(out) == []
    kinds = [type(rtcp.parse(each.data)[0]) for each in out]
    assert kinds.count(rtcp.ReceiverReport) >= len(kinds) - 1 > 2


def test_the_farewell_names_us() -> None:
    phone = Alone()
    phone.start()
    phone.run(0.1)
    (bye,) = phone.voice.farewell(1, phone.at)
    assert bye.rtcp
    assert rtcp.parse(bye.data)[-1] == rtcp.Goodbye((PARAMETERS.ssrc,))
    phone.obey(StopVoice(1))
    assert phone.voice.farewell(1, phone.at) == []
