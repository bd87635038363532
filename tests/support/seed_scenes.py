"""Scenario logs of the seed: a whole Station on one end, FreeSWITCH's own words on the other.

    @ network 1                    one of `seed_peer.NETWORKS`; stands first
    @ registered                   the phone is on before time zero; else a line `boot` starts it
      0.050 >> seed 02_recv_401    this message of tests/vectors/seed/, fitted to the phone
      0.050 << REGISTER sip:47.98.109.96 cseq 2 branch b …     and what the phone must do then

Branches and tags have letters, in the order in which they come up.  Everything else is as in
`support.replay`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from offhook.phone import events
from offhook.phone.actions import Action
from offhook.phone.settings import PhoneSettings
from offhook.phone.station import Station
from offhook.sip.account import Account
from offhook.sip.actions import Send
from offhook.units import Seconds
from support.entropy import CountingEntropy
from support.replay import AFTER, World, lines_of
from support.seed_peer import NETWORKS, FreeSwitch, Network

CODECS: Final = ("PCMA", "PCMU", "G729")
NAME: Final = "0ff400c"
"""The phone's secret name in these logs."""
BOOT: Final = Seconds(-0.5)
GRANTED: Final = "38_recv_200"


class SeedEntropy(CountingEntropy):
    """Hands out the seed's own Call-ID and cnonce, so that its digest comes out again (row 11)."""

    def __init__(self) -> None:
        CountingEntropy.__init__(self)
        self.given = {
            80: [NAME],
            128: ["f7724003-7111-8ddc-deba-133107508dc6", "b8877d7c2d75cd7c67ec9ab96d9c55ea"],
        }

    def token(self, bits: int) -> str:
        given = self.given.get(bits)
        return given.pop(0) if given else CountingEntropy.token(self, bits)


def account_of(network: Network, **changes: object) -> Account:
    """The seed's account: the password is the user name; 30 s; packets go to the proxy's port."""
    settings: dict[str, object] = {
        "user": network.user,
        "domain": network.server.host,
        "password": network.user,
        "proxy": (network.server.host, network.server.port),
        "expires": Seconds(30),
        "keep_alive": Seconds(0),
    }
    return Account(**{**settings, **changes})  # type: ignore[arg-type]


class Scene(World):
    """The Station of a log."""

    def __init__(self) -> None:
        World.__init__(self)
        self.settings = PhoneSettings(country="uk")
        self.network = NETWORKS[1]
        self.changes: dict[str, object] = {}
        self.on = False
        self.copies = 1
        """How often each message of FreeSWITCH arrives."""

    def option(self, text: str) -> None:
        name, _, value = text.partition(" ")
        match name:
            case "network":
                self.network = NETWORKS[int(value)]
            case "registered":
                self.on = True
            case "empty_nonce" | "never_learn":
                key, wanted = {
                    "empty_nonce": ("empty_nonce", True),
                    "never_learn": ("learn_contact", "never"),
                }[name]
                self.changes[key] = wanted
            case "answer_order":  # whose preference decides
                self.settings = replace(self.settings, answer_order=value)
            case _:
                World.option(self, text)

    def make(self) -> None:
        """Everything but the first word; with `registered` that too."""
        account = account_of(self.network, **self.changes)
        self.switch = FreeSwitch(self.network)
        entropy = SeedEntropy()
        self.station = Station(account, self.settings, CODECS, entropy, self.network.local)
        for port in self.ports:
            self.station.handle(events.RtpPort(port), BOOT)
        if self.on:
            self.register(BOOT)

    def register(self, at: Seconds) -> None:
        """Start, and have every REGISTER granted, until the phone is content."""
        told = self.station.start(at)
        while sends := [each for each in told if isinstance(each, Send)]:
            told = []
            for send in sends:
                self.switch.hear(send.data, send.to)
                told += self.seed(GRANTED, at)

    def seed(self, name: str, at: Seconds) -> list[Action]:
        """FreeSWITCH says this."""
        said = events.Datagram(self.switch.say(name), self.network.server)
        return [each for _ in range(self.copies) for each in self.station.handle(said, at)]

    def enter(self, words: str, at: Seconds) -> list[Action]:
        """A `>>` line."""
        what, _, rest = words.partition(" ")
        match what:
            case "boot":
                return self.station.start(at)
            case "seed":
                return self.seed(rest, at)
            case _:
                return self.station.handle(self.event(words), at)

    def show(self, action: Action) -> str | None:
        if isinstance(action, Send):
            return self.switch.hear(action.data, action.to).replace(f"{NAME}@", "phone@")
        return World.show(self, action)

    def fire(self, until: Seconds) -> Iterator[str]:
        """Every timer up to then."""
        while (due := self.station.deadline()) is not None and due <= until:
            yield from self.shown(self.station.tick(due), due)

    def shown(self, done: list[Action], now: Seconds) -> Iterator[str]:
        """The `<<` lines."""
        for action in done:
            if (words := self.show(action)) is not None:
                yield f"{now:7.3f} << {words}"


def replay(text: str, copies: int = 1) -> Iterator[str]:
    """Feed the `>>` lines of a log to a fresh Station; yield the log that really happens."""
    scene, last = Scene(), 0.0
    scene.copies = copies
    log = lines_of(text)
    for line in (line for line in log if line.startswith("@")):
        scene.option(line[1:].strip())
        yield line
    scene.make()
    for line in (line for line in log if not line.startswith("@")):
        at, arrow, words = line.split(maxsplit=2)
        last = float(at)
        if arrow == ">>":
            yield from scene.fire(Seconds(last))
            yield line
            yield from scene.shown(scene.enter(words, Seconds(last)), Seconds(last))
    yield from scene.fire(Seconds(last + AFTER))
