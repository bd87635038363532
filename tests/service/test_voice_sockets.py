"""Port pairs, kernel time stamps, bounded draining, and strangers kept out by the kernel."""

import select
import socket
import time
from collections.abc import Iterator

import pytest

from offhook.service.voice.ports import MAX_OPEN, RtpPorts
from offhook.service.voice.sockets import MAX_DRAIN, StreamSockets, drain
from offhook.units import Endpoint, Seconds
from support.entropy import SeededEntropy

pytestmark = pytest.mark.integration
HOST = "127.0.0.1"


def udp(port: int = 0) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((HOST, port))
    return sock


def address(sock: socket.socket) -> Endpoint:
    return Endpoint(*sock.getsockname())


def now() -> Seconds:
    return Seconds(time.monotonic())


def readable(sock: socket.socket) -> None:
    assert select.select([sock], [], [], 5)[0]


def opened(ports: RtpPorts) -> int:
    """A pair that waits for a stream."""
    port = ports.choose()
    ports.open(port)
    return port


@pytest.fixture
def ports() -> Iterator[RtpPorts]:
    made = RtpPorts(HOST, 31001, 31200, SeededEntropy(1))
    yield made
    made.close_all()


@pytest.fixture
def stream(ports: RtpPorts) -> Iterator[StreamSockets]:
    pair = ports.take(opened(ports))
    assert pair is not None
    made = StreamSockets(pair.rtp, pair.rtcp)
    yield made
    made.close()


class TestPorts:
    def test_rtp_is_even_and_rtcp_the_next(self, ports: RtpPorts) -> None:
        """RFC 3550 §11."""
        port = opened(ports)
        pair = ports.take(port)
        assert pair is not None
        assert pair.port == port
        assert port % 2 == 0
        assert 31001 <= port <= 31199
        assert (address(pair.rtp).port, address(pair.rtcp).port) == (port, port + 1)
        pair.close()

    def test_a_pair_with_either_port_taken_is_passed_over(self) -> None:
        with udp(31300), udp(31303):
            made = RtpPorts(HOST, 31300, 31305, SeededEntropy(1))
            assert made.choose() == 31304
            with pytest.raises(OSError, match="no free pair of UDP ports from 31300 to 31305"):
                made.choose({31304})
        assert made.choose({31304}) in {31300, 31302}  # a failed attempt leaves nothing bound

    def test_a_pair_that_was_only_chosen_listens_to_nobody(self, ports: RtpPorts) -> None:
        port = ports.choose()
        with udp(port), udp(port + 1), pytest.raises(OSError, match="in use"):
            ports.open(port)
        ports.open(port)

    def test_a_pair_is_handed_out_once(self, ports: RtpPorts) -> None:
        port = opened(ports)
        pair = ports.take(port)
        assert pair is not None
        assert ports.take(port) is None
        pair.close()

    def test_closing_frees_the_ports(self, ports: RtpPorts) -> None:
        port = opened(ports)
        ports.close(port)
        with udp(port), udp(port + 1):
            assert ports.take(port) is None

    def test_pairs_that_wait_are_bounded(self, ports: RtpPorts) -> None:
        for _ in range(MAX_OPEN):
            opened(ports)
        with pytest.raises(OSError, match="waiting"):
            opened(ports)

    def test_packets_ask_for_expedited_forwarding(self, stream: StreamSockets) -> None:
        assert stream.rtp.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == 0xB8

    def test_it_works_on_ipv6(self) -> None:
        made = RtpPorts("::1", 31400, 31420, SeededEntropy(1))
        pair = made.take(opened(made))
        assert pair is not None
        assert pair.rtp.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS) == 0xB8
        pair.close()


class TestDrain:
    def test_a_datagram_comes_with_its_source_and_its_own_time(self, stream: StreamSockets) -> None:
        with udp() as peer:
            before = now()
            peer.sendto(b"hello", address(stream.rtp))
            after = now()
            readable(stream.rtp)
            time.sleep(0.02)  # it waits in the kernel
            ((data, source, at),) = drain(stream.rtp, now())
            assert (data, source) == (b"hello", address(peer))
            assert before - 0.001 <= at <= after + 0.005

    def test_a_wall_clock_that_was_set_spoils_nothing(
        self, stream: StreamSockets, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = time.clock_gettime
        shift = {time.CLOCK_REALTIME: 315_360_000.0}  # ten years
        monkeypatch.setattr(time, "clock_gettime", lambda which: real(which) + shift.get(which, 0))
        with udp() as peer:
            peer.sendto(b"hello", address(stream.rtp))
            readable(stream.rtp)
            at_read = now()
            ((_, _, at),) = drain(stream.rtp, at_read)
            assert at == at_read

    def test_a_flood_is_taken_in_bites(self, stream: StreamSockets) -> None:
        with udp() as peer:
            for _ in range(MAX_DRAIN + 20):
                peer.sendto(b"x", address(stream.rtp))
            readable(stream.rtp)
            assert len(list(drain(stream.rtp, now()))) <= MAX_DRAIN

    def test_nothing_waiting_is_nothing(self, stream: StreamSockets) -> None:
        assert list(drain(stream.rtp, now())) == []

    def test_a_refused_packet_does_not_stop_the_next(self, stream: StreamSockets) -> None:
        """ICMP port unreachable shows up as an error on the next receive or send."""
        with udp() as peer:
            there = address(peer)
        stream.lock(there)
        for _ in range(3):
            stream.send(b"x", there, rtcp=False)
        with udp(there.port) as peer:
            peer.sendto(b"hello", address(stream.rtp))
            readable(stream.rtp)
            assert [data for data, _, _ in drain(stream.rtp, now())] == [b"hello"]


class TestLock:
    def test_strangers_are_dropped_by_the_kernel(self, stream: StreamSockets) -> None:
        with udp() as peer, udp() as stranger:
            stream.lock(address(peer))
            stranger.sendto(b"noise", address(stream.rtp))
            peer.sendto(b"voice", address(stream.rtp))
            readable(stream.rtp)
            assert [data for data, _, _ in drain(stream.rtp, now())] == [b"voice"]

    def test_unlocked_it_hears_everybody_on_the_same_port_again(
        self, stream: StreamSockets
    ) -> None:
        with udp() as peer, udp() as other:
            before = address(stream.rtp)
            stream.lock(address(peer))
            stream.lock(None)
            assert address(stream.rtp).port == before.port
            other.sendto(b"moved", (HOST, before.port))
            readable(stream.rtp)
            assert [data for data, _, _ in drain(stream.rtp, now())] == [b"moved"]

    def test_it_can_send_elsewhere_while_locked(self, stream: StreamSockets) -> None:
        with udp() as peer, udp() as other:
            stream.lock(address(peer))
            stream.send(b"x", address(other), rtcp=False)
            readable(other)
            assert stream.unsent == 0


@pytest.mark.parametrize("to", [Endpoint(HOST, 0), Endpoint("256.1.1.1", 9), Endpoint(HOST, 70000)])
def test_sending_never_raises(stream: StreamSockets, to: Endpoint) -> None:
    stream.send(b"x", to, rtcp=True)
    assert stream.unsent == 1
