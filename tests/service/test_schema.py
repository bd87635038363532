"""Reading a table closed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.service.schema import ConfigError, Problem, Reader
from offhook.units import Seconds


def reader(**entries: object) -> Reader:
    return Reader("x.toml", "t", entries, [])


def test_a_problem_names_file_key_value_and_remedy() -> None:
    table = reader(port=70000)
    assert table.whole("port", 5060, 1, 65535) == 5060
    assert str(table.problems[0]) == (
        "x.toml: t.port = 70000: is out of range. "
        "Write a number from 1 to 65535, or leave it out for 5060."
    )


def test_an_unknown_key_is_an_error_that_names_the_nearest_known_one() -> None:
    table = reader(contry="US")
    table.choice("country", "US", ("US", "UK"))
    table.whole("port", 1, 0, 2)
    table.finish()
    assert 'Did you mean "country"?' in table.problems[0].remedy


def test_an_unknown_key_near_to_none_lists_those_that_are_known() -> None:
    table = reader(zzz=1)
    table.whole("port", 1, 0, 2)
    table.finish()
    assert table.problems[0].remedy == "Known: port."


def test_all_problems_are_found_not_just_the_first() -> None:
    table = reader(a="x", b=99, c=1)
    table.whole("a", 0, 0, 1)
    table.whole("b", 0, 0, 1)
    table.finish()
    assert [problem.key for problem in table.problems] == ["t.a", "t.b", "t.c"]


def test_a_key_that_must_be_given_is_asked_for() -> None:
    table = reader()
    assert table.text("user") == ""
    assert table.problems[0].remedy == "Write t.user = a string in quotes."


def test_true_is_no_number_and_a_number_is_no_flag() -> None:
    table = reader(n=True, x=True, f=1)
    table.whole("n", 0, 0, 1)
    table.number("x", 0, 0, 1)
    table.flag("f", default=False)
    assert len(table.problems) == 3


@pytest.mark.parametrize("key", ["password", "pasvord", "Passwort", "pass_word", "psk", "sekret"])
def test_a_secret_is_not_shown_though_its_key_is_misspelt(key: str) -> None:
    table = reader(**{key: "hunter2"})
    table.finish()
    assert "hunter2" not in str(table.problems[0])


def test_nan_and_infinity_are_out_of_every_range() -> None:
    table = reader(a=float("nan"), b=float("inf"))
    assert table.number("a", 1, 0, 9) == 1
    assert table.number("b", 1, 0, 9) == 1
    assert len(table.problems) == 2


def test_milliseconds_become_seconds_here() -> None:
    assert reader(debounce_ms=25).milliseconds("debounce_ms", Seconds(0.03), 5, 200) == 0.025


def test_what_may_be_a_secret_is_never_shown() -> None:
    table = Reader("x.toml", "t", {"password": "hunter2", "sip_token": "abc"}, [])
    table.finish()
    assert not any("hunter2" in str(each) or "abc" in str(each) for each in table.problems)


def test_a_misspelt_table_does_not_spill_what_is_in_it() -> None:
    table = Reader("x.toml", "", {"acount": {"password": "hunter2"}}, [])
    table.table("account").finish()
    table.finish()
    assert "hunter2" not in str(table.problems[0])


def test_a_control_character_in_a_text_is_refused_and_shown_escaped() -> None:
    table = reader(user="a\r\nb\x1b[31m")
    table.text("user", "")
    assert "\x1b" not in str(table.problems[0])
    assert "\n" not in str(table.problems[0])


def test_a_list_of_choices_names_the_stranger() -> None:
    table = reader(codecs=["PCMU", "G728"])
    assert table.choices("codecs", ("PCMA",), ("PCMU", "PCMA", "G729")) == ("PCMA",)
    assert table.problems[0].what == '"G728" is not known'
    assert 'Did you mean "G729"?' in table.problems[0].remedy


def test_a_list_is_refused_when_empty_twice_the_same_or_not_of_text() -> None:
    for value in ([], ["a", "a"], [1], [["a"]], "a"):
        table = reader(k=value)
        assert table.choices("k", ("b",), ("a", "b")) == ("b",)
        assert len(table.problems) == 1, value


def test_an_error_holds_every_problem() -> None:
    error = ConfigError([Problem("f", "k", "", "bad", "Mend."), Problem("g", "", "", "w", "R")])
    assert str(error) == "f: k: bad. Mend.\ng: w. R"


toml = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(toml)
def test_whatever_stands_in_a_file_never_raises(value: object) -> None:
    table = reader(k=value)
    table.text("k", "", "[a-z]*", "letters")
    table.whole("k", 0, 0, 9)
    table.number("k", 0, 0, 9)
    table.flag("k", default=False)
    table.choice("k", "a", ("a", "b"))
    table.choices("k", ("a",), ("a", "b"))
    table.texts("k", (), "[0-9]+", "digits")
    table.table("k").finish()
    assert all(str(problem).isprintable() for problem in table.problems)
