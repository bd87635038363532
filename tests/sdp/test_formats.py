"""Payload type numbers become encodings."""

import pytest

from offhook.sdp.formats import Format, formats
from offhook.sdp.session import Attribute, Media


def media(types: str, *attributes: str) -> Media:
    parted = (text.partition(":") for text in attributes)
    values = tuple(Attribute(name, value) for name, _, value in parted)
    return Media("audio", 4000, "RTP/AVP", tuple(types.split()), attributes=values)


def test_static_types_need_no_rtpmap() -> None:
    assert [(each.payload_type, each.name) for each in formats(media("8 0 18 3"))] == [
        (8, "PCMA"),
        (0, "PCMU"),
        (18, "G729"),
        (3, "GSM"),
    ]


def test_names_are_case_blind_and_channels_optional() -> None:
    """Rows 64 and 72."""
    found = formats(media("18 111", "rtpmap:18 g729/8000/1", "rtpmap:111 opus/48000/2"))
    assert [(each.name, each.clock, each.channels) for each in found] == [
        ("G729", 8000, 1),
        ("OPUS", 48000, 2),
    ]


def test_fmtp_is_split_at_semicolons_and_trimmed() -> None:
    """Row 64."""
    found = formats(media("111", "rtpmap:111 opus/48000/2", "fmtp:111 A=1; b = 2 ;; flag"))
    assert found[0].parameters == {"a": "1", "b": "2", "flag": ""}


@pytest.mark.parametrize(
    ("fmtp", "allowed"),
    [("", True), ("fmtp:18 annexb=yes", True), ("fmtp:18 annexb=no", False),
     ("fmtp:18 AnnexB=NO", False), ("fmtp:0 annexb=no", True)],
)  # fmt: skip
def test_annex_b_absent_means_yes(fmtp: str, allowed: bool) -> None:
    """C-47."""
    assert formats(media("18", *([fmtp] if fmtp else [])))[0].silence_frames is allowed


@pytest.mark.parametrize("types", ["4294967296", "128", "-1", "96", "٨", "8_0", "72"])
def test_numbers_that_mean_nothing_are_passed_over(types: str) -> None:
    """C-55 (ES2018-03), and those that look like RTCP on a shared port."""
    maps = "rtpmap:72 PCMU/8000"
    assert [each.payload_type for each in formats(media(f"{types} 0", maps))] == [0]


def test_broken_maps_are_passed_over() -> None:
    broken = ["rtpmap:96", "rtpmap:96 x", "rtpmap:999 x/8000", "rtpmap:96 x/999999999", "rtpmap"]
    assert formats(media("96", *broken)) == []


def test_a_type_named_twice_counts_once() -> None:
    assert formats(media("0 0 0")) == [Format(0, "PCMU", 8000, 1, {})]
