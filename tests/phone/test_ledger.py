"""The canonical line of a call."""

import pytest

from offhook.phone.actions import Outcome
from offhook.phone.ledger import Record
from offhook.sip.actions import Cause, Party
from offhook.units import Seconds


def record(
    cause: Cause | None, *, incoming: bool = True, answered: bool = False, why: str = ""
) -> Record:
    return Record(
        incoming=incoming,
        party=Party("1010", "Ali\x07ce"),
        call_id="x\r\ny",
        answered=Seconds(10) if answered else None,
        ended=Seconds(12.5),
        cause=cause,
        why=why,
    )


@pytest.mark.parametrize(
    ("cause", "incoming", "outcome", "words"),
    [
        (Cause(487, ""), True, Outcome.MISSED, "the caller gave up"),
        (Cause(487, "taken", elsewhere=True), True, Outcome.ELSEWHERE, "487 taken"),
        (Cause(486, "", local=True), True, Outcome.REJECTED, "hung up here"),
        (Cause(408, "nobody answered"), True, Outcome.MISSED, "408 nobody answered"),
        (Cause(487, "", local=True), False, Outcome.CANCELLED, "hung up here"),
        (Cause(486, "Busy Here"), False, Outcome.BUSY, "486 Busy Here"),
        (Cause(600, "Busy"), False, Outcome.BUSY, "600 Busy"),
        (Cause(603, "Decline"), False, Outcome.REJECTED, "603 Decline"),
        (Cause(503, "a\r\nb"), False, Outcome.FAILED, "503 a\\r\\nb"),
        (None, False, Outcome.FAILED, ""),
    ],
)
def test_how_a_call_went_that_nobody_answered(
    cause: Cause | None, incoming: bool, outcome: Outcome, words: str
) -> None:
    line = record(cause, incoming=incoming).canonical(Seconds(20))
    assert (line.outcome, line.cause, line.talked) == (outcome, words, Seconds(0))


def test_an_answered_call_was_answered_whatever_ended_it() -> None:
    for cause in (Cause(200, ""), Cause(408, "x"), Cause(200, "", local=True)):
        assert record(cause, answered=True).outcome() is Outcome.ANSWERED
    assert record(Cause(200, ""), answered=True).canonical(Seconds(99)).talked == 2.5


def test_what_we_ended_it_for_is_told_before_the_status() -> None:
    line = record(Cause(200, "", local=True), answered=True, why="no voice for 30 s")
    assert line.canonical(Seconds(13)).cause == "no voice for 30 s"


def test_a_call_nobody_here_heard_of_was_missed() -> None:
    busy = record(Cause(486, "", local=True))
    busy.unannounced = True
    line = busy.canonical(Seconds(13))
    assert (line.outcome, line.cause) == (Outcome.MISSED, "busy here")


def test_what_a_stranger_wrote_is_made_printable() -> None:
    line = record(Cause(487, "")).canonical(Seconds(13))
    assert line.name == "Ali\\x07ce"
    assert line.call_id == "x\\r\\ny"


def test_a_call_that_still_lasts_has_been_talked_until_now() -> None:
    lasting = record(None, answered=True)
    lasting.ended = None
    assert lasting.talked(Seconds(15)) == Seconds(5)
