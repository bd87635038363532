"""The behaviour table: its whole product, and what each corner promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.phone.behaviour import TRANSITIONS, Behaviour, Input, Told
from offhook.phone.faces import FACES, IN_CALL, PATIENCE, WAITING, State
from offhook.phone.orders import (
    Announce,
    CallIn,
    DigitDown,
    DigitUp,
    End,
    Heard,
    Hold,
    Over,
    Place,
    Refuse,
    RemoteAnswered,
    RemoteRings,
    Take,
)
from offhook.phone.settings import DiallingSettings, Patience, PhoneSettings
from offhook.sip.actions import CallRef, Cause
from offhook.units import Seconds

SETTINGS = PhoneSettings(dialling=DiallingSettings(dial_plan="(6xx)"))
A, B, C = CallRef(1), CallRef(2), CallRef(3)
BYE = Cause(200, "")


class Person:
    """Somebody at the phone; the clock moves a second with each deed."""

    def __init__(self, settings: PhoneSettings = SETTINGS) -> None:
        self.phone = Behaviour(settings)
        self.now = 0.0
        self.calls = 100

    def __call__(self, *deeds: str) -> list[Told]:
        """Each deed in turn; the orders of the last one."""
        orders: list[Told] = []
        for deed in deeds:
            self.now += 1
            orders = self.do(deed, Seconds(self.now))
            for order in orders:
                if isinstance(order, Place):
                    self.calls += 1
                    self.phone.placed(CallRef(self.calls))
        return orders

    def do(self, deed: str, now: Seconds) -> list[Told]:  # noqa: C901, PLR0911, PLR0912
        phone = self.phone
        what, _, words = deed.partition(" ")
        placed = CallRef(self.calls)
        match what:
            case "lift":
                return phone.lifted(now)
            case "down":
                return phone.put_down(now)
            case "flash":
                return phone.flash(now)
            case "press":
                return phone.key_down(words, now)
            case "release":
                return phone.key_up(words, now)
            case "redial":
                return phone.redial(now)
            case "dial":
                return phone.dial(words, now)
            case "wait":
                return self.wait()
            case "call":
                return phone.hear(CallIn(CallRef(int(words))), now)
            case "rings":
                return phone.hear(RemoteRings(placed), now)
            case "heard":
                return phone.hear(Heard(placed), now)
            case "answered":
                return phone.hear(RemoteAnswered(placed), now)
            case "fails":
                return phone.hear(Over(placed, Cause(int(words), "")), now)
            case "ends":
                return phone.hear(Over(CallRef(int(words)), BYE), now)
            case _:
                raise ValueError(deed)

    def wait(self) -> list[Told]:
        at = self.phone.deadline()
        if at is None:
            return []
        self.now = at
        return self.phone.tick(at)


DEEDS = [
    "lift", "down", "flash", "press 6", "press #", "press *", "release 6", "redial", "dial 600",
    "dial 911", "wait", "call 1", "call 2", "call 3", "rings", "heard", "answered", "fails 486",
    "fails 404", "fails 500", "ends 1", "ends 2", "ends 3",
]  # fmt: skip


def after(*deeds: str) -> tuple[State, list[Told]]:
    person = Person()
    orders = person(*deeds)
    return person.phone.state, orders


class TestCalling:
    def test_lift_dial_and_talk(self) -> None:
        assert after("lift") == (State.DIAL_TONE, [])
        assert after("lift", "press 6") == (State.DIALLING, [])
        dialled = ("lift", "press 6", "press 0", "press 0")
        assert after(*dialled) == (State.CALLING, [Place("600", False)])
        assert after(*dialled, "rings")[0] is State.RINGBACK
        assert after(*dialled, "rings", "heard")[0] is State.EARLY_MEDIA
        assert after(*dialled, "heard")[0] is State.EARLY_MEDIA
        assert after(*dialled, "answered")[0] is State.TALKING
        assert after(*dialled, "rings", "heard", "answered")[0] is State.TALKING

    @pytest.mark.parametrize(
        ("status", "state"),
        [
            (486, State.BUSY), (600, State.BUSY), (603, State.BUSY),
            (404, State.UNOBTAINABLE), (484, State.UNOBTAINABLE), (604, State.UNOBTAINABLE),
            (408, State.REORDER), (480, State.REORDER), (503, State.REORDER), (699, State.REORDER),
            (399, State.REORDER),
        ],
    )  # fmt: skip
    def test_every_final_status_has_a_tone(self, status: int, state: State) -> None:
        """C-38."""
        for stage in ((), ("rings",), ("heard",)):
            assert after("dial 600", *stage, f"fails {status}") == (state, [])

    def test_putting_down_gives_up(self) -> None:
        for stage in ((), ("rings",), ("heard",), ("answered",)):
            assert after("dial 600", *stage, "down") == (State.IDLE, [End(CallRef(101))])

    def test_nobody_waits_for_ever_but_in_an_emergency(self) -> None:
        assert after("dial 600", "rings", "wait")[0] is State.REORDER
        assert End(CallRef(101), unanswered=True) in after("dial 600", "rings", "wait")[1]
        assert after("dial 911", "rings", "wait")[0] is State.RINGBACK
        assert after("dial 911", "wait")[0] is State.CALLING

    def test_an_emergency_call_is_not_disturbed_by_another(self) -> None:
        state, orders = after("dial 911", "rings", "answered", "call 2")
        assert (state, orders) == (State.TALKING, [Refuse(B)])

    def test_an_emergency_is_one_however_the_number_came_about(self) -> None:
        assert after("dial 911", "down", "lift", "redial")[1] == [Place("911", True)]
        hot = PhoneSettings(dialling=DiallingSettings(dial_plan="(S0<:911>)"))
        assert Person(hot)("lift") == [Place("911", True)]

    def test_an_emergency_is_over_with_its_call(self) -> None:
        assert after("dial 911", "down", "dial 600", "wait")[0] is State.REORDER

    def test_the_forgotten_handset(self) -> None:
        states = [after("lift", *["wait"] * count)[0] for count in range(5)]
        assert states == [
            State.DIAL_TONE, State.REORDER, State.HOWLER, State.SILENCE, State.SILENCE,
        ]  # fmt: skip

    def test_redial(self) -> None:
        again = [Place("600", False)]
        assert after("redial") == (State.IDLE, [])
        assert after("lift", "redial") == (State.REORDER, [])
        assert after("dial 600", "down", "lift", "redial") == (State.CALLING, again)
        assert after("dial 600", "fails 486", "redial") == (State.CALLING, again)
        starred = ("press *", "press 0", "press 7")
        assert after("dial 600", "down", "lift", *starred) == (State.CALLING, again)
        assert after("lift", *starred)[0] is State.REORDER

    def test_a_flash_after_a_failed_call_gives_a_new_dial_tone(self) -> None:
        assert after("dial 600", "fails 486", "flash")[0] is State.DIAL_TONE
        assert after("dial 600", "answered", "ends 101", "flash")[0] is State.DIAL_TONE

    def test_keys_mean_nothing_with_the_handset_down(self) -> None:
        assert after("press 6") == (State.IDLE, [])
        assert after("call 1", "press 6") == (State.RINGING, [])

    def test_a_hot_line_dials_by_itself(self) -> None:
        hot = PhoneSettings(dialling=DiallingSettings(dial_plan="(S0<:1000>)"))
        person = Person(hot)
        assert person("lift") == [Place("1000", False)]
        assert person.phone.state is State.CALLING


class TestIncoming:
    def test_it_rings_and_lifting_answers(self) -> None:
        assert after("call 1") == (State.RINGING, [Announce(A)])
        assert after("call 1", "lift") == (State.TALKING, [Take(A)])

    def test_the_caller_gives_up(self) -> None:
        assert after("call 1", "ends 1") == (State.IDLE, [])

    def test_a_technician_refuses(self) -> None:
        assert after("call 1", "down") == (State.IDLE, [End(A)])

    @pytest.mark.parametrize(
        "deeds",
        [
            ("call 1",), ("lift",), ("lift", "press 6"), ("dial 600",), ("dial 600", "rings"),
            ("dial 600", "fails 486"), ("call 1", "lift", "ends 1"), ("lift", "wait", "wait"),
            ("call 1", "lift", "call 3"), ("call 1", "lift", "call 3", "flash"),
        ],
    )  # fmt: skip
    def test_busy_where_no_call_could_be_taken(self, deeds: tuple[str, ...]) -> None:
        before, _ = after(*deeds)
        assert after(*deeds, "call 2") == (before, [Refuse(B)])

    def test_the_caller_hangs_up(self) -> None:
        assert after("call 1", "lift", "ends 1")[0] is State.REMOTE_ENDED

    def test_news_of_other_calls_is_no_news(self) -> None:
        assert after("call 1", "lift", "ends 3", "rings", "answered") == (State.TALKING, [])


class TestTwoCalls:
    TWO = ("call 1", "lift", "call 2")

    def test_the_second_is_announced(self) -> None:
        assert after(*self.TWO) == (State.ANNOUNCED, [Announce(B)])

    def test_or_not_if_one_does_not_want_it(self) -> None:
        person = Person(PhoneSettings(call_waiting=False))
        assert person(*self.TWO) == [Refuse(B)]

    def test_a_flash_takes_it_and_holds_the_first_and_swaps_again(self) -> None:
        assert after(*self.TWO, "flash") == (State.HOLDING, [Hold(A), Take(B)])
        assert after(*self.TWO, "flash", "flash") == (State.HOLDING, [Hold(B), Take(A)])

    def test_putting_down_ends_the_one_and_the_other_rings(self) -> None:
        assert after(*self.TWO, "down") == (State.RINGING, [End(A)])
        assert after(*self.TWO, "down", "lift") == (State.TALKING, [Take(B)])
        assert after(*self.TWO, "flash", "down") == (State.RINGING, [End(B)])
        assert after(*self.TWO, "flash", "down", "lift") == (State.TALKING, [Take(A)])

    def test_the_other_gives_up(self) -> None:
        assert after(*self.TWO, "ends 2")[0] is State.TALKING
        assert after(*self.TWO, "flash", "ends 1")[0] is State.TALKING

    def test_the_one_we_talk_to_goes(self) -> None:
        assert after(*self.TWO, "ends 1")[0] is State.LEFT_WITH_OTHER
        assert after(*self.TWO, "ends 1", "flash") == (State.TALKING, [Take(B)])
        assert after(*self.TWO, "ends 1", "ends 2")[0] is State.REMOTE_ENDED
        assert after(*self.TWO, "ends 1", "down") == (State.RINGING, [])
        assert after(*self.TWO, "flash", "ends 2", "flash") == (State.TALKING, [Take(A)])

    def test_digits_go_to_the_one_we_talk_to(self) -> None:
        assert after(*self.TWO, "press 6")[1] == [DigitDown(A, "6")]
        assert after(*self.TWO, "flash", "press 6")[1] == [DigitDown(B, "6")]
        assert after(*self.TWO, "flash", "release 6")[1] == [DigitUp(B, "6")]


class TestTable:
    @given(st.lists(st.sampled_from(DEEDS), max_size=30))
    def test_any_order_of_deeds_leaves_a_known_state_and_at_most_two_calls(
        self, deeds: list[str]
    ) -> None:
        person = Person()
        for deed in deeds:
            fresh = not deed.startswith("call") or deed[-1] not in {
                str(person.phone.active),
                str(person.phone.other),
            }
            if fresh:
                person(deed)
            phone = person.phone
            assert phone.state in State
            assert (phone.other is not None) == (phone.state in WITH_OTHER)
            assert (phone.active is not None) == (phone.state in WITH_ACTIVE)

    @given(st.lists(st.sampled_from(DEEDS), max_size=30))
    def test_the_phone_talks_only_to_whom_it_answered_or_who_answered(
        self, deeds: list[str]
    ) -> None:
        person, agreed = Person(), set[CallRef | None]()
        for deed in deeds:
            before = person.phone.active
            for order in person(deed):
                if isinstance(order, Take):
                    agreed.add(order.call)
            if deed == "answered":
                agreed.add(before)
            if person.phone.state in IN_CALL:
                assert person.phone.active in agreed

    def test_every_state_has_a_face_and_can_be_reached_and_left(self) -> None:
        assert set(FACES) == set(State)
        assert {state for state, _ in TRANSITIONS.values()} == set(State)
        assert {state for state, _ in TRANSITIONS} == set(State)

    def test_the_microphone_may_be_heard_in_a_call_only(self) -> None:
        assert {state for state, face in FACES.items() if face.talk} == set(IN_CALL)

    def test_every_state_but_idle_is_left_by_putting_down(self) -> None:
        assert all((state, Input.PUT_DOWN) in TRANSITIONS for state in set(State) - {State.IDLE})

    def test_every_state_that_ends_by_patience_says_how(self) -> None:
        by_beeps = {State.TROUBLE}
        assert set(PATIENCE) | by_beeps == {
            state for state, what in TRANSITIONS if what is Input.TIMEOUT
        }

    def test_patience_is_a_setting(self) -> None:
        person = Person(PhoneSettings(patience=Patience(dial_tone=Seconds(3))))
        person("lift")
        assert person.phone.deadline() == Seconds(4)
        assert person.phone.tick(Seconds(3.5)) == []

    def test_an_effect_without_its_call_is_a_fault_of_the_table(self) -> None:
        person = Person()
        person.phone.state = State.TALKING
        with pytest.raises(LookupError):
            person("press 6")


WITH_OTHER = {State.ANNOUNCED, State.HOLDING, State.LEFT_WITH_OTHER}
WITH_ACTIVE = {*IN_CALL, *WAITING, State.RINGING}
