"""Whose packets are taken (C-49, reliability A.3 #15)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.rtp.packet import Packet
from offhook.rtp.source import PROBATION, TRANSITIONS, WINDOW, Input, SourceLock, State, Verdict
from offhook.units import Endpoint, Seconds

NAMED = Endpoint("192.0.2.1", 5000)
NATTED = Endpoint("198.51.100.1", 33000)
EVIL = Endpoint("203.0.113.66", 6666)
T0 = Seconds(100)
TAKE, TAKE_NEW, WAIT, DROP = Verdict.TAKE, Verdict.TAKE_NEW, Verdict.WAIT, Verdict.DROP


def lock(named: Endpoint | None = NAMED) -> SourceLock:
    return SourceLock(named, T0)


def feed(
    it: SourceLock, source: Endpoint, sequences: list[int], ssrc: int = 7, at: float = T0
) -> list[Verdict]:
    packets = (Packet(0, sequence, 0, ssrc, b"") for sequence in sequences)
    return [it.judge(source, packet, Seconds(at)) for packet in packets]


def test_the_named_address_is_taken_at_once() -> None:
    it = lock()
    assert feed(it, NAMED, [1, 2, 3]) == [TAKE_NEW, TAKE, TAKE]
    assert (it.state, it.target) == (State.CERTAIN, NAMED)


def test_spray_from_a_second_source_is_dropped_and_gets_nothing() -> None:
    it = lock()
    feed(it, NAMED, [1])
    assert feed(it, EVIL, list(range(20))) == [DROP] * 20
    assert it.target == NAMED


def test_c49_another_address_is_learnt_after_four_in_a_row() -> None:
    it = lock()
    assert feed(it, NATTED, [9, 10, 11]) == [WAIT] * (PROBATION - 1)
    assert it.target == NAMED
    assert feed(it, NATTED, [12, 13]) == [TAKE_NEW, TAKE]
    assert (it.state, it.target) == (State.LEARNT, NATTED)
    assert feed(it, EVIL, [1, 2, 3, 4, 5]) == [DROP] * 5


def test_packets_that_do_not_go_together_are_never_learnt() -> None:
    it = lock()
    assert feed(it, EVIL, [1, 3, 5, 7, 9, 11]) == [WAIT] * 6
    assert feed(it, EVIL, [20, 21, 22]) + feed(it, EVIL, [23], ssrc=8) == [WAIT] * 4
    assert feed(it, EVIL, [1, 2]) + feed(it, NATTED, [3, 4]) == [WAIT] * 4
    assert it.target == NAMED


def test_a_row_of_four_may_wrap() -> None:
    assert feed(lock(), NATTED, [65534, 65535, 0, 1])[-1] is TAKE_NEW


def test_nothing_is_learnt_after_the_window() -> None:
    it = lock()
    assert feed(it, NATTED, list(range(9)), at=T0 + WINDOW + 0.01) == [DROP] * 9
    assert feed(it, NATTED, list(range(9)), at=T0 - 1) == [DROP] * 9
    assert feed(it, NAMED, [1], at=T0 + 60) == [TAKE_NEW]


def test_an_answer_opens_the_window_again_unless_the_source_is_known() -> None:
    it = lock()
    it.renew(Seconds(T0 + 20))
    assert feed(it, NATTED, [1, 2, 3, 4], at=T0 + 21)[-1] is TAKE_NEW
    it.renew(Seconds(T0 + 40))
    assert feed(it, EVIL, [1, 2, 3, 4], at=T0 + 41) == [DROP] * 4


def test_the_named_address_takes_over_from_a_learnt_one_for_good() -> None:
    it = lock()
    feed(it, EVIL, [1, 2, 3, 4], ssrc=66)
    assert feed(it, NAMED, [1, 2]) == [TAKE_NEW, TAKE]
    assert feed(it, EVIL, [5, 6, 7, 8, 9], ssrc=66) == [DROP] * 5
    assert it.target == NAMED


def test_without_an_address_in_sdp_somebody_may_still_be_learnt() -> None:
    it = lock(None)
    assert it.target is None
    assert feed(it, NATTED, [1, 2, 3, 4])[-1] is TAKE_NEW


def test_only_a_new_description_arms_it_again() -> None:
    it = lock()
    feed(it, NAMED, [1])
    it.arm(NATTED, Seconds(T0 + 30))
    assert (it.state, it.target) == (State.OPEN, NATTED)
    assert feed(it, NATTED, [2, 3], at=T0 + 31) == [TAKE, TAKE]  # the same SSRC goes on
    assert feed(it, NAMED, [3, 4, 5, 6, 7], at=T0 + 31) == [DROP] * 5


def test_an_orderly_change_of_ssrc() -> None:
    it = lock()
    feed(it, NAMED, [1, 2])
    assert feed(it, NAMED, [500, 501, 502], ssrc=8) == [WAIT, TAKE_NEW, TAKE]
    assert feed(it, NAMED, [3], ssrc=7) == [WAIT]


def test_single_packets_of_a_foreign_ssrc_change_nothing() -> None:
    it = lock()
    feed(it, NAMED, [1])
    for turn in range(2, 9):
        assert feed(it, NAMED, [turn], ssrc=66) == [WAIT]
        assert feed(it, NAMED, [turn]) == [TAKE]


def test_after_a_goodbye_the_next_ssrc_needs_no_probation() -> None:
    it = lock()
    feed(it, NAMED, [1])
    it.left(99)
    assert feed(it, NAMED, [1], ssrc=8) == [WAIT]
    it.left(7)
    assert feed(it, NAMED, [1], ssrc=9) == [TAKE_NEW]


@pytest.mark.parametrize(("host", "known"), [(NAMED.host, True), (EVIL.host, False)])
def test_rtcp_is_read_from_the_same_hosts(host: str, known: bool) -> None:
    assert lock().knows(host) is known
    assert not lock(None).knows(host)


def test_rtcp_is_read_from_a_learnt_host() -> None:
    it = lock()
    feed(it, NATTED, [1, 2, 3, 4])
    assert it.knows(NATTED.host)


STEPS = st.lists(
    st.tuples(
        st.sampled_from([NAMED, NATTED, EVIL]),
        st.sampled_from([7, 8]),
        st.integers(0, 9),
        st.floats(0, 20),
    ),
    max_size=60,
)


@given(STEPS)
def test_whatever_comes_the_target_is_named_or_proven(
    steps: list[tuple[Endpoint, int, int, float]],
) -> None:
    """Every input has its place in the table, and once certain it stays."""
    it = lock()
    certain = False
    for source, ssrc, sequence, at in steps:
        verdict = feed(it, source, [sequence], ssrc, T0 + at)[0]
        certain = certain or source == NAMED
        assert it.target == NAMED or not certain
        if verdict in {TAKE, TAKE_NEW}:
            assert source == it.locked
            assert ssrc == it.ssrc


def test_the_table_has_a_place_for_all_that_can_happen() -> None:
    impossible = {
        (State.OPEN, Input.SAME), (State.OPEN, Input.OTHER), (State.OPEN, Input.CHANGED),
        (State.LEARNT, Input.CANDIDATE), (State.LEARNT, Input.PROVEN),
        (State.CERTAIN, Input.CANDIDATE), (State.CERTAIN, Input.PROVEN),
        (State.CERTAIN, Input.NAMED),
    }  # fmt: skip
    assert set(TRANSITIONS) == {(s, i) for s in State for i in Input} - impossible
