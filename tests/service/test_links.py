"""What the kernel tells about the network, and when it has settled."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.service.links import Links, Settling, is_done
from offhook.service.network import Network, address_towards
from offhook.units import Endpoint, Seconds

UP, DOWN = 0x1043, 0x1003  # with and without IFF_RUNNING


def message(kind: int, payload: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(payload), kind, 0, 0, 0) + payload


def link(index: int, flags: int, kind: int = 16) -> bytes:
    return message(kind, struct.pack("=BxHiII", 0, 1, index, flags, 0))


def address(index: int, text: str, kind: int = 20) -> bytes:
    raw = socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    padding = b"\0" * (-len(raw) % 4)
    attribute = struct.pack("=HH", 4 + len(raw), 1 if ":" in text else 2) + raw + padding
    return message(kind, struct.pack("=BBBBI", 2, 24, 0, 0, index) + attribute)


def at(seconds: float) -> Seconds:
    return Seconds(seconds)


def test_an_address_is_usable_while_its_link_has_a_carrier() -> None:
    links = Links()
    links.feed(link(2, UP) + address(2, "192.0.2.20"))
    assert links.usable("192.0.2.20")
    assert links.feed(link(2, DOWN))
    assert not links.usable("192.0.2.20")
    assert links.feed(link(2, UP))
    assert links.usable("192.0.2.20")


def test_what_was_never_told_is_taken_for_usable() -> None:
    assert Links().usable("192.0.2.20")


def test_an_address_that_went_is_no_longer_bound_to_the_dead_link() -> None:
    links = Links()
    links.feed(link(2, DOWN) + address(2, "2001:db8::2"))
    links.feed(address(2, "2001:db8::2", kind=21))
    assert links.usable("2001:db8::2")


def test_a_message_that_tells_nothing_new_is_no_change() -> None:
    links = Links()
    assert links.feed(link(2, UP) + address(2, "192.0.2.20"))
    assert not links.feed(link(2, UP) + address(2, "192.0.2.20"))


def test_a_route_that_comes_or_goes_is_a_change() -> None:
    assert Links().feed(message(24, b""))
    assert Links().feed(message(25, b""))


def test_the_end_of_a_dump_is_seen() -> None:
    assert is_done(link(1, UP) + message(3, b"\0" * 4))
    assert not is_done(link(1, UP))


@given(st.binary(max_size=200))
def test_any_bytes_are_taken_without_an_exception(data: bytes) -> None:
    Links().feed(data)
    Links().feed(message(20, data))
    Links().feed(message(16, data))


def test_a_burst_counts_once_a_second_after_its_last_change() -> None:
    settling = Settling()
    for time in (0.0, 0.4, 0.8):
        settling.changed(at(time))
    assert settling.deadline() == 1.8
    assert not settling.due(at(1.7))
    assert settling.due(at(1.8))
    assert settling.deadline() is None
    assert not settling.due(at(9))


def test_a_network_that_never_rests_counts_every_three_seconds() -> None:
    settling, due = Settling(), []
    for tenth in range(100):
        settling.changed(at(tenth / 10))
        if settling.due(at(tenth / 10)):
            due.append(tenth / 10)
    assert due == [3.0, 6.1, 9.2]


@pytest.mark.integration
class TestThisMachine:
    """The real kernel."""

    def test_loopback_is_where_a_server_here_is_reached_from(self) -> None:
        assert address_towards(Endpoint("127.0.0.1", 5060)) == "127.0.0.1"

    def test_where_no_datagram_may_go_there_is_no_address(self) -> None:
        assert address_towards(Endpoint("255.255.255.255", 5060)) is None

    def test_the_kernel_tells_of_loopback(self) -> None:
        network = Network()
        network.open()
        try:
            assert network.links._addresses["127.0.0.1"] == socket.if_nametoindex("lo")
            assert network.address((Endpoint("127.0.0.1", 5060),)) == "127.0.0.1"
        finally:
            network.close()

    def test_a_fixed_address_is_taken_without_asking_the_routes(self) -> None:
        assert Network("192.0.2.99").address(()) == "192.0.2.99"
