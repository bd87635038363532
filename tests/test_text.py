"""A stranger's words must not move a cursor, fold a line or turn it round (reliability A.3 #21)."""

from hypothesis import given
from hypothesis import strategies as st

from offhook.text import MAX_SHOWN, printable


@given(st.text() | st.binary())
def test_nothing_shown_is_a_control_and_it_is_short(remote: str | bytes) -> None:
    shown = printable(remote)
    assert shown.isprintable()
    assert len(shown) <= MAX_SHOWN


def test_ordinary_names_are_untouched() -> None:
    assert printable("Jürgen «東京» O'Neil") == "Jürgen «東京» O'Neil"


def test_newlines_escapes_and_bidi_marks_are_spelled_out() -> None:
    assert printable("a\r\nb\x1b[2J\u202ec") == r"a\r\nb\x1b[2J\u202ec"


def test_long_text_is_cut_and_says_so() -> None:
    assert printable("x" * 500, limit=5) == "xxxx…"
    assert printable("\x00" * 5, limit=6) == r"\x00\…"


def test_bytes_that_are_not_utf8_are_spelled_out() -> None:
    assert printable(b"ok \xff") == r"ok \xff"
