"""The whole telephone core against the lab exchange, in virtual time, on a perfect network."""

from dataclasses import dataclass, field

import pytest

from offhook.lab.exchange import Exchange
from offhook.lab.services import SERVICES
from offhook.lab.signals import Action as LabAction
from offhook.lab.signals import Line, SendRtp
from offhook.phone import actions, events
from offhook.phone.actions import Action, Tone
from offhook.phone.settings import DiallingSettings, PhoneSettings
from offhook.phone.station import Station
from offhook.sip.account import Account
from offhook.sip.actions import Send
from offhook.units import Endpoint, Seconds
from support.entropy import SeededEntropy
from support.scripted_phone import EXCHANGE, PASSWORDS, PORTS

SETTINGS = PhoneSettings(dialling=DiallingSettings(dial_plan="(6xxS0|100xS0)"))


@dataclass(slots=True)
class Telephone:
    """A Station, and what it did."""

    user: str
    local: Endpoint
    seed: int
    station: Station = field(init=False)
    done: list[Action] = field(default_factory=list)
    ports: int = 30000

    def __post_init__(self) -> None:
        account = Account(self.user, EXCHANGE.host, PASSWORDS[self.user], port=EXCHANGE.port)
        self.station = Station(
            account, SETTINGS, ("PCMA", "PCMU", "G729"), SeededEntropy(self.seed), self.local
        )
        self.ports += self.local.port

    def did(self, kind: type[Action]) -> list[Action]:
        return [action for action in self.done if isinstance(action, kind)]


@dataclass(slots=True)
class Town:
    """Telephones and their exchange; `run` lets time pass."""

    telephones: list[Telephone]
    now: Seconds = Seconds(0)
    algorithms: tuple[str, ...] = ("SHA-256", "MD5")
    exchange: Exchange = field(init=False)
    log: list[str] = field(default_factory=list)
    wire: list[tuple[Endpoint, bytes, Endpoint]] = field(default_factory=list)

    def __post_init__(self) -> None:
        entropy = SeededEntropy(0)
        self.exchange = Exchange(EXCHANGE, PASSWORDS, PORTS, entropy, self.algorithms)

    def start(self) -> None:
        for telephone in self.telephones:
            for _ in range(2):
                self.port(telephone)
            self.perform(telephone, telephone.station.start(self.now))
        self.run(1)

    def port(self, telephone: Telephone) -> None:
        telephone.ports += 2
        self.feed(telephone, events.RtpPort(telephone.ports))

    def feed(self, telephone: Telephone, event: events.Event) -> None:
        self.perform(telephone, telephone.station.handle(event, self.now))

    def perform(self, telephone: Telephone, done: list[Action]) -> None:
        telephone.done += done
        for action in done:
            match action:
                case Send(data, to):
                    self.wire.append((telephone.local, data, to))
                case actions.StartVoice() | actions.ClosePort():
                    self.port(telephone)
                case _:
                    pass  # for the voice path and the board

    def perform_lab(self, done: list[LabAction]) -> None:
        for action in done:
            match action:
                case Send(data, to):
                    self.wire.append((EXCHANGE, data, to))
                case Line(text):
                    self.log.append(text)
                case SendRtp():
                    pass

    def deliver(self) -> None:
        while self.wire:
            source, data, to = self.wire.pop(0)
            if to == EXCHANGE:
                self.perform_lab(self.exchange.receive(data, source, self.now))
            for telephone in self.telephones:
                if telephone.local == to:
                    self.feed(telephone, events.Datagram(data, source))

    def run(self, time: float) -> None:
        end = Seconds(self.now + time)
        self.deliver()
        while (at := self.deadline()) is not None and at <= end:
            self.now = max(self.now, at)
            self.perform_lab(self.exchange.tick(self.now))
            for telephone in self.telephones:
                self.perform(telephone, telephone.station.tick(self.now))
            self.deliver()
        self.now = end

    def deadline(self) -> Seconds | None:
        times = [self.exchange.deadline(), *(one.station.deadline() for one in self.telephones)]
        return min((at for at in times if at is not None), default=None)

    def lift(self, telephone: Telephone) -> None:
        self.feed(telephone, events.HookEdge(lifted=True))
        self.run(0.2)

    def put_down(self, telephone: Telephone) -> None:
        self.feed(telephone, events.HookEdge(lifted=False))
        self.run(0.5)

    def call(self, telephone: Telephone, number: str) -> None:
        self.lift(telephone)
        for key in number:
            self.feed(telephone, events.PressKey(key))
            self.run(0.2)


