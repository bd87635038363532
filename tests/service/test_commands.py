"""What a technician asks for, done by a real station; what cannot be done is refused."""

import json
from pathlib import Path

import pytest

from offhook.phone.events import RtpPort
from offhook.phone.settings import PhoneSettings
from offhook.phone.station import Station
from offhook.service.commands import Commands
from offhook.service.config import Settings
from offhook.service.control import Client, Clients
from offhook.service.control_protocol import Json
from offhook.service.disk import Disk
from offhook.service.loop import Phone
from offhook.service.store import Store
from offhook.sip.account import Account
from offhook.units import Endpoint
from support.entropy import CountingEntropy
from support.fake_loop import FakeLoop


class Desk:
    """A telephone in virtual time and one client of its control socket."""

    def __init__(self) -> None:
        account = Account("200", "192.0.2.1", "secret")
        local = Endpoint("192.0.2.20", 40000)
        station = Station(account, PhoneSettings(), ("PCMU",), CountingEntropy(), local)
        phone = Phone(FakeLoop().real(), station, lambda *_: None, lambda _: None)
        phone.start()
        phone.feed(RtpPort(20000))
        settings, store = Settings(account, PhoneSettings()), Store(Path("none"), 5)
        commands = Commands(phone, settings, store, Disk(lambda _: None), dict)
        self.told: list[dict[str, Json]] = []
        told = self.told

        class Listener(Client):
            def send(self, data: bytes) -> None:
                told.append(json.loads(data))

        clients = Clients(commands.obey, "0")
        self.client = Listener(clients)
        clients.connected.add(self.client)
        self.client._transport = object()  # type: ignore[assignment]  # connected is all it asks

    def ask(self, do: str, **arguments: Json) -> dict[str, Json]:
        self.client.data_received(json.dumps({"do": do, **arguments}).encode() + b"\n")
        return self.told[-1]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_call_that_does_not_ring_cannot_be_answered(desk: Desk) -> None:
    assert desk.ask("answer") == {"id": 0, "ok": False, "error": "no call to answer"}


def test_who_is_calling_already_cannot_dial(desk: Desk) -> None:
    assert desk.ask("dial", number="600")["ok"] is True
    refused = desk.ask("dial", number="601")
    assert refused["ok"] is False
    assert "cannot dial now" in str(refused["error"])


def test_hanging_up_what_hangs_already_is_no_mistake(desk: Desk) -> None:
    assert desk.ask("hangup")["ok"] is True
    assert desk.ask("hook", lifted=False)["ok"] is True


def test_a_key_that_is_not_there_is_refused_with_those_that_are(desk: Desk) -> None:
    error = desk.ask("key", key="z")["error"]
    assert "no key 'z'; there are # * 0" in str(error)
