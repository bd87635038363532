"""Each action goes to the one part that can do it."""

import socket
from dataclasses import dataclass, field

import pytest

from offhook.notes import Note, note
from offhook.phone.actions import (
    Action,
    CallEnded,
    ClosePort,
    Light,
    Listen,
    OpenPort,
    Outcome,
    PlayTone,
    Ring,
    Show,
    StartVoice,
    Tone,
    VoiceParameters,
)
from offhook.phone.events import HookEdge
from offhook.service.chores import HookReader, Watchdog
from offhook.service.outlets import Outlets, Ports
from offhook.service.systemd import Part, Supervisor, Vitals
from offhook.sip.actions import Resolve, Send, ServerDate
from offhook.units import Endpoint, Hertz, RtpTicks, Seconds
from support.entropy import CountingEntropy
from support.fake_voice import FakeVoice

LOCAL = Endpoint("127.0.0.1", 40000)
NOW = Seconds(0)


@dataclass
class Buzzer:
    """A bell and a lamp that can break."""

    told: list[object] = field(default_factory=list)
    broken: bool = False

    def sound(self, frequency: Hertz | None) -> None:
        if self.broken:
            raise ZeroDivisionError("no such line")
        self.told.append(frequency)

    def light(self, on: bool) -> None:
        self.told.append(on)

    def close(self) -> None:
        pass


class Bench:
    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []
        self.voice = FakeVoice()
        self.buzzer = Buzzer()
        self.refills = 0
        self.outlets = Outlets(
            send=lambda data, to: self.told.append(("send", (data, to))),
            local=lambda: LOCAL,
            resolve=lambda host, _now: self.told.append(("resolve", host)),
            note=lambda note, _now: self.told.append(("note", note.what)),
            ended=lambda call: self.told.append(("ended", call.party)),
            dated=lambda epoch, _now: self.told.append(("dated", epoch)),
            refill=self._refill,
            shown=lambda text: self.told.append(("shown", text)),
            voice=self.voice,
            ports=Ports(42000, 42099, CountingEntropy()),
            bell=self.buzzer,
            lamp=self.buzzer,
        )

    def _refill(self) -> None:
        self.refills += 1

    def perform(self, *actions: Action) -> None:
        for action in actions:
            self.outlets.perform(action, NOW)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def parameters(port: int) -> VoiceParameters:
    return VoiceParameters(
        port, "PCMA", 8, 8, None, None, True, Seconds(0.02), True, True, 101, 101, False, 1, 1,
        RtpTicks(1), "x", Seconds(30),
    )  # fmt: skip


def test_each_action_reaches_its_part(bench: Bench) -> None:
    ended = CallEnded(False, "600", "", Outcome.BUSY, "", "", NOW, "", 0, NOW, NOW, None)
    bench.perform(
        Send(b"x", LOCAL), Resolve("pbx"), note("hello"), Show("idle"), ended, ServerDate(7),
        Ring(Hertz(440)), Light(on=True), Ring(None), Listen(on=True), PlayTone(Tone.DIAL),
    )  # fmt: skip
    assert bench.told == [
        ("send", (b"x", LOCAL)), ("resolve", "pbx"), ("note", "hello"), ("shown", "idle"),
        ("ended", "600"), ("dated", 7),
    ]  # fmt: skip
    assert bench.buzzer.told == [440, True, None]
    assert bench.voice.commands == [Listen(on=True), PlayTone(Tone.DIAL)]


def test_a_phone_without_bell_and_lamp_still_works(bench: Bench) -> None:
    bench.outlets.bell = bench.outlets.lamp = None
    bench.perform(Ring(Hertz(440)), Light(on=True))
    assert bench.told == []


def test_row_c18_a_bell_that_breaks_is_noted_and_the_call_goes_on(bench: Bench) -> None:
    bench.buzzer.broken = True
    bench.perform(Ring(Hertz(440)), Show("ringing"))
    assert bench.told == [("note", "output failed"), ("shown", "ringing")]
    assert bench.outlets.failing == {"bell"}
    bench.buzzer.broken = False
    bench.perform(Ring(None))
    assert bench.outlets.failing == set()


