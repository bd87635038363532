"""RFC 4028 in numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.session_timer import (
    LEAST,
    MAX_INTERVAL,
    Refresher,
    SessionExpires,
    SessionTimer,
    from_answer,
    from_grant,
    grant,
    too_brief,
)
from offhook.units import Seconds

NOW = Seconds(1000.0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1800", SessionExpires(1800)),
        ("1800;refresher=uac", SessionExpires(1800, Refresher.UAC)),
        (" 90 ; Refresher = UAS ;x=y", SessionExpires(90, Refresher.UAS)),
        ("9999999999", SessionExpires(MAX_INTERVAL)),
        ("90;refresher=both", SessionExpires(90)),
        ("1_800", None),
        ("٣٠٠", None),
        ("-1", None),
        ("", None),
        (None, None),
    ],
)
def test_the_value_is_read_or_there_is_none(text: str | None, value: SessionExpires | None) -> None:
    assert SessionExpires.parse(text) == value


def test_the_seeds_120_seconds_end_after_88_row_38() -> None:
    timer = from_answer(SessionExpires(120, Refresher.UAS), 90, NOW)
    assert timer == SessionTimer(120, ours=False, since=NOW)
    assert timer.expires_at - NOW == pytest.approx(88)
    assert timer.refresh_at - NOW == pytest.approx(60)


def test_without_a_grant_there_is_no_timer() -> None:
    assert from_answer(None, 90, NOW) is None
    assert from_grant(None, NOW) is None
    assert not too_brief(None, 90)


@given(
    st.none() | st.builds(SessionExpires, st.integers(0, MAX_INTERVAL), st.sampled_from(Refresher)),
    st.integers(0, MAX_INTERVAL),
    st.booleans(),
    st.sampled_from([0, 90, 1800]),
    st.integers(0, 3600),
)
def test_a_grant_is_never_shorter_than_either_side_allows(
    asked: SessionExpires | None, theirs: int, supports: bool, ours: int, least: int
) -> None:
    granted = grant(asked, theirs, supports, ours, least)
    if granted is None:
        assert asked is None
        return
    assert granted.header.interval >= max(least, theirs, LEAST)
    assert granted.header.refresher is not None
    if granted.header.refresher is Refresher.UAC:
        assert supports  # who does not know the extension cannot refresh
        assert granted.require
    timer = from_grant(granted, NOW)
    assert timer is not None
    assert NOW < timer.refresh_at < timer.expires_at <= NOW + granted.header.interval
