"""Structured header values: addresses, Via, CSeq, challenges."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.errors import MessageError
from offhook.sip.headers import Challenge, CSeq, NameAddr, Via
from offhook.sip.uri import Uri
from offhook.units import Endpoint

LATIN = st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=60)


class TestNameAddr:
    @pytest.mark.parametrize(
        ("text", "display", "uri", "tag"),
        [
            ('"1010" <sip:a@h>;tag=1', "1010", "sip:a@h", "1"),
            ('"1010"<sip:a@h>;tag=1', "1010", "sip:a@h", "1"),  # row 50
            ("caller<sip:a@h>", "caller", "sip:a@h", None),
            ("Two Words <sip:a@h;x>", "Two Words", "sip:a@h;x", None),
            ('"a \\"b\\" ;tag=2" <sip:a@h>;tag=3', 'a "b" ;tag=2', "sip:a@h", "3"),
            ("sip:a@h;tag=4", "", "sip:a@h", "4"),
            ("<sip:a@h> ; x ; tag = 5", "", "sip:a@h", "5"),
            ("< sip:a@h >", "", "sip:a@h", None),
            ("Jos\xc3\xa9 <sip:a@h>;tag=", "", "", None),
            ("Jos\xc3\xa9 <sip:a@h>", "Jos\xc3\xa9", "sip:a@h", None),
        ],
    )
    def test_parts(self, text: str, display: str, uri: str, tag: str | None) -> None:
        if not uri:
            with pytest.raises(MessageError):
                NameAddr.parse(text)
            return
        address = NameAddr.parse(text)
        assert (address.display, str(address.uri), address.tag) == (display, uri, tag)
        assert NameAddr.parse(str(address)) == address

    @pytest.mark.parametrize(
        "text",
        [
            "", "<>", "<sip:a@h", "sip:a@h>", '"a <sip:a@h>', '"a" b <sip:a@h>', "\\<sip:a@h>",
            "a, b <sip:a@h>", "<sip:a@h>;;", "<sip:a@h> x", "sip:a@h?x=y", "<sip:a b@h>",
        ],
    )  # fmt: skip
    def test_what_is_no_address_is_refused_row_25(self, text: str) -> None:
        with pytest.raises(MessageError):
            NameAddr.parse(text)

    def test_parameters_can_be_changed(self) -> None:
        address = NameAddr("", Uri("sip", "a", "h")).with_param("tag", "1").with_param("lr")
        assert str(address) == "<sip:a@h>;tag=1;lr"
        assert str(address.without("tag")) == "<sip:a@h>;lr"
        assert (address.param("LR"), address.param("x")) == ("", None)

    @given(LATIN)
    def test_any_display_name_survives(self, display: str) -> None:
        address = NameAddr(display, Uri("sip", "a", "h"))
        assert NameAddr.parse(str(address)) == address


class TestVia:
    def test_parts(self) -> None:
        via = Via.parse("sip / 2.0 / udp h:5070 ;branch=z9hG4bKx; rport=1;received=192.0.2.1")
        assert (via.transport, via.host, via.port, via.branch) == ("UDP", "h", 5070, "z9hG4bKx")
        assert (via.received, via.rport) == ("192.0.2.1", 1)
        assert str(via) == "SIP/2.0/UDP h:5070;branch=z9hG4bKx;rport=1;received=192.0.2.1"

    def test_ipv6(self) -> None:
        via = Via.parse("SIP/2.0/UDP [::1]:5070;received=[2001:db8::9]")
        assert (via.host, via.sent_by, via.received) == ("::1", "[::1]:5070", "2001:db8::9")
        assert Via("h").sent_by == "h"
        assert Via("h").branch == ""

    @pytest.mark.parametrize(
        ("value", "rport"),
        [("rport", None), ("rport=0", None), ("rport=65536", None), ("rport=x", None),
         ("rport=999999", None), ('rport="٣"', None), ("rport=65535", 65535)],
    )  # fmt: skip
    def test_rport_is_a_port_or_nothing(self, value: str, rport: int | None) -> None:
        assert Via.parse(f"SIP/2.0/UDP h;{value}").rport == rport

    def test_no_received(self) -> None:
        assert Via("h").received is None
        assert Via("h").param("rport") is None

    def test_seen_from_fills_rport_where_it_stands(self) -> None:
        via = Via.parse("SIP/2.0/UDP h;rport;branch=b")
        assert str(via.seen_from(Endpoint("192.0.2.1", 9))) == (
            "SIP/2.0/UDP h;rport=9;branch=b;received=192.0.2.1"
        )

    @pytest.mark.parametrize(
        "text",
        ["", "SIP/2.0/UDP", "SIP/2.0 h", "SIP/7.0/UDP h", "SIP/2.0/UDP h:x", "SIP/2.0/UDP h:70000",
         "SIP/2.0/UDP h;;", "SIP/2.0/UDP h i", "SIP/2.0/UDPh"],
    )  # fmt: skip
    def test_what_is_no_via_is_refused(self, text: str) -> None:
        with pytest.raises(MessageError):
            Via.parse(text)


class TestCSeq:
    def test_parts(self) -> None:
        assert CSeq.parse("0009  INVITE") == CSeq(9, "INVITE")
        assert str(CSeq(9, "INVITE")) == "9 INVITE"

    @pytest.mark.parametrize(
        "text", ["", "9", "INVITE", "-1 X", "4294967296 X", "1_0 X", "9 A B", "9 É", "٩ X"]
    )
    def test_what_is_no_cseq_is_refused(self, text: str) -> None:
        with pytest.raises(MessageError):
            CSeq.parse(text)


class TestChallenge:
    def test_parts(self) -> None:
        text = (
            'Digest realm="a, \\"b", nonce="n", algorithm=MD5,qop="auth,auth-int"  , stale = true'
        )
        challenge = Challenge.parse(text)
        assert challenge.scheme == "Digest"
        assert challenge.params == (
            ("realm", 'a, \\"b'),
            ("nonce", "n"),
            ("algorithm", "MD5"),
            ("qop", "auth,auth-int"),
            ("stale", "true"),
        )
        assert (challenge.param("REALM"), challenge.param("opaque")) == ('a, \\"b', None)

    def test_several_in_one_header(self) -> None:
        text = 'Negotiate, Digest realm="a", nonce="1", Digest realm="b", nonce="2", Basic realm=c'
        schemes = [(c.scheme, c.param("realm")) for c in Challenge.parse_all(text)]
        assert schemes == [("Negotiate", None), ("Digest", "a"), ("Digest", "b"), ("Basic", "c")]

    @pytest.mark.parametrize(
        "text", ["", "realm=x", '"x"', "Digest x y", 'Digest realm="', "=", 'a,"']
    )
    def test_what_is_no_challenge_is_refused(self, text: str) -> None:
        with pytest.raises(MessageError):
            Challenge.parse(text)


@given(
    st.sampled_from([NameAddr.parse, Via.parse, CSeq.parse, Challenge.parse_all]),
    LATIN | st.text('<>";,=:@/ \\ab09', max_size=40).map(lambda text: "SIP/2.0/UDP h" + text),
)
def test_any_text_is_read_or_refused(parse: Callable[[str], object], text: str) -> None:
    with suppress(MessageError):
        parse(text)
