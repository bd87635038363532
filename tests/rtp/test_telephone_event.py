"""Keys on the wire (RFC 4733; complaints C-44 and C-45)."""

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.rtp.telephone_event import (
    CODES,
    FLASH,
    LONGEST,
    MAX_WAITING,
    REMEMBERED,
    EventPacket,
    EventReceiver,
    EventSender,
    State,
)
from offhook.units import RtpTicks

STEP = RtpTicks(160)


def told(packet: EventPacket) -> tuple[int, bool, int, int, bool]:
    code, flags, duration = struct.unpack("!BBH", packet.payload)
    return packet.timestamp, packet.marker, code, duration, bool(flags & 0x80)


def run(
    sender: EventSender, start: int, packets: int
) -> list[list[tuple[int, bool, int, int, bool]] | None]:
    """What each of so many packet intervals carries from media time `start`."""
    found = (sender.packets(RtpTicks(start + STEP * each), STEP) for each in range(packets))
    return [None if each is None else [told(packet) for packet in each] for each in found]


def test_c44_the_timeline_of_a_short_press() -> None:
    sender = EventSender()
    assert run(sender, 640, 1) == [None]
    sender.press("5")
    first = run(sender, 800, 2)
    sender.release()
    assert first + run(sender, 1120, 4) == [
        [(800, True, 5, 160, False)],
        [(800, False, 5, 320, False)],
        [(800, False, 5, 480, True)],
        [(800, False, 5, 480, True)],
        [(800, False, 5, 480, True)],
        None,
    ]


def test_a_tap_still_lasts_40_ms() -> None:
    sender = EventSender()
    sender.press("#")
    sender.release()
    assert run(sender, 0, 5) == [
        [(0, True, 11, 160, False)],
        [(0, False, 11, 320, True)],
        [(0, False, 11, 320, True)],
        [(0, False, 11, 320, True)],
        None,
    ]


def test_the_same_with_packets_of_10_ms() -> None:
    sender = EventSender()
    sender.press("1")
    sender.release()
    packets = [sender.packets(RtpTicks(80 * each), RtpTicks(80)) for each in range(8)]
    found = [told(one)[3:] for packet in packets for one in packet or []]
    assert found == [(80, False), (160, False), (240, False), *[(320, True)] * 3]
    assert packets[6:] == [None, None]


def test_keys_pressed_fast_keep_their_order_and_a_pause() -> None:
    sender = EventSender()
    for key in "12":
        sender.press(key)
        sender.release()
    found = run(sender, 0, 12)
    events = [(each[0][2], each[0][0]) for each in found if each and each[0][1]]
    assert events == [(1, 0), (2, 640)]  # begun, by timestamp
    assert found[8:] == [None] * 4


def test_voice_fills_a_pause_that_is_longer_than_the_copies() -> None:
    sender = EventSender()
    for key in "12":
        sender.press(key)
        sender.release()
    found = [sender.packets(RtpTicks(80 * each), RtpTicks(80)) for each in range(9)]
    assert [each is None for each in found] == [False] * 6 + [True] * 2 + [False]


def test_a_second_key_lifts_the_first() -> None:
    sender = EventSender()
    sender.press("1")
    run(sender, 0, 3)
    sender.press("2")
    found = run(sender, 480, 4)
    assert [each and each[0][4] for each in found] == [True, True, True, False]
    assert found[3] == [(960, True, 2, 160, False)]


def test_c44_a_long_press_is_cut_into_segments() -> None:
    sender = EventSender()
    sender.press("0")
    packets = 2 * LONGEST // STEP + 3
    flat = [one for each in run(sender, 0, packets) for one in each or []]
    assert [one[1] for one in flat] == [True] + [False] * (len(flat) - 1)
    assert not any(one[4] for one in flat)
    full = [one for one in flat if one[3] == LONGEST]
    assert [one[0] for one in full] == [0] * 3 + [LONGEST] * 3
    assert {one[0] for one in flat} == {0, LONGEST, 2 * LONGEST}
    sender.release()
    ends = [one for each in run(sender, packets * STEP, 3) for one in each or [] if one[4]]
    assert [one[0] for one in ends] == [2 * LONGEST] * 3
    assert {one[3] for one in ends} == {(packets + 1) * STEP - 2 * LONGEST}


