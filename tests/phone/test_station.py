"""The Station's own business: settings, start and stop, status, registration."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from offhook.phone import events
from offhook.phone.actions import (
    Action,
    CallEnded,
    Light,
    Listen,
    Outcome,
    Ring,
    SetGate,
    Show,
    StopVoice,
)
from offhook.phone.events import Event, HookEdge
from offhook.phone.settings import DiallingSettings, HookSettings, KeypadSettings, PhoneSettings
from offhook.phone.station import Station
from offhook.ports import Crosspoint
from offhook.sip.actions import Resolve, Send
from offhook.units import Endpoint, Seconds
from support.entropy import CountingEntropy
from support.replay import ACCOUNT, PHONE, World, report
from support.scripted_peer import PEER

CALL = 'INVITE from 1010 "Al\u202eice" sdp PCMU 192.0.2.1:40000'

DIGIT, STREAM = st.integers(0, 5), st.integers(-2, 3)


def booted(settings: PhoneSettings | None = None, *, registered: bool = True) -> World:
    world = World(settings=settings or PhoneSettings(country="uk"), registered=registered)
    world.start()
    return world


def do(world: World, at: float, text: str) -> list[Action]:
    actions = world.station.handle(world.event(text), Seconds(at))
    for action in actions:
        world.show(action)
    return actions


def talking() -> World:
    world = booted()
    do(world, 0, f"sip a {CALL}")
    do(world, 1, "command answer")
    do(world, 1.1, "sip a ACK")
    return world


def notes(actions: list[Action]) -> list[str]:
    return [each.what for each in actions if hasattr(each, "what")]


def test_status_of_an_idle_phone() -> None:
    status = booted().station.status(Seconds(0))
    assert (status.state, status.lifted, status.registered) == ("idle", False, True)
    assert status.registration == "registered at 192.0.2.1:5060"
    assert (status.local, status.display, status.lamp) == (PHONE, "Ready 1000", False)
    assert (status.tone, status.microphone, status.calls) == ("", False, ())
    assert status.codecs == ("PCMA", "PCMU", "G729")
    assert status.contact.startswith("sip:")
    assert status.contact.endswith(f"@{PHONE}")


def test_status_of_a_call_tells_its_newest_figures_and_hides_what_could_mislead() -> None:
    world = talking()
    (call,) = world.station.status(Seconds(3)).calls
    assert (call.name, call.party, call.incoming) == ("Al\\u202eice", "1010", True)
    assert (call.state, call.codec, call.talked) == ("up", "PCMU", 2.0)
    assert call.packets_sent == 0
    do(world, 4, "voice 1 report now")
    (call,) = world.station.status(Seconds(5)).calls
    assert (call.packets_sent, call.packets_lost, call.jitter) == (150, 2, 0.004)
    status = world.station.status(Seconds(5))
    assert (status.state, status.microphone, status.lifted) == ("talking", True, True)


def test_the_tone_is_in_the_status() -> None:
    world = booted()
    do(world, 0, "hook up")
    world.station.tick(Seconds(1))
    assert world.station.status(Seconds(1)).tone == "dial"


def test_stop_ends_every_call_and_gives_the_binding_back() -> None:
    world = talking()
    do(world, 2, "sip b INVITE from 1011 sdp PCMU 192.0.2.1:40002")
    actions = world.station.stop(Seconds(3))
    assert actions[0] == SetGate(None)
    assert StopVoice(1) in actions
    said = [world.show(each) for each in actions if isinstance(each, Send)]
    assert said == ["sip a BYE", "sip b 486 INVITE", "sip - REGISTER"]
    waiting = not world.station.stopped
    do(world, 3.1, "sip - 200")
    assert (waiting, world.station.stopped) == (True, False)  # the call is not written down yet
    written = do(world, 3.2, "voice 1 report")
    assert [call.outcome for call in written if isinstance(call, CallEnded)] == [Outcome.ANSWERED]
    assert world.station.stopped
    assert world.station.status(Seconds(4)).registration == "not registered"


def test_c53_a_peer_that_vanished_is_told_why_we_end_the_call() -> None:
    world = talking()
    (bye,) = (each for each in do(world, 35, "voice 1 silent 30") if isinstance(each, Send))
    assert b'\r\nReason: Q.850;cause=102;text="no voice arrives"\r\n' in bye.data


def test_stop_writes_the_call_down_though_the_voice_is_gone() -> None:
    world = talking()
    world.station.stop(Seconds(3))
    do(world, 3.1, "sip - 200")
    written = world.station.tick(Seconds(5))
    assert [call.talked for call in written if isinstance(call, CallEnded)] == [2.0]
    assert world.station.stopped


def test_stop_does_not_wait_for_a_silent_registrar() -> None:
    world = booted()
    world.station.stop(Seconds(1))
    world.station.tick(Seconds(3.1))
    assert world.station.stopped


def test_losing_the_binding_while_running_is_not_the_end() -> None:
    world = booted()
    world.station.agent.unregister(Seconds(1))
    world.station.tick(Seconds(4))
    assert not world.station.stopped


def test_new_settings_hold_from_the_next_lift_on() -> None:
    world = booted()
    keys = {Crosspoint(0, 0): "7"}
    changed = PhoneSettings(
        country="de",
        codecs=("PCMU",),
        dialling=DiallingSettings(dial_plan="(7S0)"),
        hook=HookSettings(debounce=Seconds(0.05)),
        keypad=KeypadSettings(keys=keys),
    )
    assert world.station.configure(changed, Seconds(0)) == []
    world.settings = changed
    do(world, 1, "hook up")
    world.station.tick(Seconds(1.05))
    do(world, 2, "key 7 down")
    actions = world.station.tick(Seconds(2.02))
    said = [world.show(each) for each in actions if isinstance(each, Send)]
    assert said == ["sip a INVITE 7 sdp PCMU 192.0.2.10:40000 v1"]


def test_settings_that_leave_the_keypad_alone_do_not_forget_what_is_pressed() -> None:
    world = booted()
    keypad = world.station.keypad
    world.station.configure(replace(world.settings, call_waiting=False), Seconds(0))
    assert world.station.keypad is keypad


def test_a_bad_dial_plan_is_told_at_start_and_in_the_status() -> None:
    settings = PhoneSettings(dialling=DiallingSettings(dial_plan="(("))
    world = World(settings=settings)
    world.start()
    assert "dial plan" in world.station.status(Seconds(0)).dial_plan_trouble
    told = world.station.configure(settings, Seconds(0))
    assert notes(told) == ["dial plan trouble"]


def test_a_failed_registration_is_on_the_display() -> None:
    world = booted(registered=False)
    assert world.station.status(Seconds(0)).display == "403 Said"
    again = world.station.tick(Seconds(2000))
    assert "registration failed" in notes(again)
    assert world.station.status(Seconds(2000)).display == "no answer"


def test_registered_again_at_the_same_server_is_no_news() -> None:
    world = booted()
    actions = world.station.tick(Seconds(290))
    for action in actions:
        world.show(action)
    assert Show("Ready 1000") not in do(world, 290.1, "sip - 200")


def test_a_phone_without_a_network_says_so() -> None:
    station = Station(ACCOUNT, PhoneSettings(), (), CountingEntropy(), None)
    assert Show("no network") in station.start(Seconds(0))


def test_a_phone_without_an_account_says_so_and_sends_nothing() -> None:
    station = Station(None, PhoneSettings(), ("PCMU",), CountingEntropy(), None)
    told = station.start(Seconds(0))
    assert [each for each in told if isinstance(each, Send | Resolve)] == []
    assert "not set up" in notes(told)
    assert station.deadline() is None
    status = station.status(Seconds(1))
    assert (status.set_up, status.registered) == (False, False)
    assert status.trouble == status.registration == status.display
    assert status.registration.startswith("not set up: fill in [account]")


def test_a_phone_without_an_account_has_nothing_to_wait_for_when_it_stops() -> None:
    station = Station(None, PhoneSettings(), ("PCMU",), CountingEntropy(), None)
    station.start(Seconds(0))
    station.handle(events.SetHook(lifted=True), Seconds(1))
    actions = station.stop(Seconds(2))
    assert station.stopped
    assert Listen(on=False) in actions


def test_trouble_of_its_own_is_in_the_status_and_a_code_nobody_knows_is_none() -> None:
    station = booted().station
    assert notes(station.handle(events.SelfTrouble(4), Seconds(1))) == ["trouble"]
    assert "boot partition" in station.status(Seconds(1)).trouble
    assert station.handle(events.SelfTrouble(77), Seconds(2)) == []
    assert station.status(Seconds(2)).trouble == ""


def test_what_is_wrong_with_the_sound_is_told_with_its_remedy() -> None:
    world = booted()
    why = f"sound card {'hw:CARD=Device,DEV=0' * 5} went away\x1b. Plug it in again."
    do(world, 0, f"sound {why}")
    status = world.station.status(Seconds(0))
    assert status.sound_trouble.endswith("went away\\x1b. Plug it in again.")
    assert status.display.startswith("no sound: sound card hw:")
    assert len(status.display) < 80
    do(world, 1, "sound " + "x" * 999)
    assert len(world.station.status(Seconds(1)).sound_trouble) == 256
    do(world, 2, "sound back")
    assert world.station.status(Seconds(2)).sound_trouble == ""


def test_a_name_is_looked_up_and_the_answer_used() -> None:
    account = replace(ACCOUNT, domain="sip.example.org")
    station = Station(account, PhoneSettings(), ("PCMU",), CountingEntropy(), PHONE)
    assert Resolve("sip.example.org") in station.start(Seconds(0))
    actions = station.handle(events.Resolved("sip.example.org", ("192.0.2.1",)), Seconds(0.1))
    assert [each.to for each in actions if isinstance(each, Send)] == [Endpoint("192.0.2.1", 5060)]


def test_what_the_network_cannot_deliver_is_told_to_the_agent() -> None:
    world = booted()
    do(world, 0, "command dial 600")
    actions = do(world, 0.1, "unreachable")
    assert [each.outcome for each in actions if isinstance(each, CallEnded)] == [Outcome.FAILED]


def test_a_key_without_a_meaning_is_told() -> None:
    world = booted()
    assert notes(do(world, 0, "command press X")) == ["a key without a meaning"]


def test_a_long_press_of_another_key_is_only_long() -> None:
    world = talking()
    do(world, 2, "key 5 down")
    actions = world.station.tick(Seconds(4))
    assert [world.show(each) for each in actions] == ["digit 5 on 1"]


def test_a_missed_call_lights_the_lamp_until_the_handset_is_lifted() -> None:
    world = booted()
    do(world, 0, f"sip a {CALL}")
    assert Light(True) in do(world, 1, "sip a CANCEL")
    assert world.station.status(Seconds(1)).missed == 1
    do(world, 2, "hook up")
    assert Light(False) in world.station.tick(Seconds(2.03))


def test_timers_that_are_due_fire_before_the_event() -> None:
    world = booted()
    do(world, 0, "hook up")
    actions = world.station.handle(HookEdge(False), Seconds(5))
    texts = [each.text for each in actions if isinstance(each, Show)]
    assert texts == ["Dial"]


def test_the_bell_is_silent_from_the_raw_edge_on() -> None:
    world = booted()
    do(world, 0, f"sip a {CALL}")
    assert do(world, 0.1, "hook up") == [Ring(None)]


def test_digits_of_the_peer_mean_nothing_here() -> None:
    assert do(talking(), 2, "voice 1 digit flash") == []


GARBAGE = st.one_of(
    st.binary(max_size=60).map(lambda data: events.Datagram(data, PEER)),
    st.builds(events.KeypadScan, st.frozensets(st.builds(Crosspoint, DIGIT, DIGIT), max_size=6)),
    st.builds(events.HookEdge, st.booleans()),
    st.builds(events.Dial, st.text(max_size=8)),
    st.builds(events.PressKey, st.text(max_size=2)),
    st.builds(events.TestOutput, st.sampled_from(["bell", "lamp", "audio", "nothing"])),
    st.builds(events.SetHook, st.booleans()),
    st.sampled_from([events.Answer(), events.HangUp(), events.NetworkChanged(None)]),
    st.builds(events.NetworkChanged, st.just(PHONE)),
    st.builds(events.RtpPort, st.integers(1024, 65534)),
    st.builds(events.FirstAudio, STREAM),
    st.builds(events.MediaTimeout, STREAM, st.just(Seconds(30))),
    st.builds(events.DigitHeard, STREAM, st.text(max_size=3)),
    st.builds(report, STREAM, st.booleans()),
    st.builds(events.Resolved, st.text(max_size=5), st.just(("192.0.2.1", "nonsense"))),
    st.builds(events.SoundTrouble, st.none() | st.text(max_size=9)),
    st.just(events.Unreachable(PEER)),
)


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.03, 1.0, 40.0]), GARBAGE), max_size=25))
def test_no_event_raises(steps: list[tuple[float, Event]]) -> None:
    station, now = booted().station, 0.0
    for gap, event in steps:
        now += gap
        for action in station.handle(event, Seconds(now)):
            assert not isinstance(action, Show) or action.text.isprintable()
        at = station.deadline()
        assert at is None or at > now
    assert station.status(Seconds(now)).state
