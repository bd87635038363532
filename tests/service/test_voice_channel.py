"""The channel between main process and runner."""

import os
from collections.abc import Iterator

import pytest

from offhook.notes import Severity, note
from offhook.service.voice.channel import Channel, ChannelClosed
from offhook.service.voice.messages import Remark
from offhook.service.voice.page import SharedPage
from offhook.units import Seconds

pytestmark = pytest.mark.integration
Pair = tuple[Channel, Channel]


@pytest.fixture
def pair() -> Iterator[Pair]:
    one, other = Channel.pair()
    yield one, other
    one.close()
    other.close()


def test_messages_keep_their_order_and_edges(pair: Pair) -> None:
    one, other = pair
    for number in range(5):
        assert one.send(("message", number))
    assert [other.receive() for _ in range(5)] == [(("message", n), []) for n in range(5)]
    assert other.receive() is None


def test_descriptors_travel(pair: Pair) -> None:
    one, other = pair
    reader, writer = os.pipe()
    one.send("take this", [writer])
    os.close(writer)
    received = other.receive()
    assert received is not None
    message, (copy,) = received
    os.write(copy, message.encode() if isinstance(message, str) else b"")
    os.close(copy)
    assert os.read(reader, 99) == b"take this"
    os.close(reader)


def test_a_full_channel_refuses_and_does_not_wait(pair: Pair) -> None:
    one, other = pair
    sent = 0
    while one.send(bytes(1000)):
        sent += 1
        assert sent < 100_000
    assert other.receive() == (bytes(1000), [])
    assert one.send("room again")


def test_a_closed_end_is_told_both_ways(pair: Pair) -> None:
    one, other = pair
    other.close()
    with pytest.raises(ChannelClosed):
        one.send("anybody?")
    with pytest.raises(ChannelClosed):
        one.receive()


def test_the_heartbeat_crosses_a_fork() -> None:
    page = SharedPage(Seconds(1))
    child = os.fork()
    if child == 0:
        page.beat(Seconds(123.5))
        os._exit(0)
    os.waitpid(child, 0)
    assert page.last_beat() == 123.5
    page.close()


def test_a_note_survives_the_crossing(pair: Pair) -> None:
    one, other = pair
    said = note("something", Severity.WARNING, number=3, word="x")
    one.send(Remark.of(said))
    received = other.receive()
    assert received is not None
    assert isinstance(received[0], Remark)
    assert received[0].note() == said
