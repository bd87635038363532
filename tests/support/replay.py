"""Scenario logs of the whole Station: `>>` goes in, `<<` must come out, then and only then.

    # Comments begin a line, or follow two spaces.  Times are seconds.
    @ flash 0.2 0.9                       settings, in front of everything
      0.000 >> hook up                    the cradle's raw level
      0.030 << sound on
      0.030 << tone dial
      1.000 >> key 6 down                 a contact of the matrix; "keys 12" closes just these two
      9.000 >> sip a 180                  the scripted peer, see `scripted_peer`
     10.000 >> voice 1 heard              from the voice path: heard, silent, report

The phone is registered when the log begins (`@ unregistered`: it was refused;
`@ no_account`: there is nothing to register, nor a network as far as the phone knows).
Notes below NOTICE are left out.  A log ends two seconds after its last line, so that silence is
asserted as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from offhook.notes import Note, Severity
from offhook.phone import actions, events
from offhook.phone.actions import Action
from offhook.phone.events import Event
from offhook.phone.settings import DiallingSettings, FlashWindow, PhoneSettings
from offhook.phone.station import Station
from offhook.sip.account import Account
from offhook.sip.actions import Resolve, Send, ServerDate
from offhook.units import Endpoint, Seconds
from support.entropy import CountingEntropy
from support.scripted_peer import PEER, ScriptedPeer

PHONE: Final = Endpoint("192.0.2.10", 5060)
ACCOUNT: Final = Account(
    user="1000",
    domain=PEER.host,
    password="secret",  # noqa: S106 - of no account
    keep_alive=Seconds(0),
    session_expires=0,
)
BRITISH: Final = PhoneSettings(country="uk", dialling=DiallingSettings(emergency=("999", "112")))
CODECS: Final = ("PCMA", "PCMU", "G729")
AFTER: Final = 2.0  # seconds of silence behind the last line
PORTS: Final = (40000, 40002)


@dataclass(slots=True)
class World:
    """A Station, its peer, and the keys held down."""

    settings: PhoneSettings = BRITISH
    registered: bool = True
    account: Account | None = ACCOUNT
    ports: tuple[int, ...] = PORTS
    peer: ScriptedPeer = field(default_factory=lambda: ScriptedPeer(PHONE))
    station: Station = field(init=False)
    held: set[str] = field(default_factory=set)

    def start(self) -> None:
        """Time before zero: boot, ports, registration."""
        local = PHONE if self.account else None
        self.station = Station(self.account, self.settings, CODECS, CountingEntropy(), local)
        at = Seconds(-5)
        told = self.station.start(at)
        for port in self.ports:
            told += self.station.handle(events.RtpPort(port), at)
        for send in (each for each in told if isinstance(each, Send)):
            self.peer.hear(send.data)
            said = self.peer.say("-", "200" if self.registered else "403")
            self.station.handle(events.Datagram(said, PEER), at)

    def option(self, text: str) -> None:  # noqa: C901 - one for each kind
        """A line `@ name value …`."""
        name, *values = text.split(maxsplit=1)
        value = values[0] if values else ""
        settings, dialling = self.settings, self.settings.dialling
        match name:
            case "country":
                self.settings = replace(settings, country=value)
            case "flash":
                low, high = (Seconds(float(each)) for each in value.split())
                hook = replace(settings.hook, flash=FlashWindow(low, high))
                self.settings = replace(settings, hook=hook)
            case "dial_plan":
                self.settings = replace(settings, dialling=replace(dialling, dial_plan=value))
            case "call_waiting":
                self.settings = replace(settings, call_waiting=value == "on")
            case "codecs":
                self.settings = replace(settings, codecs=tuple(value.split()))
            case "unregistered":
                self.registered = False
            case "no_account":
                self.account = None
            case "ports":
                self.ports = tuple(int(port) for port in value.split())
            case _:
                raise ValueError(text)

    def event(self, text: str) -> Event:  # noqa: C901, PLR0911, PLR0912 - one for each kind
        """What a `>>` line means."""
        what, *rest = text.split(maxsplit=1)
        words = rest[0] if rest else ""
        match what:
            case "hook":
                return events.HookEdge(words == "up")
            case "key":
                return self._key(*words.split())
            case "keys":
                return self._closed(set(words))
            case "sip":
                name, _, said = words.partition(" ")
                return events.Datagram(self.peer.say(name, said), PEER)
            case "port":
                return events.RtpPort(int(words))
            case "voice":
                return _voice(*words.split())
            case "trouble":
                return events.SelfTrouble(int(words))
            case "reset_until":
                return events.ResetWindow(Seconds(float(words)))
            case "sound":
                return events.SoundTrouble(None if words == "back" else words)
            case "network":
                host, _, port = words.rpartition(":")
                return events.NetworkChanged(Endpoint(host, int(port)) if host else None)
            case "unreachable":
                return events.Unreachable(PEER)
            case "command":
                return _command(*words.split(maxsplit=1))
            case _:
                raise ValueError(text)

    def _key(self, key: str, how: str) -> Event:
        return self._closed(self.held | {key} if how == "down" else self.held - {key})

    def _closed(self, names: set[str]) -> Event:
        self.held = names
        keys = self.settings.keypad.keys
        return events.KeypadScan(frozenset(at for at, key in keys.items() if key in names))

    def show(self, action: Action) -> str | None:  # noqa: PLR0911 - one for each kind
        """What a `<<` line says; None for notes of little weight."""
        match action:
            case Send(data, to):
                words = self.peer.hear(data)
                return words if to == PEER else f"{words} to {to}"
            case Resolve(host):
                return f"resolve {host}"
            case actions.OpenPort():
                return None  # the SDP names it
            case ServerDate(epoch):
                return f"date {epoch}"
            case Note(what, _, severity):
                return f"note {what}" if severity <= Severity.NOTICE else None
            case actions.CallEnded():
                return _ended(action)
            case actions.StartVoice() | actions.UpdateVoice():
                how = "start" if isinstance(action, actions.StartVoice) else "change"
                return f"voice {action.stream} {how} {_parameters(action.parameters)}"
            case _:
                return _plain(action)


def _plain(action: Action) -> str:  # noqa: C901, PLR0911, PLR0912 - one line for each kind
    match action:
        case actions.Listen(on):
            return f"sound {_on(on)}"
        case actions.StopVoice(stream):
            return f"voice {stream} stop"
        case actions.SetGate(stream):
            return "gate closed" if stream is None else f"gate open {stream}"
        case actions.Mute(on):
            return f"mute {_on(on)}"
        case actions.PlayTone(tone):
            return f"tone {tone.name.lower()}"
        case actions.StopTone():
            return "tone off"
        case actions.StartDigit(stream, digit):
            return f"digit {digit} on {stream}"
        case actions.StopDigit(stream):
            return f"digit off {stream}"
        case actions.ClosePort(port):
            return f"port {port} closed"
        case actions.Ring(frequency):
            return f"bell {_on(frequency is not None)}"
        case actions.Light(on):
            return f"lamp {_on(on)}"
        case actions.Show(text):
            return f"show {text}"
        case actions.FactoryReset():
            return "factory reset"
        case _:
            raise ValueError(action)


def _on(on: bool) -> str:
    return "on" if on else "off"


def _parameters(wanted: actions.VoiceParameters) -> str:
    ways = {(True, True): "", (True, False): " sendonly", (False, True): " recvonly"}
    way = ways.get((wanted.send, wanted.receive), " inactive")
    to = wanted.remote if wanted.remote is not None else "nowhere"
    limit = f" limit {wanted.timeout:.0f}" if wanted.timeout else ""
    return f"{wanted.codec} {wanted.port} to {to}{way}{limit}"


def _ended(call: actions.CallEnded) -> str:
    way = "in from" if call.incoming else "out to"
    name = f' "{call.name}"' if call.name else ""
    codec = f", {call.codec} lost {call.packets_lost}" if call.codec else ""
    said = f"{call.outcome.value}, {call.cause}, talked {call.talked:.1f} s{codec}"
    return f"call {way} {call.party}{name}: {said}"


def _voice(stream: str, what: str, *rest: str) -> Event:
    match what:
        case "heard":
            return events.FirstAudio(int(stream))
        case "silent":
            return events.MediaTimeout(int(stream), Seconds(float(rest[0])))
        case "digit":
            return events.DigitHeard(int(stream), rest[0])
        case "report":
            return report(int(stream), final="now" not in rest)
        case _:
            raise ValueError(what)


def report(stream: int, final: bool = True) -> events.VoiceReport:
    """Figures of a stream that lost two packets."""
    return events.VoiceReport(
        stream, "PCMU", sent=150, received=148, lost=2, late=1, jitter=Seconds(0.004),
        playout_delay=Seconds(0.03), round_trip=Seconds(0.02), remote_lost=0,
        concealed=Seconds(0.04), final=final,
    )  # fmt: skip


def _command(what: str, words: str = "") -> Event:
    commands: dict[str, Event] = {
        "dial": events.Dial(words),
        "answer": events.Answer(),
        "hangup": events.HangUp(),
        "press": events.PressKey(words),
        "hook": events.SetHook(words == "up"),
        "test": events.TestOutput(words),
    }
    return commands[what]


def lines_of(text: str) -> list[str]:
    """The log without its comments."""
    bare = (line.split("  #")[0].rstrip() for line in text.splitlines())
    return [line for line in bare if line and not line.startswith("#")]


def replay(text: str) -> Iterator[str]:
    """Feed the `>>` lines of a log to a fresh Station; yield the log that really happens."""
    world, log = World(), lines_of(text)
    for line in log:
        if line.startswith("@"):
            world.option(line[1:].strip())
            yield line
    world.start()
    last = 0.0
    for line in log:
        if line.startswith("@"):
            continue
        at, arrow, words = line.split(maxsplit=2)
        last = float(at)
        if arrow == ">>":
            now = Seconds(last)
            yield from _fire(world, now)
            yield line
            yield from _shown(world, world.station.handle(world.event(words), now), now)
    yield from _fire(world, Seconds(last + AFTER))


def _fire(world: World, until: Seconds) -> Iterator[str]:
    while (due := world.station.deadline()) is not None and due <= until:
        yield from _shown(world, world.station.tick(due), due)


def _shown(world: World, done: list[Action], now: Seconds) -> Iterator[str]:
    for action in done:
        if (words := world.show(action)) is not None:
            yield f"{now:7.3f} << {words}"
