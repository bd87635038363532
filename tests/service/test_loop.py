"""The shell around the station, in virtual time."""

from dataclasses import dataclass, field

import pytest

from offhook.notes import Note, note
from offhook.phone.actions import Action, Show
from offhook.phone.events import Datagram, Dial, Event, HookEdge, KeypadScan, PressKey
from offhook.phone.station import Status
from offhook.ports import Crosspoint
from offhook.service.blackbox import MAX_ENTRIES, BlackBox
from offhook.service.chores import Task
from offhook.service.loop import EXIT_BUG, FAREWELL, Phone
from offhook.sip.actions import Send
from offhook.units import Endpoint, Seconds
from support.fake_loop import FakeLoop

PBX = Endpoint("192.0.2.1", 5060)


@dataclass
class FakeStation:
    """Remembers what it was fed; answers what the test says."""

    fed: list[tuple[str, float]] = field(default_factory=list)
    answers: list[Action] = field(default_factory=list)
    due: Seconds | None = None
    stopped: bool = False
    failure: Exception | None = None

    def start(self, now: Seconds) -> list[Action]:
        return [Show("started")]

    def handle(self, event: Event, now: Seconds) -> list[Action]:
        if self.failure:
            raise self.failure
        self.fed.append((type(event).__name__, now))
        return self.answers

    def deadline(self) -> Seconds | None:
        return self.due

    def tick(self, now: Seconds) -> list[Action]:
        self.fed.append(("tick", now))
        self.due = None
        return [Show("ticked")]

    def stop(self, now: Seconds) -> list[Action]:
        return [Send(b"BYE", PBX)]

    def status(self, now: Seconds) -> Status:
        raise NotImplementedError


class Bench:
    def __init__(self) -> None:
        self.loop = FakeLoop()
        self.station = FakeStation()
        self.done: list[Action] = []
        self.notes: list[Note] = []
        self.seen: list[tuple[str, float]] = []
        self.phone = Phone(
            self.loop.real(),
            self.station,
            lambda action, _now: self.done.append(action),
            self.notes.append,
            lambda what, now: self.seen.append((type(what).__name__, now)),
        )
        self.phone.start()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_actions_are_all_performed_in_order_before_the_next_event(bench: Bench) -> None:
    bench.station.answers = [Show("1"), Show("2"), Show("3")]
    bench.phone.feed(HookEdge(lifted=True))
    assert bench.done == [Show("started"), Show("1"), Show("2"), Show("3")]


def test_an_action_that_feeds_an_event_is_a_bug(bench: Bench) -> None:
    bench.station.answers = [Show("1")]

    def perform(_action: Action, _now: Seconds) -> None:
        bench.phone.feed(HookEdge(lifted=True))

    bench.phone.perform = perform
    with pytest.raises(RuntimeError, match="post"):
        bench.phone.feed(HookEdge(lifted=True))


def test_there_is_exactly_one_timer_and_it_is_the_earliest(bench: Bench) -> None:
    times: list[float] = []
    bench.phone.chores += [Task(times.append, Seconds(105)), Task(times.append, Seconds(103))]
    bench.station.due = Seconds(104)
    bench.phone.feed(HookEdge(lifted=True))
    assert [timer.at for timer in bench.loop.pending()] == [103]
    bench.loop.advance(110)
    assert times == [103, 105]
    assert ("tick", 104) in bench.station.fed
    assert bench.loop.pending() == []


def test_a_timer_that_stands_right_is_left_alone(bench: Bench) -> None:
    bench.station.due = Seconds(104)
    bench.phone.feed(HookEdge(lifted=True))
    [timer] = bench.loop.pending()
    bench.phone.feed(HookEdge(lifted=False))
    assert bench.loop.pending() == [timer]


def test_an_edge_carries_the_time_it_happened(bench: Bench) -> None:
    bench.loop.clock = 110
    bench.phone.post(HookEdge(lifted=True), Seconds(109.5))
    bench.loop.run_soon()
    assert bench.station.fed == [("HookEdge", 109.5)]


