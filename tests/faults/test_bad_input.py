"""Whatever comes in on the SIP port, in whatever state: nothing raises, is injected, or grows.

The whole Station, in virtual time (reliability A.3 #1, #11, #21).
"""

import gc
import re
import tracemalloc
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.phone import events
from offhook.phone.actions import Action, CallEnded, SetGate
from offhook.sip.actions import Send
from offhook.units import Endpoint, Seconds
from support.abuse import Aim, abuse, cancelled, spoiled, spoiled_line
from support.judge import judge
from support.replay import World
from support.scripted_peer import PEER

SEED = sorted((Path(__file__).parents[1] / "vectors" / "seed").glob("*.sip"))
PACE = 0.06  # seconds: what comes faster is dropped, unread, by the allowance of each source
STRANGER = Endpoint("203.0.113.66", 5060)
OFFER = "sdp PCMU 192.0.2.1:40000"
SCENES = {
    "idle": [],
    "ringing": [f"sip a INVITE from 1010 {OFFER}"],
    "talking": [f"sip a INVITE from 1010 {OFFER}", "command answer", "sip a ACK"],
    "call waiting": [
        f"sip a INVITE from 1010 {OFFER}", "command answer", "sip a ACK",
        f"sip b INVITE from 1011 {OFFER}",
    ],
    "calling": ["command dial 600"],
    "ringback": ["command dial 600", "sip a 180"],
    "early media": ["command dial 600", f"sip a 183 {OFFER}"],
    "called": ["command dial 600", f"sip a 200 {OFFER}"],
    "held": ["command dial 600", f"sip a 200 {OFFER}", f"sip a INVITE {OFFER} sendonly v2"],
    "dialling": ["command hook up", "command press 6"],
    "refused": ["command dial 600", "sip a 486"],
}  # fmt: skip
"""What happened before the bad message came."""
SAYINGS = [
    "sip a 100", "sip a 180", f"sip a 183 {OFFER}", f"sip a 200 {OFFER}", "sip a 200", "sip a 401",
    "sip a 407", "sip a 302", "sip a 422", "sip a 486", "sip a 603", "sip a ACK", "sip a BYE",
    "sip a CANCEL", f"sip a INVITE {OFFER} v3", f"sip a UPDATE {OFFER} v4", "sip a INFO",
    "sip a NOTIFY", f"sip a ACK {OFFER}", "sip - 200", "sip - 401", "sip - 423", "sip a OPTIONS",
    f'sip c INVITE from 1012 "C" pai 1012 "D" {OFFER}', "sip c INVITE from 1012",
]  # fmt: skip


class Set:
    """A Station in some state, everything it does judged at once."""

    def __init__(self, scene: str) -> None:
        self.world = World()
        self.world.start()
        self.now = 0.0
        self.done: list[Action] = []
        for text in SCENES[scene]:
            self.say(text)

    def take(self, actions: list[Action], *, heard: bool) -> None:
        judge(actions)
        self.done += actions
        for action in actions if heard else ():
            self.world.show(action)  # the scripted peer learns dialogs from what we send

    def say(self, text: str) -> None:
        self.now += 0.1
        actions = self.world.station.handle(self.world.event(text), Seconds(self.now))
        self.take(actions, heard=True)

    def hear(self, data: bytes, source: Endpoint = PEER) -> None:
        self.now += 0.06  # slower than the phone would drop unread (reliability A.3 #3)
        event = events.Datagram(data, source)
        self.take(self.world.station.handle(event, Seconds(self.now)), heard=False)

    def run(self, time: float) -> None:
        """Let time pass."""
        self.now += time
        station = self.world.station
        while (due := station.deadline()) is not None and due <= self.now:
            self.take(station.tick(due), heard=False)

    def finish(self) -> None:
        """Put down; when all timers are over nothing may be left."""
        station = self.world.station
        self.take(station.handle(events.HangUp(), Seconds(self.now)), heard=False)
        self.run(1)
        self.take(station.handle(events.HangUp(), Seconds(self.now)), heard=False)
        self.run(70)
        assert station.status(Seconds(self.now)).calls == ()
        load = station.agent.load
        binding = {"transactions", "errands"}  # a REGISTER may be under way
        assert {
            name: number for name, number in load.items() if name not in binding
        } == dict.fromkeys(load.keys() - binding, 0)
        assert max(load[name] for name in binding) <= 2

    def material(self) -> list[bytes]:
        """Good messages for this very state, to be spoiled."""
        found = []
        for text in SAYINGS:
            try:
                found.append(self.world.peer.say(text.split()[1], text.split(maxsplit=2)[2]))
            except (KeyError, StopIteration):
                continue  # nothing was said yet that this could answer
        return found + [self.adopted(path.read_bytes()) for path in SEED]

    def adopted(self, data: bytes) -> bytes:
        """A message of the seed as if it were of this call and for this phone."""
        station = self.world.station
        data = re.sub(rb"\A([A-Z]+) \S+", rb"\1 " + station.agent.contact.encode(), data)
        dialog = self.world.peer.dialogs.get("a")
        if dialog is None:
            return data
        named = rb"\1" + dialog.call_id.encode()
        data = re.sub(rb"(?mi)^(Call-ID: *)[^\r\n]+", named, data)
        asked = next(reversed(dialog.asked.values()), None)
        if asked is not None and data.startswith(b"SIP/2.0"):
            for name in ("Via", "From", "CSeq"):
                line = rb"\1" + asked.first(name.lower()).encode().replace(b"\\", rb"\\")
                data = re.sub(rb"(?mi)^(" + name.encode() + rb": *)[^\r\n]+", line, data)
        return data


