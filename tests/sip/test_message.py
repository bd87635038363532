"""Messages as values: headers, requests, responses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.errors import MessageError, SipError
from offhook.sip.header_map import Headers, canonical
from offhook.sip.headers import CSeq
from offhook.sip.message import Request, Response, reason_phrase
from offhook.sip.parser import parse
from offhook.units import Endpoint

BASE = Headers(
    [
        ("v", "SIP/2.0/UDP h1;branch=z9hG4bKx;rport, SIP/2.0/UDP h2"),
        ("Via", "SIP/2.0/UDP h3"),
        ("f", '"A"<sip:a@h>;tag=1'),
        ("t", "<sip:b@h>"),
        ("i", "id"),
        ("cseq", "1 INVITE"),
        ("m", "<sip:a@h1>, sip:a@h2;q=0.5"),
        ("k", "timer, Replaces"),
        ("Supported", "100rel"),
        ("X-Mine", "a, b"),
    ]
)
INVITE = Request("INVITE", "sip:b@h", BASE)


class TestHeaders:
    def test_names_are_case_blind_and_compact_forms_are_expanded(self) -> None:
        assert canonical("V") == "Via"
        assert canonical("cALL-iD") == "Call-ID"
        assert canonical("X-Mine") == "X-Mine"
        assert BASE.first("CALL-ID") == BASE.first("i") == "id"
        assert "supported" in BASE
        assert "k" in BASE
        assert "Require" not in BASE
        assert BASE.first("Require") is None
        assert BASE.raw("Require") == []

    def test_list_headers_are_split_and_others_not(self) -> None:
        assert BASE.all("Supported") == ["timer", "Replaces", "100rel"]
        assert BASE.all("X-Mine") == ["a, b"]
        assert BASE.raw("Supported") == ["timer, Replaces", "100rel"]

    def test_a_line_that_does_not_balance_is_one_element(self) -> None:
        assert Headers([("Supported", 'a, "b')]).all("Supported") == ['a, "b']

    def test_changes_make_new_headers(self) -> None:
        changed = BASE.with_("Via", "x", "y")
        assert [name for name, _ in changed][:3] == ["Via", "Via", "From"]
        assert changed.raw("Via") == ["x", "y"]
        assert BASE.with_("Subject", "s").items[-1] == ("Subject", "s")
        assert "Via" not in BASE.without("v", "m")
        assert len(BASE) == 10

    def test_equal_when_the_same(self) -> None:
        assert Headers([("a", "1")]) == Headers([("Accept-Contact", "1")])
        assert hash(Headers([("X", "1")])) == hash(Headers([("X", "1")]))
        assert Headers([("X", "1")]) != Headers([("X", "2")])
        assert Headers() != "x"

    @pytest.mark.parametrize("value", ["a\r\nX: y", "a\n", "a\r", "a\0", "\0", "\u0663", "\\\r\n"])
    def test_nothing_that_ends_a_line_gets_in_section_12(self, value: str) -> None:
        for make in (Headers().with_, lambda name, value: Headers([(name, value)])):
            with pytest.raises(SipError):
                make("Subject", value)

    @pytest.mark.parametrize("name", ["", "a b", "a:", "é", "a\r\n"])
    def test_names_are_tokens(self, name: str) -> None:
        with pytest.raises(SipError):
            Headers([(name, "x")])

    def test_values_are_not_shown_for_they_may_be_secret(self) -> None:
        assert repr(Headers([("Authorization", "secret")])) == "Headers(Authorization)"

    @given(st.lists(st.tuples(st.sampled_from(["vVia", "X-Y", "k"]), st.text("ab\r\n\0 ,"))))
    def test_what_is_written_never_has_more_lines_than_headers(
        self, items: list[tuple[str, str]]
    ) -> None:
        try:
            headers = Headers(items)
        except SipError:
            return
        data = bytes(Request("X", "sip:h", headers))
        assert data.count(b"\r\n") == data.count(b"\n") == len(items) + 3


class TestProperties:
    def test_of_both_kinds(self) -> None:
        assert INVITE.call_id == "id"
        assert INVITE.cseq == CSeq(1, "INVITE")
        assert (INVITE.from_.tag, INVITE.to.tag) == ("1", None)
        assert [via.host for via in INVITE.vias] == ["h1", "h2", "h3"]
        assert INVITE.top_via.host == "h1"
        assert [str(contact) for contact in INVITE.contacts] == ["<sip:a@h1>", "<sip:a@h2>;q=0.5"]
        assert INVITE.tokens("Supported") == {"timer", "replaces", "100rel"}
        assert (INVITE.expires, INVITE.max_forwards, INVITE.content_type) == (None, None, "")
        assert (INVITE.routes, INVITE.record_route, INVITE.star_contact) == ([], [], False)

    def test_numbers_and_types(self) -> None:
        headers = Headers(
            [("Expires", "60"), ("Max-Forwards", "70"), ("c", "Application/SDP ; x=y"), ("m", "*")]
        )
        request = Request("REGISTER", "sip:h", headers)
        assert (request.expires, request.max_forwards) == (60, 70)
        assert request.content_type == "application/sdp"
        assert request.star_contact
        assert request.contacts == []
        assert Request("X", "sip:h", Headers([("Expires", "1_0")])).expires is None

    def test_badly_built_ones_say_so(self) -> None:
        empty = Request("X", "sip:h")
        assert empty.call_id == ""
        for name in ("cseq", "from_", "to", "top_via"):
            with pytest.raises(MessageError):
                getattr(empty, name)


class TestRequest:
    @pytest.mark.parametrize(
        ("method", "uri"),
        [
            ("", "sip:h"),
            ("A B", "sip:h"),
            ("A", ""),
            ("A", "sip:h\r\nX: y"),
            ("A", "a b"),
            ("A", "\0"),
        ],
    )
    def test_start_line_cannot_be_broken(self, method: str, uri: str) -> None:
        with pytest.raises(SipError):
            Request(method, uri)

    def test_content_length_is_that_of_the_body(self) -> None:
        headers = Headers((*BASE, ("Content-Length", "999"), ("Subject", "last")))
        data = bytes(Request("INVITE", "sip:b@h", headers, b"12345"))
        assert b"\r\nContent-Length: 5\r\nSubject: last\r\n\r\n12345" in data
        assert b"999" not in data

    def test_seen_from_stamps_the_first_hop_only(self) -> None:
        seen = INVITE.seen_from(Endpoint("192.0.2.1", 7))
        assert [via.received for via in seen.vias] == ["192.0.2.1", None, None]
        assert seen.headers.raw("Via")[1] == "SIP/2.0/UDP h3"

    @pytest.mark.parametrize("via", [[], [("Via", "rubbish")], [("Via", ",")], [("Via", 'a,"')]])
    def test_unreadable_hop_stays_as_it_is(self, via: list[tuple[str, str]]) -> None:
        request = Request("X", "sip:h", Headers(via))
        assert request.seen_from(Endpoint("192.0.2.1", 7)) == request


class TestResponse:
    def test_copies_what_identifies_the_request(self) -> None:
        response = Response.answering(
            INVITE, 486, to_tag="us", extra=[("Retry-After", "5")], body=b"x"
        )
        assert response.reason == reason_phrase(486) == "Busy Here"
        assert [item for item in response.headers if item[0] != "To"] == [
            *[item for item in BASE if item[0] in {"Via", "From", "Call-ID", "CSeq"}],
            ("Retry-After", "5"),
        ]
        assert response.headers.first("To") == "<sip:b@h>;tag=us"
        assert parse(bytes(response)).body == b"x"

    def test_tag_is_neither_doubled_nor_put_into_a_100(self) -> None:
        inside = Request("BYE", "sip:b@h", BASE.with_("To", "<sip:b@h>;tag=old"))
        assert Response.answering(inside, 200, to_tag="new").to.tag == "old"
        assert Response.answering(INVITE, 100, to_tag="new").to.tag is None
        assert Response.answering(INVITE, 200).to.tag is None

    def test_a_broken_to_goes_back_as_it_came(self) -> None:
        broken = Request("BYE", "sip:b@h", BASE.with_("To", '"x <sip:b@h>'))
        answer = Response.answering(broken, 400, "What?", to_tag="new")
        assert answer.headers.first("To") == '"x <sip:b@h>'
        assert bytes(answer).startswith(b"SIP/2.0 400 What?\r\n")

    @pytest.mark.parametrize(
        ("status", "reason"),
        [(99, ""), (700, ""), (200, "a\r\nX: y"), (200, "\0"), (200, "\u0663")],
    )
    def test_status_line_cannot_be_broken(self, status: int, reason: str) -> None:
        with pytest.raises(SipError):
            Response(status, reason)

    def test_unknown_status_has_no_words(self) -> None:
        assert reason_phrase(299) == ""
