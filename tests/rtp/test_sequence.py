"""Wrapping numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.rtp.sequence import TIMESTAMP_BITS, after, extend


@pytest.mark.parametrize(
    ("a", "b", "later"),
    [(1, 0, True), (0, 1, False), (0, 0, False), (0, 0xFFFF, True), (0x7FFF, 0, True),
     (0x8000, 0, False)],
)  # fmt: skip
def test_later_the_shorter_way_round(a: int, b: int, later: bool) -> None:
    assert after(a, b) is later


@given(st.integers(0, 2**48), st.integers(-0x7FFF, 0x7FFF))
def test_numbers_near_each_other_are_extended_exactly(near: int, step: int) -> None:
    assert extend((near + step) & 0xFFFF, near) == near + step


@given(st.integers(0, 2**48), st.integers(-(2**31) + 1, 2**31 - 1))
def test_timestamps_too(near: int, step: int) -> None:
    assert extend((near + step) % 2**32, near, TIMESTAMP_BITS) == near + step