@pytest.mark.parametrize("scene", SCENES)
def test_the_abuse_set_changes_nothing_row_a3_1(scene: str) -> None:
    phone = Set(scene)
    aim = Aim(phone.world.station.agent.contact, PEER)
    gate = [each for each in phone.done if isinstance(each, SetGate)]
    for _, data in abuse(aim):
        phone.hear(data)
        phone.hear(cancelled(data))
    if scene == "talking":
        assert phone.world.station.behaviour.state.name == "TALKING"
    assert [each for each in phone.done if isinstance(each, SetGate)] == gate
    phone.finish()


def test_the_abuse_set_from_a_stranger_gets_no_answer_and_no_ring_row_a3_4() -> None:
    phone = Set("idle")
    before = len([each for each in phone.done if isinstance(each, Send)])
    for _, data in abuse(Aim(phone.world.station.agent.contact, STRANGER)):
        phone.hear(data, STRANGER)
    assert phone.world.station.behaviour.state.name == "IDLE"
    assert len([each for each in phone.done if isinstance(each, Send)]) == before


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(sorted(SCENES)), st.integers(0, 2**32), st.booleans())
def test_spoiled_messages_in_every_state_do_no_harm(scene: str, seed: int, lines: bool) -> None:
    phone, random = Set(scene), Random(seed)
    for data in random.choices(phone.material(), k=12):
        bad = spoiled_line(data, random) if lines else spoiled(data, random)
        phone.hear(bad, STRANGER if random.random() < 0.1 else PEER)
        if random.random() < 0.2:
            phone.run(random.choice((0.5, 5.0, 40.0)))
    phone.finish()


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(SCENES)), st.binary(max_size=300))
def test_random_bytes_in_every_state_are_nothing(scene: str, data: bytes) -> None:
    phone = Set(scene)
    state = phone.world.station.behaviour.state
    phone.hear(data)
    phone.hear(data, STRANGER)
    assert phone.world.station.behaviour.state is state


def test_a_name_that_would_break_lines_reaches_display_and_call_log_harmless_row_a3_21() -> None:
    phone = Set("idle")
    aim = Aim(phone.world.station.agent.contact, PEER)
    for name in ("from-ansi", "from-bidi", "from-escaped-break", "from-not-utf8"):
        data = dict(abuse(aim))[name]
        phone.hear(data)
        assert phone.world.station.behaviour.state.name == "RINGING", name
        assert phone.world.station.status(Seconds(phone.now)).display.isprintable()
        phone.hear(cancelled(data))
        assert phone.world.station.behaviour.state.name == "IDLE", name
        phone.run(33)
    assert len([each for each in phone.done if isinstance(each, CallEnded)]) == 4


@pytest.mark.slow
def test_memory_stays_where_it_is_under_a_rain_of_spoiled_messages() -> None:
    phone, random = Set("talking"), Random(7)
    material = phone.material()

    def rain(count: int) -> tuple[int, int]:
        for _ in range(count):
            data = random.choice(material)
            phone.hear(random.choice((spoiled, spoiled_line))(data, random))
            phone.done.clear()
        phone.run(120)  # all transactions are over
        phone.done.clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0], len(gc.get_objects())

    tracemalloc.start()
    try:
        rain(1500)
        memory, objects = rain(1500)
        later, more = rain(3000)
    finally:
        tracemalloc.stop()
    assert later - memory < 50_000
    assert more - objects < 500
