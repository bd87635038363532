"""The SIP socket on loopback."""

import select
import socket
from collections.abc import Iterator

import pytest

from offhook.service.udp import BATCH, DSCP, SipSocket, open_socket
from offhook.units import Endpoint

pytestmark = pytest.mark.integration

HERE = Endpoint("127.0.0.1", 0)


class Bench:
    def __init__(self) -> None:
        self.got: list[tuple[bytes, Endpoint]] = []
        self.lost: list[Endpoint] = []
        self.sip = SipSocket(
            open_socket(HERE),
            lambda data, source: self.got.append((data, source)),
            self.lost.append,
        )
        self.peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.peer.bind(HERE)
        self.peer.settimeout(5)

    def wait(self) -> None:
        select.select([self.sip], [], [], 5)
        self.sip.readable()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.sip.close()
    bench.peer.close()


def test_datagrams_pass_both_ways(bench: Bench) -> None:
    here = Endpoint(*bench.peer.getsockname())
    bench.sip.send(b"REGISTER", here)
    assert bench.peer.recvfrom(100) == (b"REGISTER", tuple(bench.sip.local))
    bench.peer.sendto(b"SIP/2.0 200 OK", tuple(bench.sip.local))
    bench.wait()
    assert bench.got == [(b"SIP/2.0 200 OK", here)]


def test_one_wake_up_takes_no_more_than_a_batch(bench: Bench) -> None:
    for number in range(3 * BATCH):
        bench.peer.sendto(b"%d" % number, tuple(bench.sip.local))
    bench.wait()
    assert len(bench.got) == BATCH
    bench.wait()
    bench.wait()
    assert [data for data, _ in bench.got] == [b"%d" % number for number in range(3 * BATCH)]


def test_what_was_received_does_not_change_under_the_next_datagram(bench: Bench) -> None:
    bench.peer.sendto(b"first, the longer one", tuple(bench.sip.local))
    bench.peer.sendto(b"second", tuple(bench.sip.local))
    bench.wait()
    assert [data for data, _ in bench.got] == [b"first, the longer one", b"second"]


def test_an_address_where_nobody_listens_is_told(bench: Bench) -> None:
    gone = Endpoint(*bench.peer.getsockname())
    bench.peer.close()
    bench.sip.send(b"REGISTER", gone)
    bench.wait()
    assert bench.lost == [gone]


def test_an_error_does_not_hold_up_what_others_send(bench: Bench) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(HERE)
        nobody = Endpoint(*gone.getsockname())
    bench.sip.send(b"REGISTER", nobody)
    bench.peer.sendto(b"OPTIONS", tuple(bench.sip.local))
    bench.wait()
    assert [data for data, _ in bench.got] == [b"OPTIONS"]
    assert bench.lost == [nobody]


@pytest.mark.parametrize("to", [Endpoint("255.255.255.255", 5060), Endpoint("127.0.0.1", 70000)])
def test_an_address_that_cannot_be_sent_to_is_told_not_raised(bench: Bench, to: Endpoint) -> None:
    bench.sip.send(b"x", to)
    assert bench.lost == [to]
    assert bench.sip.dropped == 1


def test_a_datagram_that_is_too_large_is_told_not_raised(bench: Bench) -> None:
    bench.sip.send(b"x" * 70_000, Endpoint(*bench.peer.getsockname()))
    assert bench.sip.dropped == 1


def test_signalling_is_marked_for_the_network(bench: Bench) -> None:
    assert bench.sip.socket.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == DSCP == 0x60


def test_a_socket_closed_by_what_it_received_is_left_alone(bench: Bench) -> None:
    bench.sip.received = lambda _data, _source: bench.sip.close()
    bench.peer.sendto(b"1", tuple(bench.sip.local))
    bench.peer.sendto(b"2", tuple(bench.sip.local))
    bench.wait()


def test_ipv6_works_the_same() -> None:
    try:
        opened = open_socket(Endpoint("::1", 0))
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with opened:
        assert opened.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS) == DSCP
