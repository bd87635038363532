"""Digits become a number, by the plan and two patiences."""

from offhook.phone.dialling import Dialling, More, NoSuchNumber, Number, Outcome, Redial
from offhook.phone.settings import DiallingSettings
from offhook.units import Seconds


def dialling(plan: str = "(xx.|*xx.)", redial_code: str = "*07") -> Dialling:
    return Dialling(DiallingSettings(dial_plan=plan, redial_code=redial_code))


def press(machine: Dialling, digits: str, now: float = 1.0) -> Outcome:
    outcome: Outcome = machine.begin(Seconds(0))
    for digit in digits:
        outcome = machine.press(digit, Seconds(now))
    return outcome


def late(machine: Dialling) -> tuple[float, Outcome | None]:
    at = machine.deadline()
    assert at is not None
    return at, machine.tick(at)


def test_a_complete_number_that_could_go_on_waits_the_short_time() -> None:
    machine = dialling()
    assert press(machine, "600") == More()
    assert late(machine) == (4.0, Number("600"))


def test_a_number_that_is_not_complete_waits_the_long_time_in_vain() -> None:
    machine = dialling("(xxxx)")
    assert press(machine, "600") == More()
    assert late(machine) == (11.0, NoSuchNumber())


def test_nothing_dialled_waits_for_ever_here() -> None:
    machine = dialling()
    assert machine.begin(Seconds(0)) == More()
    assert machine.deadline() is None


def test_the_plan_may_set_its_own_waits() -> None:
    machine = dialling("L:20,S:5,(xxx|xxxx)")
    press(machine, "60")
    assert machine.deadline() == 21.0
    press(machine, "600")
    assert machine.deadline() == 6.0


def test_a_number_that_cannot_go_on_is_sent_at_once() -> None:
    assert press(dialling("(xxx)"), "600") == Number("600")


def test_the_send_key_sends_what_is_complete() -> None:
    assert press(dialling(), "600#") == Number("600")


def test_the_send_key_refuses_what_is_not_complete() -> None:
    assert press(dialling("(xxxx)"), "600#") == NoSuchNumber()


def test_the_send_key_is_a_digit_where_the_plan_has_a_use_for_it() -> None:
    assert press(dialling("(xx#x)"), "60#1") == Number("60#1")


def test_the_send_key_alone_is_no_number() -> None:
    assert press(dialling(), "#") == NoSuchNumber()


def test_an_impossible_digit_ends_it() -> None:
    machine = dialling("(6xx)")
    assert press(machine, "7") == NoSuchNumber()
    assert machine.deadline() is None


def test_a_barred_number_is_refused() -> None:
    assert press(dialling("(1900!|x.)"), "1900") == NoSuchNumber()


def test_the_outside_tone_is_asked_for() -> None:
    assert press(dialling("(9,xxx)"), "9") == More(outside=True)


def test_the_redial_code_redials() -> None:
    assert press(dialling(), "*07") == Redial()


def test_without_a_redial_code_it_goes_to_the_exchange() -> None:
    machine = dialling(redial_code="")
    press(machine, "*07")
    assert late(machine)[1] == Number("*07")


def test_an_emergency_number_is_sent_at_once_and_known() -> None:
    machine = dialling("(x.!)")
    assert press(machine, "911") == Number("911")
    assert machine.emergency("911")
    assert not machine.emergency("600")


def test_a_hot_line_dials_as_soon_as_the_tone_would_sound() -> None:
    assert dialling("(S0<:1000>)").begin(Seconds(0)) == Number("1000")


def test_a_warm_line_dials_after_its_pause() -> None:
    machine = dialling("(P5<:1000>|xxxx)")
    assert machine.begin(Seconds(2)) == More()
    assert late(machine) == (7.0, Number("1000"))


def test_a_bad_plan_leaves_the_last_good_one_in_force_and_is_told() -> None:
    machine = dialling("(7xx)")
    (told,) = machine.configure(DiallingSettings(dial_plan="(7xx", emergency=("999",)))
    assert told.what == "dial plan trouble"
    assert "parentheses" in machine.trouble
    assert press(machine, "712") == Number("712")
    assert press(machine, "999").__class__ is Number
    assert machine.configure(DiallingSettings(dial_plan="(8xx)")) == []
    assert press(machine, "812") == Number("812")


def test_a_bad_plan_from_the_start_leaves_the_default() -> None:
    machine = dialling("nonsense")
    assert machine.complaints()
    assert press(machine, "600#") == Number("600")


def test_a_bad_emergency_number_does_not_cost_the_others() -> None:
    machine = Dialling(DiallingSettings(emergency=("112", "sos", "")))
    assert "emergency" in machine.trouble
    assert press(machine, "112") == Number("112")


def test_ticks_before_the_deadline_or_after_the_end_mean_nothing() -> None:
    machine = dialling()
    press(machine, "600")
    assert machine.tick(Seconds(1.5)) is None
    machine.stop()
    assert machine.tick(Seconds(100)) is None
