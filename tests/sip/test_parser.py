"""From bytes to messages: limits, leniency, and that nothing but MessageError ever comes out."""

import re
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from offhook.sip.errors import MessageError
from offhook.sip.message import MAX_ADDRESSES, Request, Response
from offhook.sip.parser import (
    MAX_BODY,
    MAX_DATAGRAM,
    MAX_HEADERS,
    MAX_LINE,
    MAX_START_LINE,
    MAX_VIAS,
    parse,
)

VECTORS: Final = Path(__file__).parents[1] / "vectors"
CORPUS: Final = [path.read_bytes() for path in sorted(VECTORS.glob("*/*.sip"))]
HEAD: Final = (
    b"OPTIONS sip:b@h SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
    b"From: <sip:a@h>;tag=1\r\n"
    b"To: <sip:b@h>\r\n"
    b"Call-ID: id\r\n"
    b"CSeq: 1 OPTIONS\r\n"
)


def refused(data: bytes) -> MessageError:
    with pytest.raises(MessageError) as error:
        parse(data)
    return error.value


def with_(line: bytes) -> bytes:
    return HEAD + line + b"\r\n\r\n"


class TestLimits:
    def test_at_each_limit_it_still_works_and_one_more_is_too_much(self) -> None:
        room = MAX_START_LINE - len(b"OPTIONS sip: SIP/2.0")
        line = b"OPTIONS sip:%s SIP/2.0"
        parse(with_(b"X: y").replace(b"OPTIONS sip:b@h SIP/2.0", line % (b"h" * room), 1))
        refused(with_(b"X: y").replace(b"OPTIONS sip:b@h SIP/2.0", line % (b"h" * (room + 1)), 1))
        parse(with_(b"X: " + b"y" * (MAX_LINE - 3)))
        assert refused(with_(b"X: " + b"y" * (MAX_LINE - 2))).status == 513
        parse(HEAD + b"X: y\r\n" * (MAX_HEADERS - 5) + b"\r\n")
        assert refused(HEAD + b"X: y\r\n" * (MAX_HEADERS - 4) + b"\r\n").status == 513
        parse(HEAD + b"\r\n" + b"x" * MAX_BODY)
        assert refused(HEAD + b"\r\n" + b"x" * (MAX_BODY + 1)).status == 413
        many = b"Via: " + b", ".join([b"SIP/2.0/UDP h"] * (MAX_VIAS - 1))
        parse(with_(many))
        error = refused(with_(many + b", SIP/2.0/UDP h"))
        assert error.status == 483
        assert isinstance(error.partial, Request)
        parse(with_(b"m: " + b",".join([b"<sip:h>"] * MAX_ADDRESSES)))
        refused(with_(b"m: " + b",".join([b"<sip:h>"] * (MAX_ADDRESSES + 1))))
        assert refused(b"x" * (MAX_DATAGRAM + 1)).partial is None

    def test_continuation_lines_are_joined_by_one_blank(self) -> None:
        message = parse(with_(b"X: a \t\r\n \t b\r\n\tc\r\nY:\r\n z"))
        assert message.headers.raw("X") == ["a b c"]
        assert message.headers.raw("Y") == ["z"]

    def test_folds_count_as_one_line(self) -> None:
        parse(with_(b"X: y" + b"\r\n y" * 1000))
        refused(with_(b"X: y" + b"\r\n y" * 2100))


