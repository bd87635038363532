"""Media of the exchange: what is said, when, and with which numbers."""

from itertools import pairwise

import pytest

from offhook.audio.codec import open_codec
from offhook.lab.media import READ_AFTER, Media, Programme
from offhook.rtp.packet import Packet
from offhook.rtp.rtcp import Description, ReceiverReport, SenderReport, parse, serialize
from offhook.sdp.negotiate import Agreed
from offhook.units import Endpoint, Seconds
from support.entropy import CountingEntropy


def _agreed(send: bool = True, codec: str = "PCMA", dtmf: int | None = 101) -> Agreed:
    return Agreed(
        codec=codec,
        send_payload_type=8,
        receive_payload_type=8,
        dtmf_send=dtmf,
        dtmf_receive=dtmf,
        rtp=Endpoint("127.0.0.1", 9000),
        rtcp=None,
        rtcp_mux=True,
        packet_time=Seconds(0.02),
        send=send,
        receive=True,
        silence_frames=False,
    )


def _media(programme: Programme, agreed: Agreed | None = None) -> Media:
    media = Media(20000, agreed or _agreed(), programme, CountingEntropy())
    media.play(programme, Seconds(0))
    return media


def _run(media: Media, until: float) -> list[Packet]:
    packets: list[Packet] = []
    while (at := media.deadline()) is not None and at < until:
        packets += [Packet.parse(data) for data in media.tick(at)]
    return packets


def test_a_tone_counts_one_sequence_number_and_160_ticks_a_packet() -> None:
    packets = _run(_media(Programme.MILLIWATT), 1)
    assert len(packets) == 50
    assert {b.sequence - a.sequence for a, b in pairwise(packets)} == {1}
    assert {b.timestamp - a.timestamp for a, b in pairwise(packets)} == {160}
    assert [packet.marker for packet in packets[:2]] == [True, False]


def test_the_echo_waits_for_a_voice_and_never_speaks_first() -> None:
    media = _media(Programme.ECHO)
    assert media.deadline() is None
    assert len(media.receive(bytes(Packet(8, 1, 1, 1, b"\xd5" * 160)), Seconds(1))) == 1
    assert (media.received, media.sent) == (1, 1)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80", bytes(12), bytes(Packet(0, 1, 1, 1, b"x")), bytes(Packet(8, 1, 1, 1, b""))],
)
def test_the_echo_ignores_what_is_no_voice_of_this_call(data: bytes) -> None:
    assert _media(Programme.ECHO).receive(data, Seconds(0)) == []


def test_a_held_stream_is_silent() -> None:
    media = _media(Programme.MILLIWATT)
    media.renegotiate(_agreed(send=False))
    assert _run(media, 1) == []


def test_a_sender_that_overslept_does_not_catch_up_in_a_burst() -> None:
    media = _media(Programme.MILLIWATT)
    media.tick(Seconds(0))
    assert len(media.tick(Seconds(5))) <= 2


def test_digits_are_read_back_without_events_where_none_were_agreed() -> None:
    media = _media(Programme.READER)
    event = bytes(Packet(101, 1, 7, 1, bytes((5, 0x8A, 0, 160))))
    assert media.receive(event, Seconds(1)) == []
    media.renegotiate(_agreed(dtmf=None))
    packets = _run(media, 60)
    assert media.digits == "5"
    assert {packet.payload_type for packet in packets} == {8}


def test_a_long_event_told_often_is_one_digit() -> None:
    media = _media(Programme.READER)
    for n in range(1, 20):
        packet = Packet(101, n, 7, 1, bytes((9, 10, 0, n)))
        media.receive(bytes(packet), Seconds(n * 0.02))
    media.receive(bytes(Packet(101, 20, 7, 1, b"\x09")), Seconds(1))  # too short to be one
    assert media.digits == "9"
    assert media.deadline() == pytest.approx(0.02 + READ_AFTER)


def test_levels_tell_what_was_said_and_heard() -> None:
    media = _media(Programme.ECHO)
    loud = open_codec("PCMA").encode(b"\xff\x7f\x01\x80" * 80)
    media.receive(bytes(Packet(8, 1, 1, 1, loud)), Seconds(0))
    assert media.levels.spoken is not None
    assert media.levels.spoken > 0
    assert media.levels.heard == media.levels.spoken


def test_a_sender_report_is_answered_with_what_was_lost() -> None:
    media = _media(Programme.SILENCE)
    for sequence in (1, 2, 5):
        media.receive(bytes(Packet(8, sequence, 1, 77, b"\xd5" * 160)), Seconds(1))
    report = SenderReport(77, 0x0000_0003_8000_0000, 1, 3, 480)
    (answered,) = media.receive(serialize([report, Description(77, b"x")]), Seconds(2))
    receiver, _ = parse(answered)
    assert isinstance(receiver, ReceiverReport)
    (block,) = receiver.reports
    assert (block.ssrc, block.lost, block.last_report) == (77, 2, 0x0003_8000)
    stranger = serialize([SenderReport(78, 1, 1, 3, 480)])
    assert media.receive(stranger, Seconds(2)) == []
