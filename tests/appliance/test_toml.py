"""Tables written as TOML."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.appliance.toml import written

_texts = st.text(st.characters(codec="utf-8"), max_size=20)
_leaves = st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False) | _texts
_values = _leaves | st.lists(_leaves, max_size=4)
_tables = st.recursive(
    st.dictionaries(_texts, _values, max_size=4),
    lambda inner: st.dictionaries(_texts, _values | inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(_texts, _tables, max_size=4))
def test_what_is_written_is_read_again(tables: dict[str, object]) -> None:
    assert tomllib.loads(written(tables, "a\n\nb")) == tables


def test_tables_follow_their_parents_keys() -> None:
    tables = {"phone": {"hook": {"flash": True}, "country": "DE"}}
    assert written(tables) == '\n[phone]\ncountry = "DE"\n\n[phone.hook]\nflash = true\n'


def test_what_settings_do_not_know_is_refused() -> None:
    with pytest.raises(TypeError):
        written({"when": {"at": tomllib.loads("x = 1979-05-27")["x"]}})
