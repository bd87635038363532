"""Actions performed: each by the part that can do it.  A part that fails is noted, not fatal."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from offhook.entropy import Entropy
from offhook.notes import Note, Severity
from offhook.phone.actions import (
    Action,
    CallEnded,
    ClosePort,
    FactoryReset,
    Light,
    OpenPort,
    Ring,
    Show,
    StartVoice,
)
from offhook.ports import Bell, Lamp
from offhook.service.parts import VoiceRunner
from offhook.service.voice import RtpPair, RtpPorts
from offhook.sip.actions import Resolve, Send, ServerDate
from offhook.units import Endpoint, Seconds

READY_PORTS: Final = 2  # pairs the station knows of, so that an answer never waits for one
ANYWHERE: Final = {4: "0.0.0.0", 6: "::"}  # noqa: S104  # RTP must survive a change of address


@dataclass(slots=True)
class Ports:
    """RTP pairs ahead of need: `choose` gives the numbers that the station may offer."""

    first: int
    last: int
    entropy: Entropy
    _pairs: RtpPorts | None = None

    def choose(self, local: Endpoint | None, besides: Collection[int]) -> int:
        """A free pair on `local`'s family, none of `besides`; its port.  Raises `OSError`."""
        return self._pool(local).choose(besides)

    def open(self, port: int, local: Endpoint | None) -> None:
        """Bind it: a peer is told of it next.  Raises `OSError` when somebody took it."""
        self._pool(local).open(port)

    def take(self, port: int, local: Endpoint | None) -> RtpPair | None:
        """The pair of this port; if the family changed since, bound anew."""
        pool = self._pool(local)
        try:
            pool.open(port)
        except OSError:
            return None
        return pool.take(port)

    def close(self, port: int) -> None:
        """Not needed."""
        if self._pairs is not None:
            self._pairs.close(port)

    def close_all(self) -> None:
        """At the end."""
        if self._pairs is not None:
            self._pairs.close_all()

    def _pool(self, local: Endpoint | None) -> RtpPorts:
        host = ANYWHERE[6 if local is not None and ":" in local.host else 4]
        if self._pairs is None or self._pairs.host != host:
            self.close_all()
            self._pairs = RtpPorts(host, self.first, self.last, self.entropy)
        return self._pairs


@dataclass(slots=True)
class Outlets:
    """Everything the station can move."""

    send: Callable[[bytes, Endpoint], None]
    local: Callable[[], Endpoint | None]
    resolve: Callable[[str, Seconds], None]
    note: Callable[[Note, Seconds], None]
    ended: Callable[[CallEnded], None]
    """A call ended: journal and call log."""
    dated: Callable[[int, Seconds], None]
    """What the exchange's clock shows."""
    refill: Callable[[], None]
    """A port was used up: have another one opened, later."""
    shown: Callable[[str], None]
    voice: VoiceRunner
    ports: Ports
    reset: Callable[[], None] = lambda: None
    """Forget everything and start anew."""
    bell: Bell | None = None
    lamp: Lamp | None = None
    ready: set[int] = field(default_factory=set)
    """Ports that the station has been given and has not used."""
    failing: set[str] = field(default_factory=set)
    """Outputs that failed the last time they were used."""

    def perform(self, action: Action, now: Seconds) -> None:
        """Do one thing.  Never waits, never raises for what hardware or network do."""
        match action:
            case Send(data, to):
                self.send(data, to)
            case Ring() | Light():
                self._move(action, now)
            case Note():
                self.note(action, now)
            case Resolve() | CallEnded() | Show() | FactoryReset() | ServerDate():
                self._service(action, now)
            case _:
                self._voice(action, now)

    def _service(
        self, action: Resolve | CallEnded | Show | FactoryReset | ServerDate, now: Seconds
    ) -> None:
        match action:
            case Resolve(host):
                self.resolve(host, now)
            case CallEnded():
                self.ended(action)
            case Show(text):
                self.shown(text)
            case FactoryReset():
                self.reset()
            case ServerDate(epoch):
                self.dated(epoch, now)

    def _voice(self, action: Action, now: Seconds) -> None:
        match action:
            case OpenPort(port):
                self._open(port, now)
            case ClosePort(port):
                self.ready.discard(port)
                self.ports.close(port)
                self.refill()
            case StartVoice(_, parameters):
                self.ready.discard(parameters.port)
                pair = self.ports.take(parameters.port, self.local())
                self.refill()
                if pair is None:
                    self._lost(parameters.port, now)
                else:
                    self.voice.obey(action, pair)
            case (
                Send()
                | Ring()
                | Light()
                | Note()
                | Resolve()
                | CallEnded()
                | Show()
                | ServerDate()
                | FactoryReset()
            ):
                raise AssertionError(action)  # `perform` has done it
            case _:
                self.voice.obey(action)

    def _open(self, port: int, now: Seconds) -> None:
        try:
            self.ports.open(port, self.local())
        except OSError:
            self._lost(port, now)

    def _lost(self, port: int, now: Seconds) -> None:
        self.note(Note("RTP port lost", {"port": port}, Severity.ERROR), now)

    def _move(self, action: Ring | Light, now: Seconds) -> None:
        part = "bell" if isinstance(action, Ring) else "lamp"
        try:
            if isinstance(action, Ring):
                if self.bell is not None:
                    self.bell.sound(action.frequency)
            elif self.lamp is not None:
                self.lamp.light(action.on)
        except Exception as error:  # noqa: BLE001  # a driver may raise anything; the call goes on
            self.failing.add(part)
            fields = {"part": part, "error": f"{type(error).__name__}: {error}"}
            self.note(Note("output failed", fields, Severity.ERROR), now)
        else:
            self.failing.discard(part)