@pytest.fixture
def town() -> Town:
    town = Town([
        Telephone("1001", Endpoint("127.0.0.1", 6001), 1),
        Telephone("1002", Endpoint("127.0.0.1", 6002), 2),
    ])  # fmt: skip
    town.start()
    return town


@pytest.fixture
def phone(town: Town) -> Telephone:
    return town.telephones[0]


def _tone(phone: Telephone) -> Tone | None:
    tones = [one for one in phone.done if isinstance(one, actions.PlayTone | actions.StopTone)]
    return tones[-1].tone if tones and isinstance(tones[-1], actions.PlayTone) else None


def _gate(phone: Telephone) -> int | None:
    gates = [one.stream for one in phone.done if isinstance(one, actions.SetGate)]
    return gates[-1] if gates else None


def test_it_registers_with_a_proof_at_the_second_try(town: Town, phone: Telephone) -> None:
    assert phone.station.status(town.now).registered
    assert [line for line in town.log if line.startswith("1001")] == [
        "1001 at 127.0.0.1:6001 registers: 200, 1 bound"
    ]
    assert not town.exchange.complaints


@pytest.mark.parametrize(
    "algorithms", [("MD5",), ("SHA-256",), ("SHA-512-256", "MD5"), ("MD5-sess",), ("X", "MD5")]
)
def test_it_registers_and_calls_with_every_digest(algorithms: tuple[str, ...]) -> None:
    phone = Telephone("1001", Endpoint("127.0.0.1", 6001), 1)
    town = Town([phone], algorithms=algorithms)
    town.start()
    town.call(phone, "601")
    town.run(1)
    assert _gate(phone) is not None
    assert not town.exchange.complaints


def test_600_is_ringback_then_a_call_and_its_end(town: Town, phone: Telephone) -> None:
    town.call(phone, "600")
    assert _tone(phone) is Tone.RINGBACK
    town.run(1.5)
    assert _tone(phone) is None
    assert _gate(phone) is not None
    (voice,) = (one for one in phone.done if isinstance(one, actions.StartVoice))
    assert voice.parameters.remote == Endpoint("127.0.0.1", town.exchange.media[0].port)
    town.put_down(phone)
    assert _gate(phone) is None
    assert town.exchange.calls == []
    town.run(40)
    assert not town.exchange.complaints


def test_602_rings_back_after_three_seconds_and_lifting_answers(
    town: Town, phone: Telephone
) -> None:
    town.call(phone, "602")
    town.run(1.5)
    town.put_down(phone)
    assert not [one for one in phone.done if isinstance(one, actions.Ring) and one.frequency]
    town.run(4)
    assert [one for one in phone.done if isinstance(one, actions.Ring) and one.frequency]
    town.lift(phone)
    town.run(0.5)
    assert _gate(phone) is not None
    assert len(town.exchange.media) == 1
    town.put_down(phone)
    town.run(40)
    assert not town.exchange.complaints


def test_a_call_back_that_nobody_answers_lights_the_lamp(town: Town, phone: Telephone) -> None:
    town.call(phone, "602")
    town.run(1.5)
    town.put_down(phone)
    town.run(40)
    rings = [one.frequency for one in phone.done if isinstance(one, actions.Ring)]
    assert rings[0] is not None
    assert rings[-1] is None
    assert [one.on for one in phone.done if isinstance(one, actions.Light)][-1]
    assert phone.station.status(town.now).missed == 1
    assert town.exchange.calls == []
    assert not town.exchange.complaints