def test_a_release_in_the_very_interval_of_a_new_segment() -> None:
    sender = EventSender()
    sender.press("0")
    run(sender, 0, LONGEST // STEP)
    sender.release()
    found = run(sender, LONGEST // STEP * STEP, 3)
    rest = (LONGEST // STEP + 1) * STEP - LONGEST
    assert found[0] == [(0, False, 0, LONGEST, False), (LONGEST, False, 0, rest, True)]
    assert found[2] == [(0, False, 0, LONGEST, False), (LONGEST, False, 0, rest, True)]


def test_clear_forgets_all() -> None:
    sender = EventSender()
    sender.press("1")
    run(sender, 0, 1)
    sender.press("2")
    sender.clear()
    assert run(sender, 160, 3) == [None] * 3
    assert sender.state is State.IDLE


def test_unknown_keys_and_too_many_are_forgotten() -> None:
    sender = EventSender()
    sender.press("x")
    assert run(sender, 0, 1) == [None]
    for _ in range(MAX_WAITING + 20):
        sender.press("7")
    sender.release()
    presses = [each for each in run(sender, 0, 400) if each and each[0][1]]
    assert len(presses) == MAX_WAITING


def test_a_release_without_a_press_is_nothing() -> None:
    sender = EventSender()
    sender.release()
    assert run(sender, 0, 1) == [None]


# Receiving


def payload(code: int, duration: int, *, end: bool = False) -> bytes:
    return struct.pack("!BBH", code, 0x80 * end | 10, duration)


def test_c45_a_press_is_told_once_even_if_the_marker_was_lost() -> None:
    receiver = EventReceiver()
    packets = [payload(2, 320), payload(2, 480), *[payload(2, 480, end=True)] * 3]
    assert [receiver.receive(1, 800, False, each) for each in packets] == ["2"] + [None] * 4


def test_c45_the_same_key_again_is_another_press() -> None:
    receiver = EventReceiver()
    assert receiver.receive(1, 800, True, payload(2, 480, end=True)) == "2"
    assert receiver.receive(1, 2400, True, payload(2, 160)) == "2"
    assert receiver.receive(1, 4000, False, payload(2, 160)) is None  # no end seen, no marker
    assert receiver.receive(1, 90_000, False, payload(2, 160)) == "2"


def test_c45_a_late_packet_of_an_old_press_is_not_a_new_one() -> None:
    receiver = EventReceiver()
    receiver.receive(1, 800, True, payload(2, 480, end=True))
    receiver.receive(1, 2400, True, payload(3, 160))
    assert receiver.receive(1, 800, False, payload(2, 480, end=True)) is None
    assert receiver.receive(1, 2400, False, payload(3, 320)) is None


def test_c44_a_timestamp_that_wrongly_moves_is_still_one_press() -> None:
    receiver = EventReceiver()
    found = [receiver.receive(1, 800 + 160 * n, n == 0, payload(2, 160 + n)) for n in range(12)]
    assert found == ["2"] + [None] * 11


@pytest.mark.parametrize(("code", "key"), [(each, key) for key, each in CODES.items()])
def test_row_65_events_to_16_are_keys_and_16_is_the_flash(code: int, key: str) -> None:
    assert EventReceiver().receive(1, 0, True, payload(code, 160)) == key
    assert CODES[FLASH] == 16


@pytest.mark.parametrize("data", [b"", b"\x01\x0a\x00", payload(17, 160), payload(255, 160)])
def test_row_65_other_events_and_stumps_are_survived(data: bytes) -> None:
    assert EventReceiver().receive(1, 0, True, data) is None


def test_another_source_presses_its_own_keys() -> None:
    receiver = EventReceiver()
    assert receiver.receive(1, 800, True, payload(2, 160)) == "2"
    assert receiver.receive(9, 800, False, payload(2, 160)) == "2"


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2**32 - 1), st.binary(max_size=6))))
def test_memory_is_bounded_whatever_comes(packets: list[tuple[int, int, bytes]]) -> None:
    receiver = EventReceiver()
    for ssrc, timestamp, data in packets:
        receiver.receive(ssrc, timestamp, False, data)
    assert len(receiver._past) <= REMEMBERED


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(CODES)), st.integers(0, 12), st.integers(0, 6)),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 2**32 - 1),
    st.sampled_from([80, 160, 240]),
    st.integers(0, 10_000),
)
def test_what_is_pressed_here_is_heard_there_in_spite_of_loss(
    keys: list[tuple[str, int, int]], offset: int, step: int, seed: int
) -> None:
    """Any lengths and pauses; a third of the packets lost, but never all of one press."""
    sender, receiver, dice = EventSender(), EventReceiver(), random.Random(seed)
    heard: list[str] = []
    media = 0

    def interval() -> None:
        nonlocal media
        for packet in sender.packets(RtpTicks(media), RtpTicks(step)) or []:
            end = packet.payload[1] & 0x80
            if packet.marker or end or dice.random() > 0.33:
                stamp = (packet.timestamp + offset) % 2**32
                key = receiver.receive(1, stamp, packet.marker, packet.payload)
                heard.extend([key] if key else [])
        media += step

    for key, length, pause in keys:
        sender.press(key)
        for _ in range(length):
            interval()
        sender.release()
        for _ in range(pause):
            interval()
    for _ in range(400):
        interval()
    assert heard == [key for key, _, _ in keys]
