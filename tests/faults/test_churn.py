"""Thousands of calls that come to nothing leave nothing: the whole Station, in virtual time.

Reliability A.3 #2: after 35 s (64·T1 = 32 s) transactions, calls, timers, ports, memory are back.
"""

import gc
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from offhook.phone import events
from offhook.phone.actions import Action, ClosePort, StartVoice, StopVoice
from offhook.units import Seconds
from support.abuse import Aim, cancelled, request, sdp
from support.replay import World
from support.scripted_peer import PEER

pytestmark = pytest.mark.slow

MANY = 5000
RATE = 19  # INVITEs a second: as many as one source may send, so that all are looked at
FLOOD = 60  # as many as in the reference
SETTLED = 35.0  # seconds


@dataclass
class Phone:
    """A Station whose port pool is refilled as the service does, nothing kept of what it did."""

    world: World = field(default_factory=World)
    now: float = 0.0
    rang: int = 0
    ports: set[int] = field(default_factory=set)
    """Reserved by the Station: given and neither closed nor stopped."""
    streams: dict[int, int] = field(default_factory=dict)
    reserved: int = 40000
    react: Callable[["Phone"], None] = lambda phone: None

    def __post_init__(self) -> None:
        self.world.start()
        self.ports = set(self.world.ports)
        self.reserved = max(self.ports)

    def take(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case ClosePort(port):
                    self.ports.remove(port)
                    self.refill()
                case StartVoice(stream, parameters):
                    self.streams[stream] = parameters.port
                    self.refill()
                case StopVoice(stream):
                    self.ports.remove(self.streams.pop(stream))
                case _:
                    pass

    def refill(self) -> None:
        self.reserved += 2
        self.ports.add(self.reserved)
        self.do(events.RtpPort(self.reserved))

    def do(self, event: events.Event) -> None:
        self.take(self.world.station.handle(event, Seconds(self.now)))

    def invite(self, number: int) -> bytes:
        return request(Aim(self.world.station.agent.contact, PEER), str(number), body=sdp())

    def hear(self, data: bytes) -> None:
        self.do(events.Datagram(data, PEER))

    def run(self, time: float) -> None:
        self.now += time
        station = self.world.station
        while (due := station.deadline()) is not None and due <= self.now:
            self.take(station.tick(due))

    @property
    def state(self) -> str:
        return self.world.station.behaviour.state.name


def never(phone: Phone, number: int) -> None:
    """Nobody acknowledges, whatever we say."""
    phone.hear(phone.invite(number))


def answered(phone: Phone, number: int) -> None:
    """We answer; nobody acknowledges, and we put down."""
    phone.hear(phone.invite(number))
    phone.do(events.Answer())
    phone.do(events.HangUp())


def refused(phone: Phone, number: int) -> None:
    """We refuse; nobody acknowledges."""
    phone.hear(phone.invite(number))
    phone.do(events.HangUp())


def given_up(phone: Phone, number: int) -> None:
    """The caller gives up at once."""
    data = phone.invite(number)
    phone.hear(data)
    phone.rang += phone.state == "RINGING"
    phone.hear(cancelled(data))


@pytest.mark.parametrize(
    ("story", "count"), [(given_up, MANY), (never, MANY), (answered, 500), (refused, 500)]
)
def test_thousands_of_calls_that_come_to_nothing_leave_nothing_row_a3_2(
    story: Callable[[Phone, int], None], count: int
) -> None:
    phone = Phone()
    churn(phone, story, 300)  # caches fill
    objects = count_objects()
    churn(phone, story, count)
    assert abs(count_objects() - objects) < 100
    assert_at_rest(phone)
    phone.hear(phone.invite(0))
    assert phone.state == "RINGING"  # and the next caller is let through


@pytest.mark.parametrize("story", [given_up, answered])
def test_memory_is_a_plateau_row_a3_2(story: Callable[[Phone, int], None]) -> None:
    phone = Phone()
    tracemalloc.start()
    try:
        churn(phone, story, 150)
        count_objects()
        before, _ = tracemalloc.get_traced_memory()
        churn(phone, story, 150)
        count_objects()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 60_000  # 240 bytes a call: keeping calls would cost 10 000 each
    assert peak < 20_000_000


def count_objects() -> int:
    """Live objects, garbage gone."""
    gc.collect()
    return len(gc.get_objects())


def churn(
    phone: Phone, story: Callable[[Phone, int], None], count: int, rate: float = RATE
) -> None:
    first = round(phone.now * 1000)
    for number in range(count):
        story(phone, first + number)
        phone.run(1 / rate)
    phone.do(events.HangUp())  # whoever is left ringing is refused
    phone.run(SETTLED)
    phone.run(SETTLED)  # a BYE of ours after 32 s without an ACK has its own 32 s
    phone.do(events.HangUp())
    phone.run(2)


def assert_at_rest(phone: Phone) -> None:
    station = phone.world.station
    load = station.agent.load
    registration = load["errands"]  # a refresh nobody answers may be under way
    assert registration <= 1
    assert load["transactions"] <= registration
    assert {load[name] for name in ("calls", "remembered", "acks")} == {0}
    assert station.line.calls == {}
    assert not phone.streams
    assert len(phone.ports) == 2
    assert phone.state == "IDLE"
    assert len(station.line._ports) == 2


def test_most_of_the_cancelled_calls_were_really_taken() -> None:
    phone = Phone()
    churn(phone, given_up, 1000)
    assert phone.rang > 500  # beyond, all transactions are taken for 32 s: refused in silence


@pytest.mark.parametrize("story", [given_up, never])
def test_2000_calls_in_a_flood_leave_nothing_row_a3_2(story: Callable[[Phone, int], None]) -> None:
    phone = Phone()
    churn(phone, story, 100, FLOOD)
    objects = count_objects()
    churn(phone, story, 2000, FLOOD)
    assert abs(count_objects() - objects) < 100
    assert_at_rest(phone)
