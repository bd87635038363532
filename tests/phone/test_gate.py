"""The media gate: no microphone before somebody here answered, none after on-hook.

Any order of SIP messages from the exchange and of deeds at the phone (reliability A.3 #10, #11).
"""

from dataclasses import dataclass, field

from hypothesis import event as noted
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.phone.actions import Action, SetGate, StartVoice, StopVoice
from offhook.phone.events import HookEdge
from offhook.phone.settings import FlashWindow, HookSettings, PhoneSettings
from offhook.phone.station import Station
from offhook.sip.actions import CallRef
from offhook.units import Seconds
from support.replay import World
from support.scripted_peer import PEER

SDP = ["", " sdp PCMU 192.0.2.1:40000", " sdp PCMA 192.0.2.1:40010 sendonly v2", " sdp garbage"]
AUTO_ANSWER = [
    "Call-Info: <sip:x>;answer-after=0",
    "Alert-Info: info=alert-autoanswer",
    "Alert-Info: Ring Answer",
    "Answer-Mode: Auto",
    "P-Auto-Answer: normal",
    "Replaces: call-a@peer;to-tag=1;from-tag=2",
    "Event: talk",
]
METHODS = ["ACK", "BYE", "CANCEL", "INVITE", "INVITE", "UPDATE", "PRACK", "REFER", "NOTIFY", "INFO"]
STATUSES = ["100", "180", "183", "200", "200", "202", "404", "486", "487", "491", "603"]
CONSENT = {"hook up", "key A down", "key * down", "command answer", "command hook up"}

NAMES = st.sampled_from("abcd")
SAID = st.one_of(
    st.builds("sip {} INVITE from 1010{}".format, NAMES, st.sampled_from(SDP)),
    st.builds(
        'sip {} {} header "{}"{}'.format,
        NAMES,
        st.sampled_from(["INVITE", "NOTIFY", "OPTIONS"]),
        st.sampled_from(AUTO_ANSWER),
        st.sampled_from(SDP),
    ),
    st.builds("sip {} {}{}".format, NAMES, st.sampled_from(METHODS), st.sampled_from(SDP)),
    st.builds("sip {} {}{}".format, NAMES, st.sampled_from(STATUSES), st.sampled_from(SDP)),
    st.builds("sip {} {} INVITE{}".format, NAMES, st.sampled_from(STATUSES), st.sampled_from(SDP)),
)
DONE = st.sampled_from(
    [
        "hook up", "hook up", "hook down", "hook down", "key A down", "key A up", "key * down",
        "key * up", "key 6 down", "key 6 up", "key # down", "key # up", "command dial 600",
        "command dial 600", "command answer", "command hangup", "command hook up",
        "command hook down", "voice 1 heard", "voice 2 heard", "voice 1 silent 30",
        "network gone", "network 192.0.2.20:5060", "port 40004", "port 40006",
    ]
)  # fmt: skip
GAPS = st.sampled_from([0.0, 0.001, 0.012, 0.04, 0.12, 0.35, 1.1, 5.0, 31.0])
OFFER, SDP_B = " sdp PCMU 192.0.2.1:40000", " sdp PCMA 192.0.2.1:40002"
PLOTS = [
    [f"sip a INVITE from 1010{OFFER}", "hook up", "sip a ACK"],
    [f"sip b INVITE from 1011{SDP_B}", "command answer", "sip b ACK"],
    ["sip c INVITE from 1012", "command answer", f"sip c ACK{OFFER}"],
    ["command dial 600", f"sip a 183{OFFER}", "voice 1 heard", f"sip a 200 INVITE{OFFER}"],
    ["command dial 600", "sip b 180", f"sip b 200 INVITE{SDP_B}"],
    ["hook up", "key 6 down", "key 6 up", "key # down", "key # up", f"sip a 200 INVITE{OFFER}"],
    ["hook up", "hook down"],
    [f"sip d INVITE from 1013{SDP_B}", "key A down", "key A up", "sip d ACK"],
]
"""What people and exchanges do on a good day; the rest of the steps comes between."""


