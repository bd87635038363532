"""From one moment of the hardware to the next."""

from hypothesis import given
from hypothesis import strategies as st

from offhook.phone.actions import (
    Action,
    Light,
    Listen,
    Mute,
    PlayTone,
    Ring,
    SetGate,
    Show,
    StopTone,
    Tone,
)
from offhook.phone.outputs import Outputs, changes, closing
from offhook.units import Hertz

ANY = st.builds(
    Outputs,
    gate=st.none() | st.integers(1, 3),
    tone=st.none() | st.sampled_from(Tone),
    off_hook=st.booleans(),
    ring=st.none() | st.just(Hertz(440)),
    lamp=st.booleans(),
    text=st.sampled_from(["", "Dial", "Busy"]),
    mute=st.booleans(),
)


@given(ANY, ANY)
def test_obeying_the_changes_leads_from_any_state_to_any_other(a: Outputs, b: Outputs) -> None:
    state = a
    for action in [*closing(a, b), *changes(a, b)]:
        state = obey(state, action)
    assert state == b


@given(ANY)
def test_where_nothing_changes_nothing_is_done(state: Outputs) -> None:
    assert [*closing(state, state), *changes(state, state)] == []


def test_the_gate_closes_first_and_opens_last_and_never_moves_while_open() -> None:
    one = Outputs(gate=1, off_hook=True)
    two = Outputs(gate=2, tone=Tone.BUSY, text="x")
    done = [*closing(one, two), *changes(one, two)]
    assert done[0] == SetGate(None)
    assert done[-1] == SetGate(2)


def test_muting_comes_before_the_gate_opens_and_unmuting_never_before_it_closes() -> None:
    open_, muted = Outputs(gate=1), Outputs(gate=2, mute=True)
    done = [*closing(open_, muted), *changes(open_, muted)]
    assert done == [Mute(True), SetGate(None), SetGate(2)]
    done = [*closing(muted, Outputs()), *changes(muted, Outputs())]
    assert done == [SetGate(None), Mute(False)]


def obey(state: Outputs, action: Action) -> Outputs:  # noqa: C901 - one for each kind
    old = (state.gate, state.tone, state.off_hook, state.ring, state.lamp, state.text)
    gate, tone, off_hook, ring, lamp, text = old
    mute = state.mute
    match action:
        case SetGate(stream):
            gate = stream
        case PlayTone(wanted):
            tone = wanted
        case StopTone():
            tone = None
        case Listen(on):
            off_hook = on
        case Ring(frequency):
            ring = frequency
        case Light(on):
            lamp = on
        case Show(words):
            text = words
        case Mute(wanted):
            mute = wanted
        case _:
            raise ValueError(action)
    return Outputs(gate, tone, off_hook, ring, lamp, text, mute)
