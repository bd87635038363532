"""Offers and answers (RFC 3264) as the seed and the field make them."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sdp.negotiate import (
    G729,
    PCMA,
    PCMU,
    Agreed,
    Codec,
    Direction,
    Local,
    NotAcceptable,
    answer,
    conclude,
    offer,
)
from offhook.sdp.session import SdpError, Session, parse
from offhook.units import Endpoint, Hertz, Seconds

SEED = Path(__file__).parent.parent / "vectors" / "seed"
LOCAL = Local("192.0.2.7", 4000, (PCMA, PCMU, G729), session_id=77, version=3)
HEAD = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 {address}\nt=0 0\n{session}"
AUDIO = "m=audio {port} {profile} {types}\n{lines}"


def seed(name: str) -> Session:
    return parse((SEED / f"{name}.sip").read_bytes().partition(b"\r\n\r\n")[2])


def theirs(
    *lines: str,
    types: str = "0",
    port: int = 5000,
    address: str = "192.0.2.1",
    profile: str = "RTP/AVP",
    session: str = "",
) -> Session:
    head = HEAD.format(address=address, session=session)
    audio = AUDIO.format(port=port, profile=profile, types=types, lines="\n".join(lines))
    return parse((head + audio).encode())


def agreed(
    *lines: str, local: Local = LOCAL, types: str = "0", address: str = "192.0.2.1"
) -> Agreed:
    return answer(local, theirs(*lines, types=types, address=address))[1]


# The seed


@pytest.mark.parametrize("name", ["13_recv_INVITE", "32_recv_INVITE"])
def test_row_71_and_74_the_offerers_first_common_codec_answers_alone(name: str) -> None:
    ours, result = answer(LOCAL, seed(name))
    assert ours.media[0].formats == ("18", "101")
    assert (result.codec, result.send_payload_type, result.dtmf_send) == ("G729", 18, 101)
    assert result.silence_frames is False
    assert b"a=fmtp:18 annexb=no\r\n" in bytes(ours)


def test_row_71_without_g729_the_only_codec_offered_is_not_acceptable() -> None:
    with pytest.raises(NotAcceptable) as refused:
        answer(replace(LOCAL, codecs=(PCMA, PCMU)), seed("13_recv_INVITE"))
    assert refused.value.status == 488


def test_row_71_no_direction_means_both() -> None:
    _, result = answer(LOCAL, seed("13_recv_INVITE"))
    assert (result.send, result.receive) == (True, True)


def test_row_72_only_what_was_offered_is_answered() -> None:
    ours, result = answer(LOCAL, seed("13_recv_INVITE"))
    names = {each.name for each in ours.media[0].attributes}
    assert names == {"rtpmap", "fmtp", "ptime", "maxptime", "sendrecv"}
    assert result.rtcp_mux is False


def test_row_74_our_own_order_when_configured() -> None:
    ours, result = answer(replace(LOCAL, order="answerer"), seed("32_recv_INVITE"))
    assert (result.codec, ours.media[0].formats) == ("PCMA", ("8", "101"))


def test_row_61_to_68_doubangos_offer_is_understood() -> None:
    ours, result = answer(LOCAL, seed("05_send_INVITE"))
    assert result == Agreed(
        codec="PCMA",
        send_payload_type=8,
        receive_payload_type=8,
        dtmf_send=101,
        dtmf_receive=101,
        rtp=Endpoint("192.168.1.107", 54898),
        rtcp=Endpoint("192.168.1.107", 54898),
        rtcp_mux=True,
        packet_time=Seconds(0.02),
        send=True,
        receive=True,
        silence_frames=False,
    )
    assert ours.media[0].protocol == "RTP/AVP"  # no acfg: the plain profile
    assert ours.media[0].first("rtcp-mux") == ""


@pytest.mark.parametrize("name", ["07_recv_200", "09_recv_200", "11_recv_200"])
def test_row_70_freeswitch_answers_with_rtcp_on_the_rtp_port(name: str) -> None:
    result = conclude(offer(LOCAL), seed(name))
    assert (result.codec, result.rtcp_mux) == ("PCMA", True)
    assert result.rtcp == result.rtp == Endpoint("47.98.109.96", 60706)


@pytest.mark.parametrize(
    "name", ["16_send_200", "22_recv_183", "23_recv_200", "29_recv_183", "35_send_200"]
)
def test_row_73_and_75_g729_in_any_spelling_is_concluded(name: str) -> None:
    result = conclude(offer(LOCAL), seed(name))
    assert (result.codec, result.packet_time, result.dtmf_send) == ("G729", 0.02, 101)


@pytest.mark.parametrize("name", ["20_send_INVITE", "27_send_INVITE"])
def test_row_72_doubangos_g729_offers_are_answered(name: str) -> None:
    assert answer(LOCAL, seed(name))[1].codec == "G729"


def test_row_69_identity_and_version_are_the_callers() -> None:
    origin = offer(LOCAL).origin
    assert (origin.session_id, origin.version) == (77, 3)
    assert origin == answer(LOCAL, theirs())[0].origin


def test_row_63_packet_times_are_written_and_the_offer_is_small() -> None:
    ours = offer(LOCAL)
    assert (ours.media[0].first("ptime"), ours.media[0].first("maxptime")) == ("20", "60")
    assert len(bytes(ours)) < 400
    assert ours.media[0].formats == ("8", "0", "18", "101")


def test_an_offer_may_do_without_keys_and_without_mux() -> None:
    ours = offer(replace(LOCAL, telephone_event=None, rtcp_mux=False))
    assert ours.media[0].formats == ("8", "0", "18")
    assert ours.media[0].first("rtcp-mux") is None
    result = conclude(
        ours, theirs("a=rtcp-mux", "a=rtpmap:101 telephone-event/8000", types="0 101")
    )
    assert (result.dtmf_receive, result.dtmf_send, result.rtcp_mux) == (None, 101, False)


# Payload types


def test_c46_answers_mirror_the_numbers_of_the_offer() -> None:
    ours, result = answer(
        LOCAL, theirs("a=rtpmap:97 pcmu/8000", "a=rtpmap:98 telephone-event/8000", types="97 98")
    )
    assert ours.media[0].formats == ("97", "98")
    assert (result.send_payload_type, result.receive_payload_type) == (97, 97)
    assert (result.dtmf_send, result.dtmf_receive) == (98, 98)


def test_c46_we_send_with_the_answerers_numbers_and_receive_with_ours() -> None:
    result = conclude(offer(LOCAL), theirs("a=rtpmap:96 telephone-event/8000", types="8 96"))
    assert (result.dtmf_send, result.dtmf_receive) == (96, 101)


def test_keys_on_another_clock_do_not_count() -> None:
    assert agreed("a=rtpmap:101 telephone-event/48000", types="0 101").dtmf_send is None


def test_no_keys_when_we_want_none() -> None:
    local = replace(LOCAL, telephone_event=None)
    assert agreed("a=rtpmap:101 telephone-event/8000", local=local, types="0 101").dtmf_send is None


def test_an_answer_without_common_voice_is_refused_even_if_the_keys_fit() -> None:
    with pytest.raises(NotAcceptable):
        conclude(offer(LOCAL), theirs("a=rtpmap:101 telephone-event/8000", types="101"))


@pytest.mark.parametrize("line", ["a=rtpmap:0 PCMU/16000", "a=rtpmap:0 PCMU/8000/2"])
def test_another_clock_or_channel_count_is_another_codec(line: str) -> None:
    with pytest.raises(NotAcceptable):
        agreed(line)


@pytest.mark.parametrize(
    ("ours", "line", "allowed"),
    [("annexb=no", "", False), ("", "", True), ("", "a=fmtp:18 annexb=no", False),
     ("annexb=no", "a=fmtp:18 annexb=yes", False), ("", "a=fmtp:18 annexb=yes", True)],
)  # fmt: skip
def test_c47_silence_frames_only_when_neither_says_no(ours: str, line: str, allowed: bool) -> None:
    local = replace(LOCAL, codecs=(Codec("G729", 18, Hertz(8000), ours),))
    session, result = answer(local, theirs(*([line] if line else []), types="18"))
    assert result.silence_frames is allowed
    assert (b"annexb=no" in bytes(session)) is not allowed
    concluded = conclude(offer(local), theirs(*([line] if line else []), types="18"))
    assert concluded.silence_frames is allowed


# Times


@pytest.mark.parametrize(
    ("lines", "ms"),
    [
        ((), 20),
        (("a=ptime:10",), 10),
        (("a=ptime: 30 ",), 30),
        (("a=ptime:60",), 60),
        (("a=ptime:25",), 20),
        (("a=ptime:0",), 20),
        (("a=ptime:5",), 20),
        (("a=ptime:1000",), 20),
        (("a=ptime:99999999999999999999999",), 20),
        (("a=ptime:60", "a=maxptime:40"), 40),
        (("a=maxptime:10",), 10),
        (("a=maxptime:5",), 10),
        (("a=maxptime:255",), 20),
    ],
)
def test_c48_packet_time_is_what_the_peer_asks_within_reason(
    lines: tuple[str, ...], ms: int
) -> None:
    assert agreed(*lines).packet_time == pytest.approx(ms / 1000)
    assert conclude(offer(LOCAL), theirs(*lines)).packet_time == pytest.approx(ms / 1000)


# Directions


@pytest.mark.parametrize(
    ("offered", "wish", "answered"),
    [
        ("sendrecv", "sendrecv", "sendrecv"),
        ("sendonly", "sendrecv", "recvonly"),
        ("recvonly", "sendrecv", "sendonly"),
        ("inactive", "sendrecv", "inactive"),
        ("sendrecv", "sendonly", "sendonly"),
        ("sendonly", "sendonly", "inactive"),
        ("recvonly", "sendonly", "sendonly"),
        ("sendrecv", "inactive", "inactive"),
        ("sendrecv", "recvonly", "recvonly"),
    ],
)
@pytest.mark.parametrize("level", ["session", "media"])
def test_c29_holds_are_answered_by_their_mirror_and_ours_is_kept(
    offered: str, wish: str, answered: str, level: str
) -> None:
    line = f"a={offered}"
    session = theirs(line) if level == "media" else theirs(session=line + "\n")
    local = replace(LOCAL, direction=Direction(wish))
    ours, result = answer(local, session)
    assert ours.media[0].first(answered) == ""
    assert result.send is answered.startswith("send")
    assert result.receive is (answered in {"sendrecv", "recvonly"})
    assert conclude(offer(local), session) == replace(result, dtmf_receive=101)


def test_the_sections_direction_goes_before_the_sessions() -> None:
    _, result = answer(LOCAL, theirs("a=sendonly", session="a=inactive\n"))
    assert (result.send, result.receive) == (False, True)


def test_c29_an_address_of_zero_is_a_hold() -> None:
    ours, result = answer(LOCAL, theirs(address="0.0.0.0"))  # noqa: S104
    assert (result.send, result.receive, result.rtcp) == (False, True, None)
    assert ours.media[0].first("recvonly") == ""


# Other media


def test_other_streams_are_refused_at_port_zero_in_their_place() -> None:
    text = (
        HEAD.format(address="192.0.2.1", session="")
        + "m=video 6000 RTP/AVP 31 32\nm=audio 0 RTP/AVP 0\nm=audio 5000 RTP/SAVP 0\n"
        + "m=audio 5002 RTP/AVPF 0\nm=image 7000 udptl t38\nm=audio 5004 RTP/AVP 0\n"
    )
    ours, result = answer(LOCAL, parse(text.encode()))
    assert [(each.kind, each.port) for each in ours.media] == [
        ("video", 0),
        ("audio", 0),
        ("audio", 0),
        ("audio", 4000),
        ("image", 0),
        ("audio", 0),
    ]
    assert ours.media[3].protocol == "RTP/AVPF"
    assert ours.media[4].formats == ("t38",)
    assert result.rtp.port == 5002


@pytest.mark.parametrize(
    "session",
    [
        theirs(port=0),
        theirs(profile="RTP/SAVP"),
        parse(HEAD.format(address="192.0.2.1", session="").encode()),
        parse(b"v=0\no=- 1 1 IN IP4 192.0.2.1\nm=audio 5000 RTP/AVP 0"),
        theirs(types="3 9"),
        theirs(types="4294967296"),
    ],
)
def test_nothing_to_talk_with_is_not_acceptable(session: Session) -> None:
    for call in (lambda: answer(LOCAL, session), lambda: conclude(offer(LOCAL), session)):
        with pytest.raises(NotAcceptable):
            call()


# Addresses


@pytest.mark.parametrize(
    "address",
    ["224.0.0.1", "224.0.0.1/127", "239.255.0.1", "255.255.255.255", "240.0.0.1", "0.0.0.9",
     "127.0.0.1", "host.example", "192.0.2.01", "999.1.1.1"],
)  # fmt: skip
def test_reliability_18_nobody_aims_our_media_at_the_crowd(address: str) -> None:
    with pytest.raises(NotAcceptable):
        agreed(address=address)


@pytest.mark.parametrize("port", [1, 53, 1023])
def test_reliability_18_nor_at_a_system_service(port: int) -> None:
    with pytest.raises(NotAcceptable):
        answer(LOCAL, theirs(port=port))


def test_reliability_18_nor_at_ourselves() -> None:
    with pytest.raises(NotAcceptable):
        answer(LOCAL, theirs(address=LOCAL.address, port=LOCAL.port))


def test_the_loopback_is_for_peers_on_this_machine() -> None:
    local = replace(LOCAL, address="127.0.0.1")
    assert agreed(local=local, address="127.0.0.1").rtp.host == "127.0.0.1"


def test_our_address_may_be_a_name_in_tests_of_names() -> None:
    with pytest.raises(NotAcceptable):
        agreed(local=replace(LOCAL, address="phone.example"), address="127.0.0.1")


SIX = "v=0\no=- 1 1 IN IP6 2001:db8::1\nc=IN IP6 {}\nm=audio 5000 RTP/AVP 0\n"


def test_c13_the_family_is_that_of_our_flow() -> None:
    six = replace(LOCAL, address="2001:db8::7")
    ours, result = answer(six, parse(SIX.format("2001:db8::1").encode()))
    assert result.rtp == Endpoint("2001:db8::1", 5000)
    assert b"c=IN IP6 2001:db8::7\r\n" in bytes(ours)
    with pytest.raises(NotAcceptable):
        answer(six, theirs())
    with pytest.raises(NotAcceptable):
        answer(LOCAL, parse(SIX.format("2001:db8::1").encode()))


@pytest.mark.parametrize("address", ["ff02::1", "::ffff:255.255.255.255", "::1", "fe80::1%eth0"])
def test_reliability_18_holds_for_ipv6(address: str) -> None:
    with pytest.raises(NotAcceptable):
        answer(replace(LOCAL, address="2001:db8::7"), parse(SIX.format(address).encode()))


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("a=x", ("192.0.2.1", 5001)),
        ("a=rtcp:7000", ("192.0.2.1", 7000)),
        ("a=rtcp:7000 IN IP4 192.0.2.99", ("192.0.2.99", 7000)),
        ("a=rtcp:junk", ("192.0.2.1", 5001)),
        ("a=rtcp:7000 IN IP4 junk", None),
        ("a=rtcp:7000 IN IP4 224.0.0.1", None),
        ("a=rtcp:53", None),
    ],
)
def test_row_83_rtcp_goes_to_the_next_port_or_where_it_says(
    line: str, where: tuple[str, int] | None
) -> None:
    assert agreed(line).rtcp == where


def test_there_is_no_rtcp_above_the_last_port() -> None:
    assert answer(LOCAL, theirs(port=65_535))[1].rtcp is None


def test_mux_needs_both() -> None:
    assert agreed("a=rtcp-mux").rtcp_mux is True
    assert agreed("a=rtcp-mux", local=replace(LOCAL, rtcp_mux=False)).rtcp_mux is False


# Both sides of ourselves


@given(
    st.permutations([PCMA, PCMU, G729]),
    st.sampled_from(Direction),
    st.sampled_from(Direction),
    st.booleans(),
    st.sampled_from([96, 101, None]),
)
def test_two_of_us_agree(
    codecs: list[Codec], one: Direction, other: Direction, mux: bool, event: int | None
) -> None:
    caller = replace(LOCAL, codecs=tuple(codecs), direction=one, telephone_event=event)
    callee = replace(LOCAL, address="192.0.2.8", port=6000, direction=other, rtcp_mux=mux)
    asked = parse(bytes(offer(caller)))
    reply, at_callee = answer(callee, asked)
    at_caller = conclude(asked, parse(bytes(reply)))
    assert at_caller.codec == at_callee.codec == codecs[0].name
    assert at_caller.send == at_callee.receive
    assert at_caller.receive == at_callee.send
    assert at_caller.dtmf_send == at_callee.dtmf_receive == event
    assert at_caller.rtcp_mux == at_callee.rtcp_mux == mux
    assert (at_caller.rtp, at_callee.rtp) == (("192.0.2.8", 6000), ("192.0.2.7", 4000))


PIECES = st.lists(
    st.sampled_from(
        ["m=audio 5000 RTP/AVP 0 8 18 101", "m=audio 5000 RTP/AVP 96", "c=IN IP4 0.0.0.0",
         "c=IN IP4 192.0.2.5", "c=IN IP6 ::1", "a=rtpmap:96 PCMA/8000", "a=rtpmap:", "a=fmtp:18 ;;",
         "a=ptime:x", "a=rtcp:1 IN", "a=sendonly", "a=inactive", "m=video 1 RTP/AVP 0", "a=rtcp:"]
    ),
    max_size=10,
)  # fmt: skip


@given(PIECES)
def test_any_mixture_is_answered_or_refused(lines: list[str]) -> None:
    try:
        session = parse("\n".join(["v=0", "o=- 1 1 IN IP4 192.0.2.1", *lines]).encode())
        ours, result = answer(LOCAL, session)
    except SdpError:
        return
    assert len(ours.media) == len(session.media)
    assert result.packet_time in {0.01, 0.02, 0.03, 0.04, 0.05, 0.06}
    assert not (result.send and result.rtp.host == "0.0.0.0")  # noqa: S104