@pytest.mark.integration
class TestPorts:
    """Real sockets."""

    def test_a_stream_takes_the_sockets_bound_for_it(self, bench: Bench) -> None:
        port = bench.outlets.ports.choose(LOCAL, ())
        bench.outlets.ready.add(port)
        bench.perform(OpenPort(port))
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
            pytest.raises(OSError, match="in use"),
        ):
            other.bind(("0.0.0.0", port))  # noqa: S104
        bench.perform(StartVoice(1, parameters(port)))
        [pair] = bench.voice.pairs
        assert pair.rtp.getsockname()[1] == port
        assert pair.rtcp.getsockname()[1] == port + 1
        assert bench.outlets.ready == set()
        assert bench.refills == 1
        bench.voice.close()

    def test_a_port_that_is_not_needed_can_be_bound_again(self, bench: Bench) -> None:
        port = bench.outlets.ports.choose(LOCAL, ())
        bench.perform(OpenPort(port), ClosePort(port))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("0.0.0.0", port))  # noqa: S104
        assert bench.refills == 1

    def test_a_port_offered_on_the_old_address_family_is_bound_anew(self, bench: Bench) -> None:
        port = bench.outlets.ports.choose(LOCAL, ())
        bench.perform(OpenPort(port))
        bench.outlets.local = lambda: Endpoint("::1", 1)
        bench.perform(StartVoice(1, parameters(port)))
        [pair] = bench.voice.pairs
        assert pair.rtp.family is socket.AF_INET6
        bench.voice.close()

    def test_a_port_that_somebody_took_is_noted(self, bench: Bench) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("0.0.0.0", 0))  # noqa: S104
            port = other.getsockname()[1]
            bench.perform(OpenPort(port), StartVoice(1, parameters(port)))
        assert bench.told == [("note", "RTP port lost")] * 2


class Switch:
    """A hook switch."""

    def __init__(self) -> None:
        self.up = False
        self.broken = False

    def lifted(self) -> bool:
        if self.broken:
            raise OSError("gone")
        return self.up

    def listen(self, listener: object) -> None: ...

    def close(self) -> None: ...


def test_a_missed_edge_heals_within_the_regular_reading() -> None:
    switch, fed, notes = Switch(), list[object](), list[str]()
    vitals = Vitals(Seconds(3), NOW)
    reader = HookReader(
        switch, Seconds(0.5), fed.append, lambda note, _now: notes.append(note.what), vitals
    )
    reader.tick(Seconds(1))
    switch.up = True
    assert reader.deadline() == 1.5
    reader.tick(Seconds(1.5))
    assert fed == [HookEdge(lifted=False), HookEdge(lifted=True)]
    assert Part.HOOK not in vitals.silent()


def test_a_switch_that_cannot_be_read_is_noted_and_is_no_sign_of_life() -> None:
    switch, notes = Switch(), list[str]()
    switch.broken = True
    vitals = Vitals(Seconds(3), NOW)
    HookReader(
        switch,
        Seconds(0.5),
        lambda _event: None,
        lambda note, _now: notes.append(note.what),
        vitals,
    ).tick(NOW)
    assert notes == ["hook switch unreadable"]
    assert Part.HOOK in vitals.silent()


def test_row_c20_a_keypad_that_is_not_scanned_any_more_starves_the_watchdog() -> None:
    class Pad:
        checked = Seconds(0)

        def listen(self, listener: object) -> None: ...

        def close(self) -> None: ...

    pad, voice, notes = Pad(), FakeVoice(), list[Note]()
    vitals = Vitals(Seconds(3), NOW)
    vitals.watch({Part.LOOP, Part.KEYPAD})
    watchdog = Watchdog(vitals, Supervisor({}), voice, lambda note, _now: notes.append(note), pad)
    for time in (3, 6, 9):
        pad.checked = Seconds(time - 0.1)
        watchdog.tick(Seconds(time))
    assert notes == []
    watchdog.tick(Seconds(12))
    voice.close()
    assert notes[0].fields == {"silent": "keypad"}


def test_row_c20_a_dead_voice_runner_starves_the_watchdog() -> None:
    class Systemd(Supervisor):
        fed = 0

        def feed(self) -> None:
            self.fed += 1

    systemd, voice, notes = Systemd({}), FakeVoice(), list[Note]()
    vitals = Vitals(Seconds(3), NOW)
    vitals.watch({Part.LOOP, Part.VOICE})
    watchdog = Watchdog(vitals, systemd, voice, lambda note, _now: notes.append(note))
    watchdog.tick(Seconds(3))
    voice.living = False
    for time in (6, 7, 8, 9):
        watchdog.tick(Seconds(time))
    voice.close()
    assert systemd.fed == 1
    assert notes[0].fields == {"silent": "voice"}
