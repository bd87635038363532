"""Loss, jitter and round trip, by the book."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.rtp.report import MAX_DROPOUT, ReceiverStats, SenderStats, interval
from offhook.rtp.rtcp import SenderReport
from offhook.units import Hertz, RtpTicks, Seconds

RATE = Hertz(8000)


def hear(sequences: list[int]) -> ReceiverStats:
    stats = ReceiverStats(RATE)
    for sequence in sequences:
        stats.accept(sequence & 0xFFFF)
    return stats


def test_nothing_heard_is_nothing_lost() -> None:
    stats = ReceiverStats(RATE)
    assert (stats.expected, stats.lost, stats.jitter) == (0, 0, Seconds(0))


def test_losses_are_counted_across_the_wrap() -> None:
    stats = hear([65533, 65534, 1, 2])
    assert (stats.received, stats.expected, stats.lost) == (4, 6, 2)
    assert stats.block(9, Seconds(0)).highest == 0x10002


def test_a_late_packet_is_not_lost_and_a_copy_is_less_than_none() -> None:
    assert hear([1, 3, 2]).lost == 0
    assert hear([1, 2, 2]).lost == -1


@given(st.lists(st.integers(1, 200), min_size=1, max_size=100))
def test_expected_is_the_span(steps: list[int]) -> None:
    at, sequences = 65000, [65000]
    for step in steps:
        at += step
        sequences.append(at)
    stats = hear(sequences)
    assert stats.expected == at - 65000 + 1
    assert stats.lost == stats.expected - len(sequences)


def test_one_leap_is_doubted_two_in_a_row_are_a_restart() -> None:
    stats = hear([100, 101])
    assert stats.accept(20_000) is None
    assert stats.accept(102) == 102
    assert stats.accept(20_000) is None
    assert stats.accept(20_001) is not None
    assert stats.accept(20_003) is not None
    assert (stats.received, stats.lost) == (5, 1)


def test_a_leap_backwards_is_a_restart_too() -> None:
    stats = hear([5000, 5001, 10, 11, 12])
    assert (stats.received, stats.lost) == (4, 0)


def test_the_longest_dropout_still_counts_as_loss() -> None:
    assert hear([0, MAX_DROPOUT - 1]).lost == MAX_DROPOUT - 2


def test_jitter_of_a_steady_stream_is_nil_and_grows_by_a_sixteenth() -> None:
    stats = ReceiverStats(RATE)
    for count in range(10):
        stats.arrived(RtpTicks(160 * count), Seconds(5 + 0.02 * count))
    assert stats.jitter == pytest.approx(0, abs=1e-9)
    stats.arrived(RtpTicks(1600), Seconds(5.2 + 0.016))  # 16 ms late
    assert stats.jitter == pytest.approx(0.001)


def test_the_fraction_is_that_since_the_last_report() -> None:
    stats = hear([0, 1, 2, 3])
    assert stats.block(9, Seconds(0)).fraction == 0
    stats.accept(7)
    block = stats.block(9, Seconds(0))
    assert (block.fraction, block.lost) == (3 * 256 // 4, 3)
    assert stats.block(9, Seconds(0)).fraction == 0


def test_our_block_says_when_the_last_sender_report_came() -> None:
    stats = hear([0])
    assert stats.block(9, Seconds(3)).last_report == stats.block(9, Seconds(3)).delay == 0
    stats.reported(SenderReport(9, 0x1111_2222_3333_4444, 0, 0, 0), Seconds(10))
    block = stats.block(9, Seconds(12.5))
    assert (block.last_report, block.delay) == (0x2222_3333, int(2.5 * 65536))


def test_the_round_trip_is_what_the_clocks_say() -> None:
    """Two ends with clocks far apart, 30 ms there and 50 ms back, 2 s of thinking."""
    ours = SenderStats(7, Seconds(1000))
    for octets in (160, 160):
        ours.sent(octets)
    report = ours.report(RtpTicks(320), Seconds(1010), ())
    assert (report.packets, report.octets, report.rtp_time) == (2, 320, 320)
    theirs = hear([0, 2])
    theirs.reported(report, Seconds(77.03))
    ours.heard(theirs.block(7, Seconds(79.03)), Seconds(1012.08))
    assert ours.round_trip == pytest.approx(0.08, abs=0.001)
    assert ours.remote_lost == 1


def test_an_impossible_round_trip_is_not_believed() -> None:
    ours = SenderStats(7, Seconds(0))
    theirs = hear([0])
    theirs.reported(ours.report(RtpTicks(0), Seconds(100), ()), Seconds(1))
    ours.heard(theirs.block(7, Seconds(1)), Seconds(50))
    assert ours.round_trip is None


def test_a_peer_that_got_no_report_of_ours_tells_no_round_trip() -> None:
    ours = SenderStats(7, Seconds(0))
    ours.heard(hear([0]).block(7, Seconds(1)), Seconds(2))
    assert (ours.round_trip, ours.remote_lost) == (None, 0)


@given(st.integers(0, 2**32 - 1), st.integers(1, 10_000))
def test_reports_are_five_seconds_apart_more_or_less(ssrc: int, count: int) -> None:
    assert 2.5 <= interval(ssrc, count) <= 7.5
    assert 1.25 <= interval(ssrc, 0) <= 3.75


def test_phones_do_not_report_in_step() -> None:
    times = [interval(ssrc, 3) for ssrc in range(200)]
    assert len({round(each, 2) for each in times}) > 100
    assert sum(times) / len(times) == pytest.approx(5, abs=0.3)