@pytest.mark.parametrize(("number", "tone"), [("603", Tone.BUSY), ("699", Tone.UNOBTAINABLE)])
def test_failures_have_their_tone(town: Town, phone: Telephone, number: str, tone: Tone) -> None:
    town.call(phone, number)
    town.run(1)
    assert _tone(phone) is tone
    town.put_down(phone)
    town.run(40)
    assert not town.exchange.complaints


def test_604_is_heard_early_and_then_declined(town: Town, phone: Telephone) -> None:
    town.call(phone, "604")
    town.run(1)
    assert _gate(phone) is None  # early media is heard, nothing is said
    assert [one for one in phone.done if isinstance(one, actions.StartVoice)]
    town.run(3)
    assert [one for one in phone.done if isinstance(one, actions.StopVoice)]
    assert _tone(phone) in {Tone.BUSY, Tone.REORDER}
    town.put_down(phone)
    town.run(40)
    assert not town.exchange.complaints


def test_605_goes_from_early_media_into_a_call(town: Town, phone: Telephone) -> None:
    town.call(phone, "605")
    town.run(2)
    started = phone.did(actions.StartVoice)
    town.run(5)
    assert len(started) == len(phone.did(actions.StartVoice)) == 1  # same description: row 35
    assert _gate(phone) is not None
    town.put_down(phone)
    assert not town.exchange.complaints


def test_606_calls_back_with_g729_alone(town: Town, phone: Telephone) -> None:
    town.call(phone, "606")
    town.run(1.5)
    town.put_down(phone)
    town.run(4)
    town.lift(phone)
    town.run(0.5)
    voices = [one for one in phone.done if isinstance(one, actions.StartVoice)]
    assert voices[-1].parameters.codec == "G729"
    town.put_down(phone)
    assert not town.exchange.complaints


def test_608_is_given_up_with_cancel(town: Town, phone: Telephone) -> None:
    town.call(phone, "608")
    town.run(2)
    town.put_down(phone)
    town.run(40)
    assert town.exchange.calls == []
    assert not town.exchange.complaints


@pytest.mark.parametrize("who_ends", [0, 1])
def test_two_telephones_call_each_other(town: Town, who_ends: int) -> None:
    caller, callee = town.telephones
    town.call(caller, "1002")
    town.run(0.5)
    assert _tone(caller) is Tone.RINGBACK
    assert [one for one in callee.done if isinstance(one, actions.Ring) and one.frequency]
    town.lift(callee)
    town.run(0.5)
    assert _gate(caller) is not None
    assert _gate(callee) is not None
    voices = [
        one
        for phone in (caller, callee)
        for one in phone.done
        if isinstance(one, actions.StartVoice)
    ]
    assert voices[0].parameters.remote == Endpoint("127.0.0.1", voices[1].parameters.port)
    assert voices[1].parameters.remote == Endpoint("127.0.0.1", voices[0].parameters.port)
    town.put_down(town.telephones[who_ends])
    town.run(40)
    assert town.exchange.calls == []
    assert all(not one.station.status(town.now).calls for one in town.telephones)
    assert not town.exchange.complaints


def test_every_number_ends_without_a_complaint_when_put_down_at_any_time(town: Town) -> None:
    phone = town.telephones[0]
    for number in SERVICES:
        for wait in (0.0, 0.05, 1.1, 3.1):
            town.call(phone, number)
            town.run(wait)
            town.put_down(phone)
            town.run(10)  # a call back rings in this time, and is not answered
            if town.exchange.calls:
                town.lift(phone)
                town.put_down(phone)
    town.run(60)
    assert town.exchange.calls == []
    assert list(town.exchange.complaints) == []


def test_it_goes_on_a_refresh_and_goes_with_an_unregister(town: Town, phone: Telephone) -> None:
    town.run(900)
    assert town.exchange.registrar.reachable("1001", town.now) is not None
    town.perform(phone, phone.station.stop(town.now))
    town.run(1)
    assert phone.station.stopped
    assert town.exchange.registrar.reachable("1001", town.now) is None
    assert not town.exchange.complaints
