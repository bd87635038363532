"""RTP packets on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.rtp.packet import Packet, RtpError, is_rtcp

PLAIN = bytes.fromhex("8088 1234 00000140 deadbeef") + b"voice"
FULL = (
    bytes.fromhex("b200 0001 00000002 00000003")  # padding, extension, two CSRC
    + bytes.fromhex("0000000a 0000000b")
    + bytes.fromhex("bede 0001 11223344")
    + b"voice"
    + bytes.fromhex("000003")
)


def test_a_plain_packet() -> None:
    packet = Packet.parse(PLAIN)
    assert packet == Packet(8, 0x1234, 320, 0xDEADBEEF, b"voice", marker=True)
    assert bytes(packet) == PLAIN


def test_a_packet_with_everything_optional() -> None:
    packet = Packet.parse(FULL)
    assert packet == Packet(
        0, 1, 2, 3, b"voice", False, (10, 11), (0xBEDE, bytes.fromhex("11223344")), 3
    )
    assert bytes(packet) == FULL


@pytest.mark.parametrize(
    "data",
    [
        b"",
        PLAIN[:11],
        b"\x40" + PLAIN[1:],  # version 1
        b"\x8f" + PLAIN[1:],  # fifteen CSRC, none there
        b"\x90" + PLAIN[1:12],  # extension without header
        bytes.fromhex("9000 0001 00000002 00000003 bede ffff 00"),  # longer than the packet
        b"\xa0" + PLAIN[1:-1] + b"\x00",  # padding of none
        b"\xa0" + PLAIN[1:-1] + b"\x06",  # padding of more than there is
        b"\xa0" + PLAIN[1:12],  # padding, and the last byte is the header's
    ],
)
def test_each_length_is_checked(data: bytes) -> None:
    with pytest.raises(RtpError):
        Packet.parse(data)


def test_padding_may_be_all_there_is() -> None:
    packet = Packet.parse(b"\xa0" + PLAIN[1:12] + b"\x00\x02")
    assert (packet.payload, packet.padding) == (b"", 2)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        packet = Packet.parse(data)
    except RtpError:
        return
    again = bytes(packet)
    assert len(again) == len(data)
    assert Packet.parse(again) == packet


@pytest.mark.parametrize(
    ("second", "rtcp"),
    [(200, True), (204, True), (192, True), (223, True), (191, False), (224, False), (0x88, False)]
)  # fmt: skip
def test_rtcp_on_a_shared_port_is_told_by_its_type(second: int, rtcp: bool) -> None:
    assert is_rtcp(bytes([0x80, second, 0, 0])) is rtcp


def test_too_little_is_not_rtcp() -> None:
    assert not is_rtcp(b"\x80")
