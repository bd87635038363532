"""The shared pieces of RFC 3261 §25."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.errors import MessageError
from offhook.sip.grammar import (
    MAX_PARAMS,
    drop_params,
    find_param,
    is_token,
    number,
    number_or,
    parse_params,
    quote,
    set_param,
    split_list,
    unquote,
    wire_text,
    write_params,
)

LATIN = st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=60)
NAMES = st.text("abcXYZ09-.!%*_+`'~", min_size=1, max_size=8)


@pytest.mark.parametrize(
    "text", ["", "1_000", "٣٤", " 12 ", "+1", "-1", "0x1", "1e3", "1" * 41, "4"]
)
def test_only_ascii_digits_in_range_are_numbers(text: str) -> None:
    with pytest.raises(MessageError):
        number(text, 3)
    assert number_or(text, None, 3) is None


def test_numbers_may_have_leading_zeros() -> None:
    assert number("0009") == 9
    assert number_or("0009", None) == 9
    assert number_or(None, 7) == 7


@given(LATIN)
def test_quoting_can_be_undone_and_hides_commas(text: str) -> None:
    assert unquote(quote(text)) == text
    assert split_list(f"a, {quote(text)}, <b,c>") == ["a", quote(text), "<b,c>"]


def test_what_is_not_quoted_stays() -> None:
    assert [unquote(text) for text in ("a", '"', '"a', "")] == ["a", '"', '"a', ""]


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("a", ["a"]),
        ("a,b ,  c", ["a", "b", "c"]),
        ("a,,b,", ["a", "b"]),
        ("", []),
        ('"x,\\",y" <sip:a,b@c>;q=1, <sip:d>', ['"x,\\",y" <sip:a,b@c>;q=1', "<sip:d>"]),
    ],
)
def test_lists_are_cut_at_commas_outside_quotes_and_brackets(value: str, parts: list[str]) -> None:
    assert split_list(value) == parts


@pytest.mark.parametrize("value", ['a,"b', "a,<b", 'a, "b\\"'])
def test_lists_that_do_not_balance_are_refused(value: str) -> None:
    with pytest.raises(MessageError):
        split_list(value)


@given(st.lists(st.tuples(NAMES, st.none() | NAMES | LATIN.map(quote)), max_size=8))
def test_parameters_can_be_written_and_read(pairs: list[tuple[str, str | None]]) -> None:
    params = tuple(pairs)
    assert parse_params(write_params(params)) == params
    assert parse_params(write_params(params).replace("=", " = ", 0)) == params


def test_parameters_may_have_blanks() -> None:
    assert parse_params(' ; a = 1;b ; c="x;y=z"') == (("a", "1"), ("b", None), ("c", '"x;y=z"'))


@pytest.mark.parametrize(
    "text", [";;", ";", "a", ";a=", ';a="', ";a b", ";=b", ";a" * (MAX_PARAMS + 1)]
)
def test_malformed_parameters_are_refused(text: str) -> None:
    with pytest.raises(MessageError):
        parse_params(text)


def test_parameters_are_found_set_and_dropped_in_any_case() -> None:
    params = (("Tag", '"x"'), ("lr", None))
    assert find_param(params, "TAG") == "x"
    assert find_param(params, "LR") == ""
    assert find_param(params, "none") is None
    assert set_param(params, "tag", "y") == (("Tag", "y"), ("lr", None))
    assert set_param(params, "q", "1") == (*params, ("q", "1"))
    assert drop_params(params, "LR") == (("Tag", '"x"'),)


def test_tokens() -> None:
    assert is_token("INVITE-.!%*_+`'~")
    assert not any(map(is_token, ["", "a b", "é", "a:b"]))


def test_ordinary_text_becomes_utf_8_bytes() -> None:
    assert wire_text("Zoë").encode("latin-1") == "Zoë".encode()
