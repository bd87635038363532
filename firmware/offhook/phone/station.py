"""The whole telephone without hardware: events in, actions out.

    Datagram ──► Agent ──► Line ──► Behaviour ──► outputs (tone, bell, lamp, gate, display)
    HookEdge ──► HookSwitch ─────────▲     │
    KeypadScan ► Keypad ─────────────┘     └──► Line ──► Agent ──► Send, StartVoice …

`handle` takes everything of `phone.events`; the service performs the actions in order, then asks
`deadline` and calls `tick` when it is due.  RTP ports: feed two `RtpPort` events at start, and one
more after each `StartVoice` or `ClosePort`, so that two lie ready.

**The gate**: the microphone is connected to `Behaviour.active` while and only while the behaviour
talks, the call is up and the hook switch is firmly up.  It is derived anew after each event
(`_wanted`), so no order of messages can leave it open.
"""

from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import Final

from offhook.audio.tones import ring_cadence
from offhook.entropy import Entropy
from offhook.notes import Severity, note
from offhook.phone import events, hook, keypad, outputs, status
from offhook.phone.actions import Action, CallEnded, Outcome, Tone
from offhook.phone.behaviour import Behaviour, Input, Told
from offhook.phone.binding import Binding
from offhook.phone.cadence import Cadence
from offhook.phone.call import State as CallState
from offhook.phone.dial_plan import KEYS
from offhook.phone.events import Event
from offhook.phone.faces import State as Person
from offhook.phone.hook import HookSwitch, Meaning
from offhook.phone.keypad import Keypad
from offhook.phone.line import Line, Result
from offhook.phone.media import Offering
from offhook.phone.orders import News, Order, Place
from offhook.phone.outputs import Outputs
from offhook.phone.settings import Function, PhoneSettings
from offhook.phone.status import CallStatus, Status
from offhook.phone.trouble import TROUBLES
from offhook.sip import actions as sip
from offhook.sip.account import Account
from offhook.sip.agent import Agent
from offhook.text import printable
from offhook.units import Endpoint, Hertz, Seconds

__all__ = ["CallStatus", "Station", "Status"]

NOBODY: Final = Account(user="", domain="", password="")
"""Stands in where there is no account: never registered, and nothing is sent for it."""
TEST: Final = Seconds(2)
"""How long `TestOutput` sounds, shines or plays."""
MAX_TROUBLE: Final = 256
"""Characters of what is wrong with the sound: its remedy comes last."""

_Todo = Result | Order


class Life(Enum):
    """Of the Station."""

    RUNNING = auto()
    STOPPING = auto()
    STOPPED = auto()


