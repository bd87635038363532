"""The Date header, row 16 (RFC 3261 §20.17)."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.date import parse


def test_the_date_of_the_seed_row_16() -> None:
    assert parse("Tue, 28 Aug 2018 10:14:19 GMT") == 1535451259


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_date_is_read(when: datetime) -> None:
    whole = when.replace(microsecond=0)  # in the year 4148 a float has no room for them
    assert parse(format_datetime(when, usegmt=True)) == int(whole.timestamp())


@pytest.mark.parametrize(
    "text",
    [
        None, "", "now", "Tue, 28 Aug 2018 10:14:19", "Tue, 28 Aug 2018 10:14:19 CET",
        "Tue, 00 Aug 2018 10:14:19 GMT", "Fri, 31 Jun 2018 10:14:19 GMT",
        "Thu, 29 Feb 2018 10:14:19 GMT", "Mon, 29 Feb 2100 10:14:19 GMT",
        "Tue, 28 Foo 2018 10:14:19 GMT", "Tue, 28 Aug 1969 10:14:19 GMT",
        "Tue, 28 Aug 2018 24:00:00 GMT", "Tue, 28 Aug 2018 10:60:00 GMT",
        "Tue, 28 Aug 2018 10:14:61 GMT", "Tue, 28 Aug 20188 10:14:19 GMT",
        "Tue, \u0662\u0668 Aug 2018 10:14:19 GMT", "Tue, 2_ Aug 2018 10:14:19 GMT",
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str | None) -> None:
    assert parse(text) is None


@given(st.text(max_size=40))
def test_nothing_raises(text: str) -> None:
    assert parse(text) is None or "GMT" in text
