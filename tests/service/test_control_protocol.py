"""The words of the control socket."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.service.control_protocol import (
    RefusedError,
    Request,
    done,
    hello,
    line,
    parse,
    refused,
)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ('{"id":7,"do":"dial","number":"600"}', Request(7, "dial", text="600")),
        ('{"do":"status"}', Request(0, "status")),
        ('{"id":1,"do":"hook","lifted":true}', Request(1, "hook", on=True)),
        ('{"id":1,"do":"calls"}', Request(1, "calls", limit=20)),
        ('{"id":1,"do":"calls","limit":500}', Request(1, "calls", limit=500)),
        ('{"id":1,"do":"test","output":"bell"}', Request(1, "test", text="bell")),
        ('{"id":1,"do":"key","key":"#"}', Request(1, "key", text="#")),
    ],
)
def test_a_request_is_understood(text: str, request_: Request) -> None:
    assert parse(text.encode()) == request_


@pytest.mark.parametrize(
    "text",
    [
        "", "nonsense", "[]", "1", '{"do":"reboot"}', '{"do":1}', '{"id":"x","do":"status"}',
        '{"id":true,"do":"status"}', '{"do":"status","x":1}', '{"do":"dial"}',
        '{"do":"dial","number":""}', '{"do":"dial","number":5}',
        '{"do":"dial","number":"6\\r\\n0"}', '{"do":"dial","number":"6 0"}',
        '{"do":"dial","number":"' + "1" * 65 + '"}', '{"do":"hook","lifted":1}',
        '{"do":"calls","limit":0}', '{"do":"calls","limit":501}', '{"do":"calls","limit":true}',
        '{"do":"test","output":"$(reboot)"}', '{"do":"dial","number":"\\u0663"}', "[" * 4000,
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(RefusedError, match=r"\w"):
        parse(text.encode())


@given(st.binary(max_size=300))
def test_any_line_is_a_request_or_refused(data: bytes) -> None:
    with suppress(RefusedError):
        assert isinstance(parse(data), Request)


@given(st.text())
def test_an_answer_is_one_line_of_ascii_whatever_is_in_it(text: str) -> None:
    for answer in (line({"x": text}), refused(1, text), done(1, {"x": [text]})):
        assert answer.isascii()
        assert answer.count(b"\n") == 1
        assert json.loads(answer)


def test_the_first_line_tells_the_version() -> None:
    assert json.loads(hello("0.1.0")) == {"offhook": 1, "version": "0.1.0"}