def test_time_never_runs_backwards_for_the_station(bench: Bench) -> None:
    bench.phone.feed(Datagram(b"", PBX), Seconds(110))
    bench.phone.feed(HookEdge(lifted=True), Seconds(109))
    assert [at for _, at in bench.station.fed] == [110, 110]


def test_an_observer_sees_every_event_and_every_action(bench: Bench) -> None:
    bench.station.answers = [Show("1")]
    bench.phone.feed(HookEdge(lifted=True))
    assert [name for name, _ in bench.seen] == ["Show", "HookEdge", "Show"]


class TestTheEnd:
    """Stopping and crashing."""

    def test_stopping_waits_until_the_station_has_said_good_bye(self, bench: Bench) -> None:
        bench.phone.stop()
        assert bench.done[-1] == Send(b"BYE", PBX)
        assert not bench.phone.ended.is_set()
        bench.station.stopped = True
        bench.phone.feed(Datagram(b"SIP/2.0 200 OK", PBX))
        assert bench.phone.ended.is_set()
        assert bench.phone.exit_code == 0

    def test_row_c29_an_exchange_that_is_silent_is_not_waited_for(self, bench: Bench) -> None:
        bench.phone.stop()
        bench.loop.advance(100 + FAREWELL - 0.01)
        assert not bench.phone.ended.is_set()
        bench.loop.advance(100 + FAREWELL)
        assert bench.phone.ended.is_set()

    def test_stopping_twice_is_now(self, bench: Bench) -> None:
        bench.phone.stop()
        bench.phone.stop()
        assert bench.phone.ended.is_set()

    def test_nothing_is_fed_after_the_end(self, bench: Bench) -> None:
        bench.phone.ended.set()
        bench.phone.feed(HookEdge(lifted=True))
        assert bench.station.fed == []

    def test_an_escaped_exception_ends_the_process_with_what_led_to_it(self, bench: Bench) -> None:
        bench.phone.feed(HookEdge(lifted=True))
        bench.station.failure = KeyError('response="6629fae4"')
        with pytest.raises(KeyError) as caught:
            bench.phone.feed(Datagram(b"INVITE sip:x SIP/2.0\r\nX: 1", PBX))
        assert bench.loop.handler is not None
        bench.loop.handler(None, {"message": "in a callback", "exception": caught.value})
        assert bench.phone.exit_code == EXIT_BUG
        assert bench.phone.ended.is_set()
        told = [str(each.fields["text"]) for each in bench.notes]
        assert told[0] == "in a callback"
        assert any("Traceback" in line for line in told)
        assert any(">> HookEdge(lifted=True)" in line for line in told)
        assert any(">> sip 192.0.2.1:5060 INVITE sip:x SIP/2.0" in line for line in told)


class TestBlackBox:
    """The last minute."""

    def test_it_forgets_what_is_older_than_a_minute(self) -> None:
        box = BlackBox()
        box.put(">>", HookEdge(lifted=True), Seconds(0))
        box.put(">>", HookEdge(lifted=False), Seconds(50))
        assert list(box.lines(Seconds(70))) == [" -20.000 >> HookEdge(lifted=False)"]

    def test_row_19_digits_are_not_in_it(self) -> None:
        box = BlackBox()
        for event in (PressKey("7"), Dial("8675309"), KeypadScan(frozenset({Crosspoint(2, 0)}))):
            box.put(">>", event, Seconds(0))
        assert not set("".join(box.lines(Seconds(0)))) & set("56789")

    def test_a_flood_of_large_datagrams_stays_small(self) -> None:
        box = BlackBox()
        for _ in range(10 * MAX_ENTRIES):
            box.put(">>", Datagram(b"x" * 65000, PBX), Seconds(0))
        assert sum(len(line) for line in box.lines(Seconds(0))) < MAX_ENTRIES * 250

    def test_the_hooks_regular_reading_does_not_push_out_the_rest(self) -> None:
        box = BlackBox()
        box.put("<<", note("call"), Seconds(0))
        for _ in range(10 * MAX_ENTRIES):
            box.put(">>", HookEdge(lifted=False), Seconds(0))
        assert len(list(box.lines(Seconds(0)))) == 2