class Station:
    """The telephone.  Synchronous, total: no event raises."""

    def __init__(
        self,
        account: Account | None,
        settings: PhoneSettings,
        codecs: tuple[str, ...],
        entropy: Entropy,
        local: Endpoint | None,
    ) -> None:
        """`codecs`: names the voice path can do (`audio.codec.available()`).

        Without an account it can do everything but call; it is then given no `local`.
        """
        set_up, account = account is not None, account or NOBODY
        self.agent = Agent(account, local, entropy)
        self.diary = self.agent.diary
        self.line = Line(self.agent, Offering.of(settings, codecs), entropy, local, self.diary)
        self.behaviour = Behaviour(settings, self.diary)
        self.hook = HookSwitch(settings.hook)
        self.keypad = Keypad(settings.keypad)
        self.bell = Cadence(ring_cadence(settings.country))
        self._settings = settings
        self._able = codecs
        self.behaviour.set_up = self.line.set_up = set_up
        self._user = account.user
        self._out = Outputs()
        self._life = Life.RUNNING
        self._missed = 0
        self._binding = Binding(local is not None)
        if not set_up:
            self._binding.no_account()
        self._sound_trouble = ""
        self._test = ""
        self._test_ends: Seconds | None = None

    def start(self, now: Seconds) -> list[Action]:
        """Register and show the state."""
        told: list[_Todo] = list(self.behaviour.dialling.complaints())
        if not self.behaviour.set_up:
            return self._settle([*told, note("not set up", Severity.WARNING)], now)
        if self.line.local is None:
            told.append(note("no network", Severity.WARNING, instead="waiting for an address"))
        told += self._registrations(self.agent.register(now), now)
        return self._settle(told, now)

    def handle(self, event: Event, now: Seconds) -> list[Action]:
        """One thing happened.  Timers due by `now` fire first."""
        due = self.tick(now)
        return [*due, *self._settle(self._event(event, now), now)]

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        parts = (self.hook, self.keypad, self.behaviour, self.bell, self.line, self.agent)
        times = [self._test_ends, *(part.deadline() for part in parts)]
        return min((at for at in times if at is not None), default=None)

    def tick(self, now: Seconds) -> list[Action]:
        """Fire every timer due at `now`, earliest first."""
        actions: list[Action] = []
        while (at := self.deadline()) is not None and at <= now:
            actions += self._settle(self._due(at), at)
        return actions

    def configure(self, settings: PhoneSettings, now: Seconds) -> list[Action]:
        """Take new settings; they hold from the next call or lift on."""
        if settings.keypad != self._settings.keypad:
            self.keypad = Keypad(settings.keypad)
        self.bell = Cadence(ring_cadence(settings.country))
        self._settings = self.behaviour.settings = settings
        self.hook.settings = settings.hook
        self.line.offering = Offering.of(settings, self._able)
        return self._settle(self.behaviour.dialling.configure(settings.dialling), now)

    def stop(self, now: Seconds) -> list[Action]:
        """Hang up every call and unregister; feed on until `stopped`, or for a few seconds."""
        self._life = Life.STOPPING
        self.hook.force(False)
        actions: list[Action] = []
        while self.behaviour.state is not Person.IDLE:  # a second call rings when the first ends
            actions += self._settle(self.behaviour.put_down(now), now)
        if not self.behaviour.set_up:
            self._life = Life.STOPPED
            return actions
        return [*actions, *self._settle(self._registrations(self.agent.unregister(now), now), now)]

    @property
    def stopped(self) -> bool:
        """After `stop`: the binding was given back and every call is written down."""
        return self._life is Life.STOPPED and not self.line.calls

    def status(self, now: Seconds) -> Status:
        """The telephone at a glance."""
        out = self._out
        return Status(
            state=self.behaviour.state.name.lower().replace("_", " "),
            lifted=self.hook.lifted,
            registered=self.agent.registered,
            registration=self._binding.words,
            local=self.line.local,
            display=out.text,
            lamp=out.lamp,
            missed=self._missed,
            tone="" if out.tone is None else out.tone.name.lower(),
            microphone=out.gate is not None,
            sound_trouble=self._sound_trouble,
            dial_plan_trouble=self.behaviour.dialling.trouble,
            codecs=tuple(codec.name for codec in self.line.offering.codecs),
            calls=status.calls(self.line, now),
            contact=self.agent.contact,
            muted=out.mute,
            set_up=self.behaviour.set_up,
            trouble="" if self.behaviour.told is None else self.behaviour.told.words,
        )

    # What happens

    def _event(self, event: Event, now: Seconds) -> Iterable[_Todo]:
        match event:
            case (
                events.Datagram() | events.Unreachable()
                | events.Resolved() | events.NetworkChanged()
            ):  # fmt: skip
                return self._network(event, now)
            case events.HookEdge(lifted):
                return self._hook(self.hook.edge(lifted, now), now)
            case events.KeypadScan(closed):
                return self._keys(self.keypad.scan(closed, now), now)
            case (
                events.RtpPort() | events.FirstAudio() | events.MediaTimeout()
                | events.DigitHeard() | events.VoiceReport()
            ):  # fmt: skip
                return self._voice(event, now)
            case events.SoundTrouble() | events.SelfTrouble() | events.ResetWindow():
                return self._machine(event)
            case _:
                return self._command(event, now)

    def _network(
        self,
        event: events.Datagram | events.Unreachable | events.Resolved | events.NetworkChanged,
        now: Seconds,
    ) -> Iterable[_Todo]:
        match event:
            case events.Datagram(data, source):
                told = self.agent.receive_datagram(data, source, now)
            case events.Unreachable(peer):
                told = self.agent.unreachable(peer, now)
            case events.Resolved(host, addresses):
                told = self.agent.resolved(host, addresses, now)
            case events.NetworkChanged(local):
                return self._moved(local, now)
        return self._registrations(told, now)

    def _moved(self, local: Endpoint | None, now: Seconds) -> Iterator[_Todo]:
        self._binding.network(local is not None)
        yield note("network changed", Severity.NOTICE, local=str(local) if local else "none")
        yield from self._registrations(self.agent.network_changed(local, now), now)
        yield from self.line.moved(local, now)

    def _voice(
        self,
        event: events.RtpPort
        | events.FirstAudio
        | events.MediaTimeout
        | events.DigitHeard
        | events.VoiceReport,
        now: Seconds,
    ) -> Iterable[_Todo]:
        match event:
            case events.RtpPort(port):
                return self.line.port(port)
            case events.FirstAudio():
                return self.line.first_audio(event)
            case events.MediaTimeout():
                return self.line.media_timeout(event, now)
            case events.VoiceReport():
                return self.line.report(event, now)
            case events.DigitHeard():
                return []  # nobody here listens to the peer's keys

    def _sound(self, trouble: str | None) -> Iterator[_Todo]:
        self._sound_trouble = printable(trouble or "", MAX_TROUBLE)
        if trouble:
            yield note("sound trouble", Severity.ERROR, why=trouble)
        else:
            yield note("sound is back", Severity.NOTICE)

    def _machine(
        self, event: events.SoundTrouble | events.SelfTrouble | events.ResetWindow
    ) -> Iterable[_Todo]:
        match event:
            case events.SoundTrouble(trouble):
                return self._sound(trouble)
            case events.SelfTrouble(code):
                self.behaviour.trouble = told = TROUBLES.get(code)
                return [note("trouble", Severity.WARNING, why=told.words)] if told else []
            case events.ResetWindow(until):
                self.behaviour.reset_code.until = until
                return []

    def _hook(self, meanings: Iterable[Meaning], now: Seconds) -> Iterator[_Todo]:
        for meaning in meanings:
            match meaning:
                case Meaning.LIFTED:
                    yield from self._lift(now)
                case Meaning.PUT_DOWN:
                    yield from self.behaviour.put_down(now)
                case Meaning.FLASHED:
                    yield from self.behaviour.flash(now)
                case Meaning.BROKEN | Meaning.MENDED:
                    pass  # `_wanted` looks at the switch itself

    def _lift(self, now: Seconds) -> list[Told]:
        self._missed = 0  # whoever lifts has seen the lamp
        return self.behaviour.lifted(now)

    def _keys(self, meanings: Iterable[keypad.Meaning], now: Seconds) -> Iterator[_Todo]:
        for meaning in meanings:
            match meaning:
                case keypad.KeyDown(key):
                    yield from self._key_down(key, now)
                case keypad.KeyUp(key):
                    yield from self.behaviour.key_up(key, now)
                case keypad.LongPress(key):
                    if key == self._settings.keypad.flash_long_press:
                        yield from self.behaviour.flash(now)
                case keypad.Stuck(key):
                    yield note("key is stuck", Severity.WARNING, key=key)

    def _key_down(self, key: str, now: Seconds) -> list[Told]:
        match self._settings.keypad.functions.get(key):
            case Function.FLASH:
                return self.behaviour.flash(now)
            case Function.REDIAL:
                return self.behaviour.redial(now)
            case Function.MUTE:
                return self.behaviour.mute(now)
            case None if key in KEYS:
                return self.behaviour.key_down(key, now)
            case None:
                return [note("a key without a meaning", Severity.WARNING, key=key)]

    # What a technician commands

    def _command(
        self,
        event: events.Dial
        | events.Answer
        | events.HangUp
        | events.PressKey
        | events.SetHook
        | events.TestOutput,
        now: Seconds,
    ) -> Iterable[_Todo]:
        match event:
            case events.Dial(number):
                return self._dial(number, now)
            case events.Answer():
                return self._answer(now)
            case events.HangUp():
                self.hook.force(False)
                return self.behaviour.put_down(now)
            case events.PressKey(key):
                return [*self._key_down(key, now), *self.behaviour.key_up(key, now)]
            case events.SetHook(lifted):
                return self._hook(self.hook.force(lifted), now)
            case events.TestOutput(output):
                self._test, self._test_ends = output, Seconds(now + TEST)
                return [note("test", output=output)]

    def _dial(self, number: str, now: Seconds) -> list[Told]:
        if not number or not self.behaviour.can(Input.DIAL):
            return [note("cannot dial now", Severity.WARNING, state=self.behaviour.state.name)]
        self.hook.force(True)
        self._missed = 0
        return self.behaviour.dial(number, now)

    def _answer(self, now: Seconds) -> list[Told]:
        if self.behaviour.state is Person.RINGING:
            self.hook.force(True)
            return self._lift(now)
        if self.behaviour.can(Input.FLASH) and self.behaviour.other is not None:
            return self.behaviour.flash(now)
        return [note("no call to answer", Severity.WARNING)]

    # Timers

    def _due(self, at: Seconds) -> Iterator[_Todo]:
        yield from self._hook(self.hook.tick(at), at)
        yield from self._keys(self.keypad.tick(at), at)
        yield from self.behaviour.tick(at)
        self.bell.tick(at)
        yield from self.line.tick(at)
        yield from self._registrations(self.agent.tick(at), at)
        if self._test_ends is not None and self._test_ends <= at:
            self._test, self._test_ends = "", None

    # Registration

    def _registrations(self, told: Iterable[sip.Action], now: Seconds) -> Iterator[_Todo]:
        for action in told:
            match action:
                case sip.Registered() | sip.RegistrationFailed() | sip.Unregistered():
                    yield self._binding.hear(action)
                    if isinstance(action, sip.Unregistered) and self._life is Life.STOPPING:
                        self._life = Life.STOPPED
                case _:
                    yield from self.line.told((action,), now)

    # Carrying out

    def _settle(self, todo: Iterable[_Todo], now: Seconds) -> list[Action]:
        """Do what is to be done, then bring the hardware to where it should be now."""
        actions = list(self._perform(todo, now))
        if not self.behaviour.face.bell:
            self.bell.stop()
        elif not self.bell.running:
            self.bell.start(now)
        before, self._out = self._out, self._wanted()
        return [
            *outputs.closing(before, self._out),
            *actions,
            *outputs.changes(before, self._out),
            *self.diary.take(),
        ]

    def _perform(self, todo: Iterable[_Todo], now: Seconds) -> Iterator[Action]:
        """Orders go to the line, its news to behaviour, and so on until only actions are left."""
        for item in todo:
            if isinstance(item, Place):
                call, results = self.line.place(item.number, item.emergency, now)
                self.behaviour.placed(call)
                yield from self._perform(results, now)
            elif isinstance(item, Order):
                yield from self._perform(self.line.obey(item, now), now)
            elif isinstance(item, News):
                yield from self._perform(self.behaviour.hear(item, now), now)
            else:
                self._count(item)
                yield item

    def _count(self, action: Action) -> None:
        if isinstance(action, CallEnded) and action.outcome is Outcome.MISSED:
            self._missed += 1

    def _wanted(self) -> Outputs:
        face = self.behaviour.face
        testing_audio = self._test == "audio" and not face.off_hook
        return Outputs(
            gate=self._gate(),
            mute=self.behaviour.muted,
            tone=Tone.MILLIWATT if testing_audio else face.tone,
            off_hook=face.off_hook or testing_audio,
            ring=self._ring(),
            lamp=self._missed > 0 or self._test == "lamp",
            text=status.words(self.behaviour, self.line) or self._idle_text(),
        )

    def _gate(self) -> int | None:
        active = self.behaviour.active
        if active is None or not self.behaviour.face.talk or self.hook.state is not hook.State.UP:
            return None
        call = self.line.calls.get(active)
        talking = call is not None and call.state is CallState.UP and call.voice is not None
        return int(active) if talking else None

    def _ring(self) -> Hertz | None:
        rings = self.bell.sounding and self.hook.state is hook.State.DOWN  # silent from the edge on
        return self._settings.ring_frequency if rings or self._test == "bell" else None

    def _idle_text(self) -> str:
        parts = [
            f"{self._missed} missed" if self._missed else "",
            "" if self.agent.registered else self._binding.words or "registering",
            f"no sound: {printable(self._sound_trouble)}" if self._sound_trouble else "",
        ]
        return ", ".join(part for part in parts if part) or f"Ready {printable(self._user)}"