class TestStart:
    def test_empty_lines_before_are_skipped(self) -> None:
        assert isinstance(parse(b"\r\n\r\n" + HEAD + b"\r\n"), Request)

    @pytest.mark.parametrize(
        "data", [b"", b"\r\n", b"\r\n\r\n", b"\0\0\0\0", b"x", b"GET / HTTP/1.1\r\n\r\n"]
    )
    def test_keep_alives_and_noise_get_no_answer(self, data: bytes) -> None:
        assert refused(data).partial is None

    def test_methods_and_version_are_told_apart(self) -> None:
        lower = HEAD.replace(b"SIP/2.0\r\n", b"sip/2.0\r\n", 1) + b"\r\n"
        assert isinstance(parse(lower), Request)
        assert refused(HEAD.replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n", 1) + b"\r\n").status == 505

    def test_partial_needs_a_via(self) -> None:
        bad = HEAD.replace(b"OPTIONS sip:b@h ", b"OPTIONS  sip:b@h ", 1)
        assert isinstance(refused(bad + b"\r\n").partial, Request)
        assert refused(bad.replace(b"Via", b"Vya") + b"\r\n").partial is None
        assert refused(bad).partial is None
        assert refused(bad.replace(b"sip:b@h", b"sip:\0") + b"\r\n").partial is None

    def test_control_characters_are_refused(self) -> None:
        assert refused(HEAD.replace(b"sip:b@h", b"sip:\0b@h") + b"\r\n").partial is None
        refused(b"SIP/2.0 200 O\nK" + HEAD[HEAD.index(b"\r\n") :] + b"\r\n")

    def test_status_without_any_reason(self) -> None:
        response = parse(b"SIP/2.0 200" + HEAD[HEAD.index(b"\r\n") :] + b"\r\n")
        assert isinstance(response, Response)
        assert (response.status, response.reason) == (200, "")


class TestHeaders:
    def test_folding_compact_names_and_blanks(self) -> None:
        message = parse(with_(b"k :  a ,\r\n\tb\r\nsUPPORTED:c  "))
        assert message.headers.all("Supported") == ["a", "b", "c"]

    def test_repeated_headers_keep_their_order(self) -> None:
        message = parse(with_(b"X: 2\r\nY: 0\r\nx: 1"))
        assert message.headers.raw("X") == ["2", "1"]

    @pytest.mark.parametrize(
        "line",
        [
            b"no colon",
            b": x",
            b"a b: x",
            b"X: a\nY: b",
            b"X: a\rb",
            b"X: \0",
            b"\xe9: x",
        ],
    )
    def test_lines_that_are_no_headers_are_refused(self, line: bytes) -> None:
        assert refused(with_(line)).status == 400

    def test_first_header_cannot_continue_the_start_line(self) -> None:
        error = refused(HEAD.replace(b"Via", b" Via", 1) + b"\r\n")
        assert isinstance(error.partial, Request)

    def test_what_is_readable_beside_a_bad_header_is_enough_for_an_answer(self) -> None:
        error = refused(with_(b"X: \0\r\nno colon\r\nY: z"))
        assert isinstance(error.partial, Request)
        assert error.partial.headers.first("Y") == "z"
        assert "X" not in error.partial.headers
        assert Response.answering(error.partial, 400).cseq.method == "OPTIONS"

    def test_no_headers_at_all(self) -> None:
        refused(b"OPTIONS sip:h SIP/2.0\r\n\r\n")
        refused(b"OPTIONS sip:h SIP/2.0\r\n")

    @pytest.mark.parametrize("name", [b"Via", b"From", b"To", b"Call-ID", b"CSeq"])
    def test_what_every_message_needs(self, name: bytes) -> None:
        error = refused(HEAD.replace(name, b"X-" + name, 1) + b"\r\n")
        assert error.status == 400
        assert (error.partial is None) == (name == b"Via")

    @pytest.mark.parametrize(
        "line", [b"From: <sip:x@h>", b"t: <sip:x@h>", b"i: x", b"CSeq: 1 OPTIONS"]
    )
    def test_what_may_stand_once(self, line: bytes) -> None:
        refused(with_(line))

    @pytest.mark.parametrize(
        "line",
        [b"Contact: <sip:", b"Record-Route: x", b"Route: <", b"Max-Forwards: 256",
         b"Max-Forwards: 7_0", b"Via: x"],
    )  # fmt: skip
    def test_what_the_properties_promise_is_checked(self, line: bytes) -> None:
        assert isinstance(refused(with_(line)).partial, Request)

    @pytest.mark.parametrize("name", [b"Via", b"From", b"To", b"CSeq"])
    def test_a_list_of_nothing_is_nothing(self, name: bytes) -> None:
        """There is a value, "," - but no element in it, so no top Via."""
        empty = re.sub(rb"(?m)^" + name + rb":.*\r\n", name + b": ,\r\n", HEAD)
        assert isinstance(refused(empty + b"\r\n").partial, Request)

    def test_star_contact(self) -> None:
        assert parse(with_(b"Contact: *")).star_contact

    def test_bytes_beyond_ascii_are_kept_one_by_one(self) -> None:
        message = parse(with_(b"Subject: \xe9\xff\xc3\xa9"))
        assert message.headers.first("Subject") == "\xe9\xff\xc3\xa9"
        assert b"Subject: \xe9\xff\xc3\xa9\r\n" in bytes(message)


class TestBody:
    def test_content_length_cuts(self) -> None:
        assert parse(HEAD + b"l: 3\r\n\r\nabcdef").body == b"abc"

    def test_without_content_length_all_is_body(self) -> None:
        assert parse(HEAD + b"\r\nabc\r\n\r\n\0").body == b"abc\r\n\r\n\0"

    def test_longer_than_the_datagram_is_refused(self) -> None:
        assert isinstance(refused(HEAD + b"l: 4\r\n\r\nabc").partial, Request)

    def test_the_same_length_twice_is_no_contradiction(self) -> None:
        assert parse(HEAD + b"l: 3\r\nContent-Length: 03\r\n\r\nabc").body == b"abc"
        refused(HEAD + b"l: 3\r\nl: 2\r\n\r\nabc")

    @pytest.mark.parametrize("length", [b"", b"x", b"-1", b"1_0", b"+3", b"\xd9\xa3"])
    def test_length_that_is_no_number(self, length: bytes) -> None:
        refused(HEAD + b"l: " + length + b"\r\n\r\nabc")


def read(data: bytes) -> None:
    """Parse, use everything, write: nothing but MessageError may come out, and only of `parse`."""
    try:
        message = parse(data)
    except MessageError as error:
        if isinstance(error.partial, Request):
            bytes(Response.answering(error.partial, error.status, to_tag="t"))
        return
    _ = message.vias, message.top_via, message.from_, message.to, message.cseq, message.contacts
    _ = message.record_route, message.expires, message.content_type, message.tokens("Require")
    again = parse(bytes(message))
    assert again.headers.without("Content-Length") == message.headers.without("Content-Length")
    assert again.body == message.body
    if isinstance(message, Request):
        _ = message.target, message.routes, message.max_forwards
        bytes(Response.answering(message, 200, to_tag="t"))


@given(st.binary(max_size=300))
@example(b"\r\n" * 100)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read(data)


@given(st.lists(st.sampled_from([*HEAD.splitlines(True), b"\r\n", b" ", b'"', b"<", b"l: 1"])))
def test_any_order_of_pieces_is_read_or_refused(pieces: list[bytes]) -> None:
    read(HEAD.splitlines(True)[0] + b"".join(pieces))


EDITS: Final = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.integers(0, 8),
        st.binary(max_size=4)
        | st.sampled_from(
            [b"\r\n", b"\r\n ", b'"', b"<", b">", b";", b",", b"\0", b"\xff", b"%s" * 50]
        ),
    ),
    max_size=4,
)


@settings(max_examples=400)
@given(st.sampled_from(CORPUS), EDITS)
def test_mutated_messages_are_read_or_refused(
    data: bytes, edits: list[tuple[float, int, bytes]]
) -> None:
    for place, cut, put in edits:
        at = int(place * len(data))
        data = data[:at] + put + data[at + cut :]
    read(data)


@pytest.mark.parametrize("data", CORPUS[::5])
def test_any_truncation_is_read_or_refused(data: bytes) -> None:
    for end in range(0, len(data), 3):
        read(data[:end])