def told(plot: list[str]) -> st.SearchStrategy[list[tuple[float, str]]]:
    return st.tuples(*(st.tuples(GAPS, st.just(text)) for text in plot)).map(list)


STEPS = st.lists(
    st.one_of(
        st.sampled_from(PLOTS).flatmap(told),
        st.tuples(GAPS, st.one_of(SAID, DONE)).map(lambda step: [step]),
    ),
    max_size=25,
).map(lambda parts: [step for part in parts for step in part])


@dataclass(slots=True)
class Watch:
    """What somebody who sees hook, keys, wire and gate knows, without asking the Station."""

    world: World
    gate: int | None = None
    opened: int = 0
    raw: bool = False
    """The cradle."""
    commanded: bool = False
    """A technician holds the line."""
    arrived: dict[str, float] = field(default_factory=dict)
    consents: list[float] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    """Call-IDs of our calls for which a 2xx was sent to us."""
    voices: set[int] = field(default_factory=set)

    def deed(self, text: str, now: float) -> None:
        if text in ("hook up", "hook down"):
            self.raw = text == "hook up"
            self.commanded = self.commanded and self.raw is False
        if text in ("command answer", "command hook up", "command dial 600"):
            self.commanded = True
        if text in ("command hangup", "command hook down"):
            self.commanded = False
        if text in CONSENT:  # a lift counts when the switch has settled, a long press later still
            later = {"hook up": 0.03, "key A down": 0.02, "key * down": 1.02}.get(text, 0.0)
            self.consents.append(now + later)
        if text.startswith("sip"):
            _, name, what, *_ = text.split()
            dialog = self.world.peer.dialogs.get(name)
            if what == "INVITE" and dialog is not None:
                self.arrived.setdefault(dialog.call_id, now)
            if what in ("200", "202") and dialog is not None:
                self.answered.add(dialog.call_id)

    def sleep(self, until: float) -> None:
        station = self.world.station
        while (due := station.deadline()) is not None and due <= until:
            self.see(station.tick(due))

    def see(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case StartVoice(stream):
                    self.voices.add(stream)
                case StopVoice(stream):
                    self.voices.discard(stream)
                case SetGate(stream):
                    self.gate = stream
                    if stream is not None:
                        self.opened += 1
                        self.check(stream)
                case _:
                    pass

    def check(self, stream: int) -> None:
        assert stream in self.voices
        record = self.world.station.line.calls[CallRef(stream)].record
        if record.incoming:
            assert any(at >= self.arrived[record.call_id] for at in self.consents)
        else:
            assert record.call_id in self.answered


@settings(max_examples=400, deadline=None)
@given(STEPS, st.booleans())
def test_the_gate_is_open_only_to_whom_somebody_here_agreed_to_talk(
    steps: list[tuple[float, str]], with_flash: bool
) -> None:
    hook = HookSettings(flash=FlashWindow() if with_flash else None)
    world = World(settings=PhoneSettings(hook=hook))
    world.start()
    watch, now = Watch(world), 0.0
    for gap, text in steps:
        now += gap
        watch.sleep(now)
        try:
            event = world.event(text)
        except (KeyError, StopIteration):
            continue  # nothing was said yet that this could answer
        was_up = watch.raw
        watch.deed(text, now)
        actions = world.station.handle(event, Seconds(now))
        for action in actions:
            world.show(action)
        watch.see(actions)
        assert watch.gate is None or watch.raw or watch.commanded
        assert not (was_up and not watch.raw and watch.gate is not None), "open after on-hook"
        assert watch.gate is None or watch.gate in watch.voices
    noted(f"opened {min(watch.opened, 3)} times")
    finish(world.station, watch, now)


def finish(station: Station, watch: Watch, now: float) -> None:
    """On-hook at the end: whatever still comes, the gate stays closed."""
    watch.deed("hook up", now)
    watch.see(station.handle(HookEdge(True), Seconds(now)))
    watch.see(station.handle(HookEdge(False), Seconds(now + 0.2)))
    assert watch.gate is None
    watch.sleep(now + 60)
    assert watch.gate is None
    assert PEER.host in station.agent.peers
