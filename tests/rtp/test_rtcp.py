"""RTCP compounds on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.rtp import rtcp
from offhook.rtp.packet import RtpError
from offhook.rtp.rtcp import Description, Goodbye, ReceiverReport, ReportBlock, SenderReport

U32 = st.integers(0, 2**32 - 1)
BLOCKS = st.builds(
    ReportBlock, U32, st.integers(0, 255), st.integers(-(2**23), 2**23 - 1), U32, U32, U32, U32
)
REPORTS = st.lists(BLOCKS, max_size=4).map(tuple)
PARTS = st.one_of(
    st.builds(SenderReport, U32, st.integers(0, 2**64 - 1), U32, U32, U32, REPORTS),
    st.builds(ReceiverReport, U32, REPORTS),
    st.builds(Description, U32, st.binary(max_size=255)),
    st.builds(Goodbye, st.lists(U32, max_size=5).map(tuple), st.binary(max_size=255)),
)
FIRST = ReceiverReport(1)


@given(st.lists(PARTS, max_size=6))
def test_what_is_written_reads_the_same(parts: list[rtcp.Part]) -> None:
    data = rtcp.serialize([FIRST, *parts])
    assert len(data) % 4 == 0
    assert rtcp.parse(data) == [FIRST, *parts]


def test_a_sender_report_byte_for_byte() -> None:
    block = ReportBlock(2, 25, -1, 0x00010002, 3, 4, 5)
    data = rtcp.serialize([SenderReport(1, 0x0102030405060708, 160, 10, 1600, (block,))])
    assert data.hex() == (
        "81c8000c" "00000001" "0102030405060708" "000000a0" "0000000a" "00000640"
        "00000002" "19ffffff" "00010002" "00000003" "00000004" "00000005"
    )  # fmt: skip


@pytest.mark.parametrize(("lost", "wire"), [(2**23, 2**23 - 1), (-(2**23) - 1, -(2**23))])
def test_losses_beyond_24_bits_are_capped(lost: int, wire: int) -> None:
    data = rtcp.serialize([ReceiverReport(1, (ReportBlock(2, 0, lost, 0, 0, 0, 0),))])
    assert rtcp.parse(data) == [ReceiverReport(1, (ReportBlock(2, 0, wire, 0, 0, 0, 0),))]


def test_unknown_parts_and_items_are_read_over() -> None:
    app = bytes.fromhex("80cc0002 00000001 41424344")
    tool = bytes.fromhex("81ca0003 00000001 0601 58 0101 59 00 00")
    data = rtcp.serialize([FIRST]) + app + tool
    assert rtcp.parse(data) == [FIRST, Description(1, b"Y")]


def test_padding_ends_the_last_part() -> None:
    data = rtcp.serialize([FIRST]) + bytes.fromhex("a1cb0002 00000009 00000004")
    assert rtcp.parse(data) == [FIRST, Goodbye((9,))]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "80c9",
        "40c90001 00000001",  # version 1
        "80c90002 00000001",  # longer than the datagram
        "80c90000",  # no SSRC
        "81c90001 00000001",  # a block that is not there
        "80c80001 00000001",  # sender info missing
        "80cb0000",  # BYE first
        "80c90001 00000001 82cb0001 00000002",  # two sources, one there
        "80c90001 00000001 81ca0002 00000002 01ff4142",  # item longer than the part
        "80c90001 00000001 81ca0002 00000002 00000001 01",  # trailing byte
        "a0c90001 00000001 80cb0000",  # padding not on the last
        "a0c90001 00000000",  # padding of none
        "a0c90001 00000009",  # padding of more than there is
        "a0c90000",
        "80c90001 00000001 82ca0002 00000002 01004142",  # second chunk missing
        "80c90001 00000001 81ca0002 00000002 01034100",  # text cut off
        "80c90001 00000001 81ca0002 00000002 01004101",  # an item without length
    ],
)
def test_what_is_no_compound_is_refused(text: str) -> None:
    with pytest.raises(RtpError):
        rtcp.parse(bytes.fromhex(text))


def test_a_compound_has_a_bound() -> None:
    most = rtcp.serialize([FIRST] * rtcp.MAX_PACKETS)
    assert len(rtcp.parse(most)) == rtcp.MAX_PACKETS
    with pytest.raises(RtpError):
        rtcp.parse(most + rtcp.serialize([FIRST]))


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for each in (data, rtcp.serialize([FIRST]) + data):
        try:
            rtcp.parse(each)
        except RtpError:
            continue
