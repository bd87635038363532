"""The key sequence of the factory reset."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.phone.reset_code import CODE, ResetCode
from offhook.units import Seconds

AT = Seconds(30)


def code(until: float | None = 60) -> ResetCode:
    made = ResetCode()
    made.until = None if until is None else Seconds(until)
    return made


def test_the_whole_code_is_kept_from_the_dial_plan_and_told_at_its_last_key() -> None:
    heard = code()
    told = [heard.press(key, AT) for key in CODE]
    assert told == [("", False)] * (len(CODE) - 1) + [("", True)]


@pytest.mark.parametrize("until", [None, 29])
def test_later_or_where_it_is_not_wanted_every_key_is_the_dial_plans(until: float | None) -> None:
    heard = code(until)
    assert [heard.press(key, AT) for key in CODE] == [(key, False) for key in CODE]


@given(st.text("0123456789*#", max_size=20).filter(lambda keys: not keys.startswith(CODE)))
def test_no_key_is_lost_or_moved_unless_it_may_become_the_code(keys: str) -> None:
    heard = code()
    given_on = "".join(heard.press(key, AT)[0] for key in keys)
    held = keys[len(given_on) :]
    assert keys.startswith(given_on)
    assert CODE.startswith(held)


def test_the_code_is_not_heard_inside_a_longer_number() -> None:
    heard = code()
    assert [heard.press(key, AT) for key in "1" + CODE] == [(key, False) for key in "1" + CODE]


def test_dial_tone_begins_a_new_attempt() -> None:
    heard = code()
    heard.press("1", AT)
    heard.begin()
    assert [heard.press(key, AT)[1] for key in CODE][-1]
