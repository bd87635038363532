"""The way to the exchange, in virtual time on loopback addresses."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from offhook.notes import Note
from offhook.phone.events import Event, NetworkChanged, Resolved, Unreachable
from offhook.service.connection import LOOK_AGAIN, RETRY, Connection
from offhook.service.network import Network
from offhook.service.resolve import NameCache, Resolver
from offhook.units import Endpoint, Seconds
from support.fake_loop import FakeLoop

pytestmark = pytest.mark.integration


class Loop(FakeLoop):
    """Also remembers readers."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: dict[int, Callable[[], None]] = {}

    def add_reader(self, descriptor: int, callback: Callable[[], None]) -> None:
        self.readers[descriptor] = callback

    def remove_reader(self, descriptor: int) -> None:
        del self.readers[descriptor]


@dataclass
class Routes(Network):
    """A network whose answer the test gives."""

    now: str | None = "127.0.0.1"
    asked: list[tuple[Endpoint, ...]] = field(default_factory=list)

    def open(self) -> None:
        raise OSError("not here")

    def address(self, candidates: tuple[Endpoint, ...]) -> str | None:
        self.asked.append(candidates)
        return self.now


class Bench:
    def __init__(self, path: Path, host: str = "127.0.0.9") -> None:
        self.loop = Loop()
        self.network = Routes()
        self.events: list[Event] = []
        self.notes: list[Note] = []
        self.traced: list[tuple[bool, bytes]] = []
        resolver = Resolver(
            NameCache(path / "names.json"),
            answer=self._answered,
            post=self.loop.call_soon,
            save=lambda: None,
            look_up=lambda _host: (),
        )
        self.connection = Connection(
            self.loop.real(), (host, 5060), 0, self.network, resolver,
            self.events.append, self.events.append, lambda note, _now: self.notes.append(note),
            lambda out, data, _local, _peer: self.traced.append((out, data)),
        )  # fmt: skip

    def _answered(self, host: str, addresses: tuple[str, ...]) -> None:
        self.connection.answered(host, addresses)

    def open(self) -> None:
        self.connection.open(Seconds(100))

    def pass_time(self, seconds: float) -> None:
        """Tick at every deadline on the way."""
        end = self.loop.clock + seconds
        while (at := self.connection.deadline()) is not None and at <= end:
            self.loop.clock = max(at, self.loop.clock)
            self.connection.tick(Seconds(self.loop.clock))
            self.loop.run_soon()
        self.loop.clock = end


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_the_socket_is_bound_before_the_station_starts(bench: Bench) -> None:
    bench.open()
    assert bench.connection.local is not None
    assert bench.connection.local.host == "127.0.0.1"
    assert bench.events == []
    bench.connection.close()
    assert bench.loop.readers == {}


def test_row_c3_another_address_is_another_socket_on_the_same_port(bench: Bench) -> None:
    bench.open()
    assert bench.connection.local is not None
    port = bench.connection.local.port
    bench.network.now = "127.0.0.2"
    bench.pass_time(LOOK_AGAIN)
    assert bench.events == [NetworkChanged(Endpoint("127.0.0.2", port))]
    assert len(bench.loop.readers) == 1
    bench.connection.close()


def test_row_c1_a_pulled_cable_is_told_and_heals_within_seconds(bench: Bench) -> None:
    bench.open()
    bench.network.now = None
    bench.pass_time(LOOK_AGAIN)
    assert bench.events == [NetworkChanged(None)]
    bench.connection.send(b"x", Endpoint("127.0.0.9", 5060))
    bench.loop.run_soon()
    assert bench.events[1] == Unreachable(Endpoint("127.0.0.9", 5060))
    bench.network.now = "127.0.0.1"
    bench.pass_time(RETRY)
    assert isinstance(bench.events[2], NetworkChanged)
    assert bench.events[2].local is not None
    bench.connection.close()


def test_an_unchanged_network_is_not_told_again(bench: Bench) -> None:
    bench.open()
    bench.pass_time(10 * LOOK_AGAIN)
    assert bench.events == []
    bench.connection.close()


def test_without_a_watcher_it_says_so_and_looks_regularly(bench: Bench) -> None:
    bench.open()
    assert [note.what for note in bench.notes] == ["network not watched"]
    asked = len(bench.network.asked)
    bench.pass_time(3 * LOOK_AGAIN)
    assert len(bench.network.asked) == asked + 3
    bench.connection.close()


def test_a_port_that_is_taken_is_noted_and_tried_again(bench: Bench, tmp_path: Path) -> None:
    bench.open()
    assert bench.connection.local is not None
    second = Bench(tmp_path)
    second.connection.port = bench.connection.local.port
    second.open()
    assert second.connection.local is None
    assert "SIP socket not bound" in [note.what for note in second.notes]
    bench.connection.close()
    second.pass_time(RETRY)
    assert isinstance(second.events[0], NetworkChanged)
    second.connection.close()


def test_where_the_server_is_decides_where_we_are_before_its_address_is_told(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path, host="pbx.example.org")
    bench.open()
    bench.network.now = "127.0.0.3"
    bench.connection.answered("pbx.example.org", ("127.0.0.9",))
    assert bench.events == []  # an action asked for it; its outcome comes later
    bench.loop.run_soon()
    assert isinstance(bench.events[0], NetworkChanged)
    assert bench.events[1] == Resolved("pbx.example.org", ("127.0.0.9",))
    assert bench.network.asked[-1] == (Endpoint("127.0.0.9", 5060),)
    bench.connection.close()


def test_every_message_sent_and_received_is_traced(bench: Bench) -> None:
    bench.open()
    local = bench.connection.local
    assert local is not None
    bench.connection.send(b"OPTIONS", local)
    for callback in list(bench.loop.readers.values()):
        callback()
    assert bench.traced == [(True, b"OPTIONS"), (False, b"OPTIONS")]
    bench.connection.close()
