"""What the core wants written down."""

from enum import Enum, auto

from offhook.notes import MAX_MOVES, TRANSITION, Diary, Severity


class Light(Enum):
    RED = auto()
    GREEN = auto()


def test_a_transition_is_one_note_with_all_that_a_machine_needs_row_80() -> None:
    diary = Diary()
    diary.moved("light", None, "power", Light.RED)
    diary.moved("light", Light.RED, Light.GREEN, Light.GREEN, call="a@b", severity=Severity.DEBUG)
    first, second = diary.take()
    assert first.what == second.what == TRANSITION
    assert dict(first.fields) == {
        "machine": "light", "from": "none", "event": "power", "state": "red",
    }  # fmt: skip
    assert (first.severity, second.severity) == (Severity.INFO, Severity.DEBUG)
    assert (second.fields["from"], second.fields["call"]) == ("red", "a@b")
    assert diary.take() == []


def test_staying_is_no_transition_and_what_nobody_takes_is_bounded() -> None:
    diary = Diary()
    diary.moved("light", Light.RED, "look", Light.RED)
    assert diary.take() == []
    for _ in range(2 * MAX_MOVES):
        diary.moved("light", Light.RED, "change", Light.GREEN)
    assert len(diary.take()) == MAX_MOVES
