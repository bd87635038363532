"""Lines of the journal."""

import io
import logging
import queue

import pytest

from offhook.notes import Diary, Note, Severity, note
from offhook.phone.actions import CallEnded, Outcome
from offhook.phone.faces import State as Person
from offhook.service import journal as journal_module
from offhook.service.journal import (
    MAX_QUEUE,
    Bridge,
    Entry,
    Journal,
    call_line,
    choose_sink,
    entry,
    message_id,
    stream_sink,
)
from offhook.units import Seconds

CALL = CallEnded(
    incoming=True, party="600", name="Echo", outcome=Outcome.ANSWERED, cause="hung up here",
    call_id="abc@x", talked=Seconds(187.26), codec="PCMA", packets_lost=3, jitter=Seconds(0.0012),
    playout_delay=Seconds(0.0345), round_trip=None,
)  # fmt: skip


def test_a_note_is_a_line_for_people_and_fields_for_machines() -> None:
    line = entry(note("registered", server="192.0.2.1:5060", expires=300))
    assert line.message == "registered server=192.0.2.1:5060 expires=300"
    assert line.fields == {"OFFHOOK_SERVER": "192.0.2.1:5060", "OFFHOOK_EXPIRES": "300"}


def test_the_same_kind_of_note_has_the_same_id_for_ever() -> None:
    assert message_id("registered") == "44081b625307572bad19e348b8028e6f"
    assert message_id("registered") != message_id("unregistered")


def moves(*calls: str) -> list[Note]:
    diary = Diary()
    for call in calls:
        diary.moved("call", None, "invited", Person.RINGING, call=call)
        diary.moved("call", Person.RINGING, "take", Person.TALKING, call=call)
    return diary.take()


def test_a_transition_has_fields_for_machines_and_one_id_row_80() -> None:
    lines = [entry(note) for note in moves("a\nb@x")]
    assert lines[1].message.startswith(
        "state machine=call from=ringing event=take state=talking call="
    )
    assert lines[1].message.isprintable()
    assert {
        name: lines[1].fields[f"OFFHOOK_{name}"] for name in ("STATE", "FROM", "EVENT", "MACHINE")
    } == {"STATE": "talking", "FROM": "ringing", "EVENT": "take", "MACHINE": "call"}
    assert lines[1].fields["OFFHOOK_CALL"].isprintable()
    assert {line.message_id for line in lines} == {message_id("state")}


def test_transitions_of_the_same_moment_are_all_written_but_a_flood_is_not_row_80() -> None:
    written: list[str] = []
    journal = Journal(lambda line: written.append(line.message))
    journal.start()
    for move in moves(*(f"call{number}" for number in range(50))):
        journal.note(move, Seconds(1))
    journal.tick(Seconds(2.1))
    journal.close()
    assert [line.partition(" call=")[2] for line in written] == [
        "call0", "call0", "call49 (repeated 49x)", "call49 (repeated 49x)",
    ]  # fmt: skip


def test_field_names_are_what_journald_keeps() -> None:
    fields = entry(Note("x", {"round-trip ms": 1, "Ünï": 2})).fields
    assert set(fields) == {"OFFHOOK_ROUND_TRIP_MS", "OFFHOOK__N_"}


def test_row_21_a_strangers_words_cannot_make_a_second_line() -> None:
    line = entry(note("call", name="x\nroot: all is well\x1b[2J\u202e"))
    assert line.message.isprintable()
    assert line.fields["OFFHOOK_NAME"].isprintable()


def test_a_message_that_strays_into_a_field_loses_its_secrets() -> None:
    raw = 'Authorization: Digest response="6629fae4"\r\nX: 1'
    line = entry(note("odd", message=raw))
    assert "6629fae4" not in line.message + line.fields["OFFHOOK_MESSAGE"]


