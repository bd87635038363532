"""When the watchdog is fed, and what systemd is told."""

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.service.systemd import Part, Supervisor, Vitals, watchdog_interval
from offhook.units import Seconds


def at(seconds: float) -> Seconds:
    return Seconds(seconds)


def test_all_alive_feeds_once_per_interval() -> None:
    vitals = Vitals(at(3), at(0))
    fed = []
    for tenth in range(100):
        for part in Part:
            vitals.sign(part)
        if vitals.due(at(tenth / 10)):
            fed.append(tenth / 10)
    assert fed == [3.0, 6.0, 9.0]


@pytest.mark.parametrize("dead", list(Part))
def test_one_silent_part_starves_the_watchdog_and_is_named(dead: Part) -> None:
    vitals = Vitals(at(3), at(0))
    for part in set(Part) - {dead}:
        vitals.sign(part)
    assert not any(vitals.due(at(time)) for time in (3, 4, 5, 6, 60))
    assert vitals.silent() == {dead}


def test_a_sign_of_life_counts_for_one_feed_only() -> None:
    vitals = Vitals(at(3), at(0))
    for part in Part:
        vitals.sign(part)
    assert vitals.due(at(3))
    assert not vitals.due(at(6))


def test_a_part_that_is_only_late_is_fed_for_as_soon_as_it_shows() -> None:
    vitals = Vitals(at(4), at(0))
    for part in set(Part) - {Part.HOOK}:
        vitals.sign(part)
    assert not vitals.due(at(4))
    vitals.sign(Part.HOOK)
    assert vitals.deadline() == 5.0
    assert vitals.due(at(5))


def test_a_phone_without_inputs_has_none_to_lose() -> None:
    vitals = Vitals(at(3), at(0))
    vitals.watch({Part.LOOP, Part.VOICE})
    vitals.sign(Part.LOOP)
    vitals.sign(Part.VOICE)
    assert vitals.due(at(3))


@given(st.lists(st.tuples(st.floats(0, 2), st.sets(st.sampled_from(list(Part)))), max_size=60))
def test_between_two_feeds_every_part_has_shown_life(steps: list[tuple[float, set[Part]]]) -> None:
    vitals, now, seen = Vitals(at(1), at(0)), 0.0, set[Part]()
    for wait, signs in steps:
        now += wait
        for part in signs:
            vitals.sign(part)
        seen |= signs
        if vitals.due(at(now)):
            assert seen == set(Part)
            seen = set()


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({"WATCHDOG_USEC": "9000000", "WATCHDOG_PID": "7"}, 3.0),
        ({"WATCHDOG_USEC": "9000000"}, 3.0),
        ({"WATCHDOG_USEC": "9000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "1_0"}, None),
        ({"WATCHDOG_USEC": "٣"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_interval_is_systemds_and_only_for_us(
    environment: dict[str, str], interval: float | None
) -> None:
    assert watchdog_interval(environment, 7) == interval


@pytest.mark.integration
class TestSupervisor:
    """The notification socket."""

    @pytest.fixture
    def systemd(self, tmp_path: Path) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        return listener

    def test_ready_status_feed_and_stopping_are_told(self, systemd: socket.socket) -> None:
        with systemd:
            supervisor = Supervisor({"NOTIFY_SOCKET": systemd.getsockname()})
            supervisor.ready()
            supervisor.status("registered\nREADY=0")
            supervisor.status("registered\nREADY=0")
            supervisor.feed()
            supervisor.stopping()
            told = [systemd.recv(500) for _ in range(4)]
        assert told == [b"READY=1", b"STATUS=registered\\nREADY=0", b"WATCHDOG=1", b"STOPPING=1"]

    def test_without_systemd_nothing_is_told_and_nothing_fails(self) -> None:
        Supervisor({}).ready()
        Supervisor({"NOTIFY_SOCKET": "/nowhere"}).ready()

    def test_an_abstract_socket_is_reached(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind("\0offhook-test-notify")
            listener.setblocking(False)
            Supervisor({"NOTIFY_SOCKET": "@offhook-test-notify"}).ready()
            assert listener.recv(100) == b"READY=1"
