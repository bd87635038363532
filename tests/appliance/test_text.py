"""What editors make of a settings file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.appliance.quick import MAX_SIZE
from offhook.appliance.text import Parsed, parse
from offhook.service.schema import Problem

TEXT = '[account]\nuser = "200"\n'


def told(content: bytes) -> str:
    problem = parse(content, "offhook.toml")
    assert isinstance(problem, Problem)
    return str(problem)


@pytest.mark.parametrize(
    "content",
    [TEXT.encode(), b"\xef\xbb\xbf" + TEXT.encode(), TEXT.replace("\n", "\r\n").encode()],
    ids=["plain", "mark in front", "Windows lines"],
)
def test_what_is_harmless_is_taken(content: bytes) -> None:
    assert parse(content, "x") == Parsed({"account": {"user": "200"}})


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_told_with_its_way_out(encoding: str) -> None:
    assert "saved as UTF-16. Save it again with the encoding UTF-8" in told(TEXT.encode(encoding))


def test_latin_1_is_told_with_its_line() -> None:
    content = f'{TEXT}display_name = "Jürgen"\n'.encode("latin-1")
    assert "line 3 holds the byte 0xfc, which is no UTF-8" in told(content)


def test_rich_text_is_told() -> None:
    assert "Make Plain Text" in told(rb"{\rtf1\ansi [account]}")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("domain = “200”", "line 3: has curly quotes"),
        ('domain = "200”', "line 3: has curly quotes"),
        ("domain = ‘200’", "line 3: has curly quotes"),
        ("domain = 200a", "line 3: has a value that cannot be understood. Put text in quotes"),
        ("domain =", "line 3: has a value that cannot be understood. Put text in quotes"),
        ("domain = pbx.example.org  # mine", "Put text in quotes"),
        ('port = 5060 "', "line 3: has a value"),
        ("[account]", "line 3: begins a table that there is already"),
        ('user = "x"', "line 3: gives a key that was given before"),
        ("user", "line 3: cannot be understood"),
        ('domain = "abc', "line 3: cannot be understood"),
    ],
)
def test_the_line_and_its_fault_are_told(line: str, words: str) -> None:
    text = f'[account]\nuser = "a"\n{line}\n'
    assert words in told(text.encode())


def test_a_line_that_may_hold_a_secret_is_not_shown() -> None:
    assert "hunter2" not in told(b'[account]\npassword = "hunter2\n')
    assert "hunter2" not in told("[account]\npassword = “hunter2”\n".encode())
    assert "hunter2" not in told("[account]\nPasvord = “hunter2”\n".encode())


def test_a_huge_file_and_a_binary_one_are_told() -> None:
    assert "larger than" in told(b"#" * (MAX_SIZE + 1))
    assert "no text" in told(TEXT.encode() * 20 + b"\0")


def test_curly_quotes_inside_a_value_are_no_fault() -> None:
    assert isinstance(parse('name = "“Joe”"'.encode(), "x"), Parsed)


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_tables_or_one_problem(content: bytes) -> None:
    assert isinstance(parse(content, "x"), Parsed | Problem)
