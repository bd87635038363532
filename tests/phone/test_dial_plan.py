"""The Cisco-SPA grammar (desk-phones A.3) and the emergency numbers ahead of it (A.10)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.phone.dial_plan import (
    MAX_DIGITS,
    MAX_PLAN,
    MAX_STEPS,
    DialPlan,
    DialPlanError,
    Match,
    Verdict,
)
from offhook.units import Seconds

TYPICAL = "(*xx|[3469]11|0|00|[2-9]xxxxxx|1xxx[2-9]xxxxxxS0|xxxxxxxxxxxx.)"
KEYS = "0123456789*#"


def verdict(plan: str, digits: str, *emergency: str) -> Verdict:
    return DialPlan(plan, emergency).match(digits).verdict


def number(plan: str, digits: str) -> str:
    return DialPlan(plan).match(digits).number


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("", Verdict.PARTIAL),
        ("*", Verdict.PARTIAL),
        ("*69", Verdict.COMPLETE),
        ("0", Verdict.EXTENDABLE),
        ("00", Verdict.EXTENDABLE),
        ("411", Verdict.EXTENDABLE),
        ("4115551", Verdict.EXTENDABLE),
        ("1212555121", Verdict.PARTIAL),
        ("12125551212", Verdict.COMPLETE),
        ("#", Verdict.IMPOSSIBLE),
        ("*6#", Verdict.IMPOSSIBLE),
    ],
)
def test_the_typical_plan_of_an_adapter(digits: str, expected: Verdict) -> None:
    assert verdict(TYPICAL, digits) is expected


@pytest.mark.parametrize(
    ("plan", "dialled", "sent"),
    [
        ("(<8:1650>xxxxxxx)", "85551212", "16505551212"),
        ("(<:1>xxxxxxxxxx)", "2125551212", "12125551212"),
        ("(<:1>xxx)", "234", "1234"),
        ("(<9:>xxxxxxx)", "95551212", "5551212"),
        ("(9,<:1>xxx)", "9234", "91234"),
        ("(S0<:12125551234>)", "", "12125551234"),
        ("(P0<:12125551234>)", "", "12125551234"),
        ("(P5<:1000>|xxxx)", "", "1000"),
        ("(P5<:1000>|xxxx)", "2000", "2000"),
        ("L:10,S:3,(1xxx[2-9]xxxxxxS0|x.)", "12125551212", "12125551212"),
        ("([3469]11|x.)", "411", "411"),
    ],
)
def test_the_examples_of_the_grammar_send_what_they_say(plan: str, dialled: str, sent: str) -> None:
    assert number(plan, dialled) == sent


def test_the_example_of_a_barred_number() -> None:
    assert verdict("(1900xxxxxxx!|1xxxxxxxxxx)", "19005551212") is Verdict.BARRED
    assert verdict("(1900xxxxxxx!|1xxxxxxxxxx)", "18005551212") is Verdict.COMPLETE


def test_a_repeat_means_zero_or_more() -> None:
    assert verdict("(9x.)", "9") is Verdict.EXTENDABLE
    assert verdict("(9x.)", "9123") is Verdict.EXTENDABLE
    assert verdict("(1.2)", "2") is Verdict.COMPLETE
    assert verdict("(1.2)", "1112") is Verdict.COMPLETE


def test_substitution_replaces_inserts_and_strips() -> None:
    assert number("(<8:1650>xxxxxxx)", "85551212") == "16505551212"
    assert number("(<:1>xxx)", "234") == "1234"
    assert number("(<9:>xxx)", "9234") == "234"
    assert number("(<9x:+49>xx)", "9123") == "+4923"
    assert number("(<[12]:>x<:99>)", "27") == "799"


def test_sets_take_ranges_single_keys_and_signs() -> None:
    assert verdict("([1-37*])", "2") is Verdict.COMPLETE
    assert verdict("([1-37*])", "7") is Verdict.COMPLETE
    assert verdict("([1-37*])", "*") is Verdict.COMPLETE
    assert verdict("([1-37*])", "4") is Verdict.IMPOSSIBLE


def test_a_comma_plays_the_outside_dial_tone_just_there() -> None:
    plan = DialPlan("(9,xxx)")
    assert plan.match("9").outside
    assert not plan.match("91").outside
    assert plan.match("9123") == Match(Verdict.COMPLETE, "9123")


def test_a_bar_wins_over_a_rule_that_would_allow_the_number() -> None:
    assert verdict("(1900xxx!|x.)", "1900123") is Verdict.BARRED
    assert verdict("(1900xxx!|x.)", "190012") is Verdict.EXTENDABLE


def test_timers_come_from_the_sequence_or_else_from_the_plan() -> None:
    plan = DialPlan("L:12,S:4,(xxx|xxxx|5xL7|77S2x.)")
    assert plan.match("1").wait == Seconds(12)
    assert plan.match("123").wait == Seconds(4)
    assert plan.match("5").wait == Seconds(7)
    assert plan.match("77").wait == Seconds(2)
    assert DialPlan("(xx)").match("1").wait is None


def test_a_hot_line_dials_with_nothing_dialled() -> None:
    assert DialPlan("(S0<:1000>)").match("") == Match(Verdict.COMPLETE, "1000", Seconds(0))
    assert DialPlan("(P0<:1000>)").match("") == Match(Verdict.COMPLETE, "1000", Seconds(0))


def test_a_warm_line_waits_and_other_numbers_can_still_be_dialled() -> None:
    plan = DialPlan("(P5<:1000>|xxxx)")
    assert plan.match("") == Match(Verdict.EXTENDABLE, "1000", Seconds(5))
    assert plan.match("1234") == Match(Verdict.COMPLETE, "1234")


def test_a_plan_that_could_be_empty_sends_nothing_by_itself() -> None:
    assert DialPlan("(x.)").match("") == Match(Verdict.PARTIAL)
    assert DialPlan("(P3<:100>!)").match("") == Match(Verdict.PARTIAL)


def test_a_number_too_long_for_any_exchange_is_impossible() -> None:
    assert verdict("(x.)", "1" * MAX_DIGITS) is Verdict.EXTENDABLE
    assert verdict("(x.)", "1" * (MAX_DIGITS + 1)) is Verdict.IMPOSSIBLE


def test_a_service_code_is_complete_at_once() -> None:
    plan = DialPlan("(*xx.|x.)", codes=("*07",))
    assert plan.match("*07") == Match(Verdict.COMPLETE, "*07")
    assert plan.match("*08").verdict is Verdict.EXTENDABLE


class TestEmergency:
    """A.10: before every rule."""

    def test_complete_at_once_although_the_plan_would_wait(self) -> None:
        plan = DialPlan("(x.)", ("112",))
        assert plan.match("112") == Match(Verdict.COMPLETE, "112", emergency=True)

    def test_cannot_be_barred(self) -> None:
        assert verdict("(x.!)", "112", "112") is Verdict.COMPLETE

    def test_cannot_be_substituted(self) -> None:
        plan = DialPlan("(<112:666>|xxx)", ("112",))
        assert plan.match("112").number == "112"

    def test_its_first_digits_are_never_refused(self) -> None:
        assert verdict("(5xx)", "11", "112") is Verdict.PARTIAL
        assert verdict("(1!)", "1", "112") is Verdict.PARTIAL

    def test_its_first_digits_are_never_sent_at_once_as_a_shorter_number(self) -> None:
        plan = DialPlan("(9S0)", ("911",))
        assert plan.match("9").verdict is Verdict.EXTENDABLE
        assert plan.match("9").wait is None

    def test_works_under_a_hot_line(self) -> None:
        assert verdict("(P0<:1000>)", "112", "112") is Verdict.COMPLETE


@pytest.mark.parametrize(
    "text",
    [
        "", "xx", "(", "()", "(xx", "(|xx)", "(xx|)", "(.)", "(,.)", "(<1:2>.)", "(x..)", "(z)",
        "(xP3)", "(x!x)", "([])", "([3-1])", "([1-])", "([*-#])", "(<1>)", "(S99x)", "L:99,(x)",
        "([1)", "(!)", "(S0)", "(" + "x" * MAX_PLAN + ")", "(" + "1" * (MAX_STEPS + 1) + ")",
    ],
)  # fmt: skip
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(DialPlanError):
        DialPlan(text)


def test_an_emergency_number_that_cannot_be_dialled_is_refused() -> None:
    with pytest.raises(DialPlanError):
        DialPlan("(x.)", ("SOS",))


def test_spaces_and_line_ends_may_stand_anywhere() -> None:
    assert number("S:2, ( 1 x x | 2 x )\n", "123") == "123"


ELEMENTS = st.sampled_from(["x", "1", "9", "*", "[2-9]", "x.", "1.", "[13].", "<9:>", "<:0>", ","])
SEQUENCES = st.builds(
    lambda front, parts, end: front + "".join(parts) + end,
    st.sampled_from(["", "", "P0<:7>", "P5<:7>", "S0<:7>"]),
    st.lists(ELEMENTS, min_size=1, max_size=8),
    st.sampled_from(["", "", "S0", "!", "L3"]),
)
PLANS = st.lists(SEQUENCES, min_size=1, max_size=6).map(lambda parts: f"({'|'.join(parts)})")


@given(PLANS, st.text(KEYS, max_size=20))
def test_no_plan_hangs_or_raises(plan: str, digits: str) -> None:
    match = DialPlan(plan, ("112", "911"), ("*07",)).match(digits)
    assert isinstance(match.verdict, Verdict)


@given(PLANS, st.sampled_from(["112", "911", "999", "0", "1*1"]))
def test_no_plan_ever_drops_an_emergency_call(plan: str, emergency: str) -> None:
    compiled = DialPlan(plan, (emergency,), ("*07",))
    for end in range(1, len(emergency)):
        match = compiled.match(emergency[:end])
        assert match.verdict in (Verdict.PARTIAL, Verdict.EXTENDABLE)
        assert match.wait != Seconds(0)
    assert compiled.match(emergency) == Match(Verdict.COMPLETE, emergency, emergency=True)


@given(st.text(max_size=40))
def test_any_text_is_a_plan_or_refused(text: str) -> None:
    try:
        plan = DialPlan(f"({text})", ("112",))
    except DialPlanError:
        return
    assert plan.match("112").emergency


def test_many_repeats_cost_no_more_than_their_places() -> None:
    plan = DialPlan("(" + "1." * 60 + "|" + "x." * 60 + ")")
    assert plan.match("1" * 60 + "2").verdict is Verdict.EXTENDABLE
