"""Descriptions are read within limits and written back unchanged."""

import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sdp.session import (
    MAX_ATTRIBUTES,
    MAX_BYTES,
    MAX_FORMATS,
    MAX_MEDIA,
    Attribute,
    Media,
    Origin,
    SdpError,
    Session,
    number,
    parse,
)

SEED = Path(__file__).parent.parent / "vectors" / "seed"
SMALL = b"v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"


def seed_bodies() -> list[tuple[str, bytes]]:
    """The thirteen descriptions of the seed."""
    messages = ((path.name, path.read_bytes()) for path in sorted(SEED.glob("*.sip")))
    parted = ((name, data.partition(b"\r\n\r\n")[2]) for name, data in messages)
    return [(name, body) for name, body in parted if body.startswith(b"v=0")]


def test_the_seed_has_thirteen_descriptions() -> None:
    assert len(seed_bodies()) == 13


@pytest.mark.parametrize(("name", "body"), seed_bodies())
def test_seed_descriptions_survive_being_written_and_read(name: str, body: bytes) -> None:
    session = parse(body)
    assert parse(bytes(session)) == session
    assert [media.kind for media in session.media] == ["audio"]


def test_unknown_attributes_are_kept_but_mean_nothing() -> None:
    """Rows 61, 63, 66, 68: tcap before m=, silenceSupp, pcfg, ssrc with a NULL printed."""
    session = parse(dict(seed_bodies())["05_send_INVITE.sip"])
    assert session.attributes == (Attribute("tcap", "1 RTP/AVPF"),)
    assert session.media[0].first("pcfg") == "1 t=1"
    assert session.media[0].all("ssrc")[0] == "3992734018 cname:(null)"
    assert session.media[0].first("no-such") is None
    assert session.media[0].first("sendrecv") == ""


def test_the_origin_says_whether_something_changed() -> None:
    """Row 35: the 200 repeats the 183's o=.  Row 69: doubango's never changes."""
    bodies = dict(seed_bodies())
    assert parse(bodies["22_recv_183.sip"]).origin == parse(bodies["23_recv_200.sip"]).origin
    assert parse(bodies["05_send_INVITE.sip"]).origin.session_id == 1983


def test_the_last_line_may_lack_its_end() -> None:
    """C-29: a direction there was missed by others."""
    session = parse(SMALL + b"m=audio 4000 RTP/AVP 0\r\na=sendonly")
    assert session.media[0].first("sendonly") == ""


def test_bare_newlines_end_lines_too() -> None:
    assert parse(SMALL.replace(b"\r\n", b"\n")) == parse(SMALL)


def test_a_connection_line_may_stand_at_either_level() -> None:
    session = parse(SMALL + b"m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n")
    assert (session.address, session.media[0].address) == ("192.0.2.1", "2001:db8::1")
    assert b"c=IN IP6 2001:db8::1\r\n" in bytes(session)


def test_text_keeps_its_bytes() -> None:
    session = parse(SMALL.replace(b"s=-", b"s=caf\xe9 \xff"))
    assert b"s=caf\xe9 \xff\r\n" in bytes(session)


def test_a_missing_session_name_is_forgiven() -> None:
    assert parse(SMALL.replace(b"s=-\r\n", b"")).name == "-"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"v=1\r\no=- 1 1 IN IP4 192.0.2.1\r\n",
        b"o=- 1 1 IN IP4 192.0.2.1\r\n",
        b"v=0\r\ns=-\r\n",
        b"v=0\r\no=- 1 IN IP4 192.0.2.1\r\n",
        b"v=0\r\no=- 1_0 1 IN IP4 192.0.2.1\r\n",
        b"v=0\r\no=- 1 99999999999999999999 IN IP4 192.0.2.1\r\n",
        b"m=audio 4000 RTP/AVP 0\r\n" + SMALL,
        SMALL + b"c=IN IP4\r\n".replace(b"IP4\r\n", b"IP5 x\r\nm=audio"),
        SMALL + b"m=audio 70000 RTP/AVP 0\r\n",
        SMALL + b"m=audio -1 RTP/AVP 0\r\n",
        SMALL + b"m=audio 4000 RTP/AVP\r\n",
        SMALL + b"m=audio 4000 RTP/AVP 0\r\nc=broken\r\n",
        SMALL + b"m=audio 4000 RTP/AVP" + b" 0" * (MAX_FORMATS + 1),
        SMALL + b"m=audio 4000 RTP/AVP 0\r\n" * (MAX_MEDIA + 1),
        SMALL + b"a=x\r\n" * (MAX_ATTRIBUTES + 1),
        SMALL + b"a=" + b"x" * MAX_BYTES,
        SMALL + b"a=fmtp:101 0-16\0\r\n",  # ES2018-02
        SMALL + b"a=x\ry\r\n",
        SMALL + b"nonsense\r\n",
    ],
)
def test_what_is_no_description_is_refused(data: bytes) -> None:
    with pytest.raises(SdpError):
        parse(data)


def test_the_limits_themselves_are_allowed() -> None:
    media = b"m=audio 4000 RTP/AVP" + b" 0" * MAX_FORMATS + b"\r\n"
    session = parse(SMALL + b"a=x\r\n" * MAX_ATTRIBUTES + media * MAX_MEDIA)
    assert (len(session.media), len(session.attributes)) == (MAX_MEDIA, MAX_ATTRIBUTES)


@pytest.mark.parametrize("text", ["", "-1", "+1", "1_0", "٣", " 1", "1" * 21, "256"])
def test_only_plain_digits_are_numbers(text: str) -> None:
    assert number(text, 255) is None


def test_numbers_reach_their_limit() -> None:
    assert number("255", 255) == 255


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(SdpError):
        parse(data)


LINES = st.lists(
    st.sampled_from(
        [
            "v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.9", "c=IN IP4 224.0.0.1/9",
            "t=0 0", "m=audio 4000 RTP/AVP 0 8", "m=video 0 RTP/AVP 31", "a=rtpmap:0 PCMU/8000",
            "a=fmtp:18 annexb=no", "a=sendonly", "a=\u00e9:", "m=audio 4294967296 RTP/AVP 0",
        ]
    ),
    max_size=12,
)  # fmt: skip


@given(LINES)
def test_what_is_read_is_written_so_that_it_reads_the_same(lines: list[str]) -> None:
    data = "\r\n".join(["v=0", "o=- 1 1 IN IP4 192.0.2.1", *lines]).encode("latin-1")
    try:
        session = parse(data)
    except SdpError:
        return
    again = parse(bytes(session))
    assert again == session
    assert not re.search(rb"[^\r]\n", bytes(session))


def test_values_are_written_in_the_order_of_the_standard() -> None:
    media = Media("audio", 4000, "RTP/AVP", ("0",), None, (Attribute("sendrecv"),))
    session = Session(Origin("-", 1, 2, "::1"), (media,), address="::1")
    assert bytes(session) == (
        b"v=0\r\no=- 1 2 IN IP6 ::1\r\ns=-\r\nc=IN IP6 ::1\r\nt=0 0\r\n"
        b"m=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n"
    )
