"""What a technician asks for over the control socket, done."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from offhook.notes import Note
from offhook.phone import events
from offhook.phone.events import Event
from offhook.phone.settings import PhoneSettings
from offhook.ports import Crosspoint
from offhook.service.config import Settings
from offhook.service.control import Client, Clients
from offhook.service.control_protocol import Json, RefusedError, Request
from offhook.service.disk import Disk
from offhook.service.loop import Phone
from offhook.service.plain import plain
from offhook.service.redact import redact
from offhook.service.store import LoggedCall, Store
from offhook.units import Endpoint, Seconds

DIGITS: Final = "0123456789*#"
REFUSALS: Final = frozenset({"cannot dial now", "no call to answer"})
"""Notes by which the station says that it did not do what it was told."""


@dataclass(slots=True)
class Commands:
    """`obey` is called by the control socket, on the loop."""

    phone: Phone
    settings: Settings
    store: Store
    disk: Disk
    about: Callable[[], Mapping[str, Json]]
    """The service itself, for `status`."""

    def obey(self, client: Client, request: Request) -> None:
        """Do it and answer.  Raises `RefusedError`."""
        match request.do:
            case "status":
                client.done(request, **_table(self.phone.status()), service=dict(self.about()))
            case "calls":
                self._calls(client, request)
            case "config":
                client.done(request, config=plain(self.settings.written))
            case "trace":
                client.topics.add("trace")
                client.done(request)
            case "test" if request.text == "keys":
                client.topics.add("keys")
                client.done(request)
            case _:
                self._drive(self._event(request))
                client.done(request)

    def _drive(self, event: Event) -> None:
        for told in self.phone.feed(event):
            if isinstance(told, Note) and told.what in REFUSALS:
                raise RefusedError(told.what)

    def _event(self, request: Request) -> Event:
        match request.do:
            case "dial":
                return events.Dial(request.text)
            case "answer":
                return events.Answer()
            case "hangup":
                return events.HangUp()
            case "hook":
                return events.SetHook(request.on)
            case "test":
                return events.TestOutput(request.text)
            case "key":
                return self._key(request.text)
            case _:
                raise RefusedError(f"{request.do} is not known")

    def _key(self, key: str) -> Event:
        keypad = self.settings.phone.keypad
        known = {*DIGITS, *keypad.keys.values(), *keypad.functions}
        if key not in known:
            raise RefusedError(f"no key {key!r}; there are {' '.join(sorted(known))}")
        return events.PressKey(key)

    def _calls(self, client: Client, request: Request) -> None:
        try:
            future = self.disk.ask(lambda: self.store.newest(request.limit))
        except OSError as error:
            raise RefusedError(str(error)) from error

        def answer(calls: "asyncio.Future[list[LoggedCall]]") -> None:
            client.done(request, calls=[_call(each) for each in calls.result()])

        asyncio.wrap_future(future, loop=self.phone.loop).add_done_callback(answer)


def _call(logged: LoggedCall) -> Json:
    return {"ended": plain(logged.ended), **_table(logged.call)}


def _table(record: object) -> Mapping[str, Json]:
    shown = plain(record)
    return shown if isinstance(shown, Mapping) else {}


@dataclass(slots=True)
class Ears:
    """What clients listen to: SIP messages (`trace`) and key contacts (`test keys`)."""

    clients: Clients
    keys: Mapping[Crosspoint, str]
    _lifted: bool | None = None
    """The hook as it was told last; it is read far more often than it moves."""

    def message(
        self, out: bool, data: bytes, local: Endpoint, peer: Endpoint, now: Seconds
    ) -> None:
        """A SIP datagram passed, in or out."""
        if self.clients.wanted("trace") and data.strip():
            message: Json = {
                "at": round(now, 6),
                "out": out,
                "local": str(local),
                "peer": str(peer),
                "text": redact(data),
            }
            self.clients.tell("trace", message)

    def event(self, event: object, now: Seconds) -> None:
        """Something happened to keys or hook, raw."""
        if not self.clients.wanted("keys"):
            self._lifted = None
            return
        match event:
            case events.KeypadScan(closed):
                shown: list[Json] = [
                    self.keys.get(at, f"{at.row},{at.column}") for at in sorted(closed)
                ]
                self.clients.tell("keys", {"at": round(now, 6), "closed": shown})
            case events.HookEdge(lifted) if lifted != self._lifted:
                self._lifted = lifted
                self.clients.tell("keys", {"at": round(now, 6), "lifted": lifted})
            case _:
                pass


def with_keys(settings: PhoneSettings, keys: Mapping[Crosspoint, str] | None) -> PhoneSettings:
    """The settings with the key layout of the board that is there."""
    if keys is None:
        return settings
    return replace(settings, keypad=replace(settings.keypad, keys=keys))
