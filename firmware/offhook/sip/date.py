"""The Date header (RFC 3261 §20.17), by hand: the core has no calendar and no clock.

Tue, 28 Aug 2018 10:14:19 GMT  ->  1535451259 s since 1970, UTC
"""

import re
from typing import Final

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
EPOCH: Final = 1970
DAY: Final = 86_400  # seconds

_DATE: Final = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)


def parse(text: str | None) -> int | None:
    """Seconds since 1970; None for what is no date.  Nobody asks whether the weekday is right."""
    match = _DATE.fullmatch(text.strip(" \t")) if text is not None else None
    if match is None or match[2] not in MONTHS:
        return None
    month = MONTHS.index(match[2])
    day, year, hour, minute, second = (int(match[part]) for part in (1, 3, 4, 5, 6))
    if year < EPOCH or not 0 < day <= DAYS[month] + (month == 1 and _leap(year)):
        return None
    if hour > 23 or minute > 59 or second > 60:  # 60: a leap second
        return None
    return _days(year, month, day) * DAY + hour * 3600 + minute * 60 + second


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days(year: int, month: int, day: int) -> int:
    """From 1 January 1970."""
    before = year - 1
    leaps = before // 4 - before // 100 + before // 400 - 477  # 477 of them before 1970
    whole = (year - EPOCH) * 365 + leaps
    return whole + sum(DAYS[:month]) + (month > 1 and _leap(year)) + day - 1