def test_the_canonical_line_of_a_call_says_who_how_long_how_well_and_why() -> None:
    assert entry(call_line(CALL)).message == (
        "call ended direction=in party=600 name=Echo outcome=answered"
        ' cause="hung up here" talked_s=187.3 codec=PCMA lost=3 jitter_ms=1.2 delay_ms=34'
        " round_trip_ms=unknown call=abc@x"
    )


class TestJournal:
    """The queue, without its thread."""

    @staticmethod
    def taken(journal: Journal) -> list[str]:
        lines: list[str] = []
        while True:
            try:
                line = journal._queue.get_nowait()
            except queue.Empty:
                return lines
            assert line is not None
            lines.append(line.message)

    def test_a_thousand_alike_are_two_lines(self) -> None:
        journal = Journal(lambda _: None)
        for n in range(1000):
            journal.note(note("datagram dropped", size=n), Seconds(5 + n / 10_000))
        assert journal.deadline() == 6.0
        journal.tick(Seconds(6))
        assert self.taken(journal) == [
            "datagram dropped size=0",
            "datagram dropped size=999 (repeated 999x)",
        ]

    def test_calls_are_never_held_back(self) -> None:
        journal = Journal(lambda _: None)
        for _ in range(3):
            journal.always(call_line(CALL))
        assert len(self.taken(journal)) == 3

    def test_what_is_below_the_level_is_not_written(self) -> None:
        journal = Journal(lambda _: None, Severity.WARNING)
        journal.note(note("fine"), Seconds(0))
        journal.always(note("bad", Severity.ERROR))
        assert self.taken(journal) == ["bad"]

    def test_a_journald_that_hangs_costs_lines_not_memory(self) -> None:
        journal = Journal(lambda _: None)
        for _ in range(MAX_QUEUE + 7):
            journal.always(note("x"))
        assert journal.lost == 7

    @pytest.mark.integration
    def test_closing_writes_what_waits(self) -> None:
        lines: list[Entry] = []
        journal = Journal(lines.append)
        journal.start()
        journal.always(note("last words"))
        journal.close()
        assert [line.message for line in lines] == ["last words"]


def test_blanks_are_quoted_in_the_line_and_bare_in_the_field() -> None:
    line = entry(note("call ended", cause="hung up here", name=""))
    assert line.message == 'call ended cause="hung up here" name=""'
    assert line.fields == {"OFFHOOK_CAUSE": "hung up here", "OFFHOOK_NAME": ""}


def test_without_journald_lines_carry_their_priority_for_systemd() -> None:
    stream = io.StringIO()
    stream_sink(stream, prefix=True)(entry(note("bad", Severity.ERROR)))
    assert stream.getvalue() == "<3>bad\n"


def test_under_systemd_lines_go_to_journald_with_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, dict[str, str]]] = []
    journal = pytest.importorskip("systemd.journal")
    monkeypatch.setattr(journal, "send", lambda message, **fields: sent.append((message, fields)))
    choose_sink({"JOURNAL_STREAM": "8:12345"})(entry(note("registered", server="a")))
    [(message, fields)] = sent
    assert message == "registered server=a"
    assert fields["OFFHOOK_SERVER"] == "a"
    assert fields["PRIORITY"] == "6"
    assert fields["MESSAGE_ID"] == message_id("registered")
    assert fields["SYSLOG_IDENTIFIER"] == "offhookd"


def test_without_systemd_python_standard_error_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "journald_sink", lambda: None)
    stream = io.StringIO()
    choose_sink({"JOURNAL_STREAM": "8:12345"}, stream)(entry(note("x")))
    assert stream.getvalue() == "<6>x\n"


def test_what_libraries_log_passes_the_same_way_without_their_arguments() -> None:
    taken: list[Note] = []
    logger = logging.Logger("asyncio")  # noqa: LOG001  # one of our own, not the real
    logger.addHandler(Bridge(taken.append))
    logger.error("failed with %s", 'response="6629fae4"')
    logger.info("nothing")
    [line] = map(entry, taken)
    assert "6629fae4" not in str(line)
    assert line.severity is Severity.ERROR
