"""The journal, read: which lines, in which columns."""

import argparse
import json
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.cli import logs
from offhook.cli.client import ClientError
from offhook.cli.journal import ENDED, Columns, find_call, microseconds, of_call, parse, text
from offhook.cli.machine import Machine, Ran
from offhook.cli.main import main
from offhook.service.journal import IDENTIFIER
from support.recorded import machine, programs

T0 = 1_795_348_800_000_000  # 2026-11-22 12:00:00 UTC
READ = "journalctl -q --no-pager -o json"


def line(at: float, message: str, call: str = "", **fields: object) -> str:
    """As journald gives it."""
    record: dict[str, object] = {
        "__REALTIME_TIMESTAMP": str(T0 + round(at * 1e6)), "MESSAGE": message, "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": IDENTIFIER, **fields,
    }  # fmt: skip
    if call:
        record["OFFHOOK_CALL"] = call
    return json.dumps(record)


def chosen(*words: str) -> argparse.Namespace:
    """What argparse makes of the words."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    logs.arguments(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ([], "-u offhookd.service -u offhook-*.service -n 100"),
        (["--all", "-n", "5"], "-n 5"),
        (["--severity", "error"], "-u offhookd.service -u offhook-*.service -p err -n 100"),
        (["--since", "1 hour ago"],
         "-u offhookd.service -u offhook-*.service --since=1 hour ago"),
        (["--all", "-f"], "-n 100 -f"),
    ],
)  # fmt: skip
def test_words_become_a_journalctl_command(words: list[str], command: str) -> None:
    assert " ".join(logs.words(chosen(*words))) == f"{READ} {command}"


@pytest.mark.parametrize("words", [["-n", "0"], ["-n", "x"], ["-f", "--call", "last"]])
def test_wrong_words_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        chosen(*words)
    assert "usage" in capsys.readouterr().err


def shown(*lines: str) -> list[str]:
    columns = Columns(UTC)
    return [each for one in lines if (found := parse(one)) for each in columns.lines(found)]


def test_columns_line_up_and_a_new_day_has_a_line_of_its_own() -> None:
    assert shown(
        line(0, "ready version=0.1.0"),
        line(1.5, "call ended", "3f2a91c0b7d4@192.0.2.20", PRIORITY="5"),
        line(86_400, "Started.", SYSLOG_IDENTIFIER="systemd", PRIORITY="3"),
    ) == [
        "--- Sunday 2026-11-22, UTC ---",
        "12:00:00.000  info               ready version=0.1.0",
        "12:00:01.500  notice   3f2a91c0  call ended",
        "--- Monday 2026-11-23, UTC ---",
        "12:00:00.000  error              systemd: Started.",
    ]


def test_rows_20_and_21_words_of_others_are_printable_and_without_secrets() -> None:
    evil = 'x\n\x1b[2J password=hunter2 response="abcd" \u202e'
    (_, told) = shown(line(0, evil))
    assert told.isprintable()
    assert "hunter2" not in told
    assert "abcd" not in told


def test_bytes_and_doubled_fields_are_read() -> None:
    assert text({"MESSAGE": [104, 105, 255]}, "MESSAGE") == "hi\\xff"
    assert text({"MESSAGE": ["one", "two"]}, "MESSAGE") == "two"
    assert text({"MESSAGE": None}, "MESSAGE") == ""


@given(st.text(), st.dictionaries(st.text(max_size=8), st.text() | st.none() | st.integers()))
def test_whatever_journalctl_says_nothing_is_raised(
    junk: str, fields: Mapping[str, str | int | None]
) -> None:
    parse(junk)
    known = dict.fromkeys(("MESSAGE", "PRIORITY", "OFFHOOK_CALL", "__REALTIME_TIMESTAMP"), junk)
    for record in (fields, known):
        assert all(each.isprintable() for each in Columns(UTC).lines(record))
        assert microseconds(record) >= 0


class TestOneCall:
    """`--call`."""

    FIRST, SECOND = "aaaa1111@x", "bbbb2222@x"

    def recorded(self, root: Path) -> Machine:
        first = line(8, "call ended", self.FIRST, OFFHOOK_TALKED_S="5.0")
        second = line(20, "call ended", self.SECOND, OFFHOOK_TALKED_S="0.0")
        lost = line(4, "nothing is heard of the peer", self.FIRST)
        around = [line(1, "before"), lost, line(5, "network changed"), first, second]
        return machine(
            root,
            answers={
                f"{READ} -n 500 MESSAGE_ID={ENDED}": f"{first}\n{second}\n",
                f"{READ} OFFHOOK_CALL={self.FIRST}": f"{lost}\n{first}\n",
                f"{READ} OFFHOOK_CALL={self.SECOND}": f"{second}\n",
                f"{READ} -u": "\n".join(around),
            },
        )

    def test_last_is_the_newest_and_a_beginning_is_enough(self, tmp_path: Path) -> None:
        made = self.recorded(tmp_path)
        assert find_call(made, "last") == self.SECOND
        assert find_call(made, "aaaa") == self.FIRST
        assert find_call(made, "cccc") == ""

    def test_all_lines_of_its_time_but_those_of_another_call(self, tmp_path: Path) -> None:
        found = of_call(self.recorded(tmp_path), self.FIRST)
        assert [text(each, "MESSAGE") for each in found] == [
            "nothing is heard of the peer", "network changed", "call ended",
        ]  # fmt: skip

    def test_the_time_is_asked_of_journalctl(self, tmp_path: Path) -> None:
        made = self.recorded(tmp_path)
        of_call(made, self.FIRST)
        (asked,) = (each for each in programs(made).ran if "--since" in each)
        assert asked.endswith(f"--since=@{T0 // 1_000_000 + 2} --until=@{T0 // 1_000_000 + 10}")


class TestTheCommand:
    """From words to lines."""

    def put(self, monkeypatch: pytest.MonkeyPatch, made: Machine) -> None:
        monkeypatch.setattr(logs, "Machine", lambda: made)

    def test_json_gives_the_records_as_they_are(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.put(monkeypatch, machine(tmp_path, answers={"journalctl": line(0, "ready")}))
        assert main(["logs", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["MESSAGE"] == "ready"

    def test_following_shows_lines_as_they_come(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.put(monkeypatch, machine(tmp_path, answers={"journalctl": line(0, "ready")}))
        assert main(["logs", "-f"]) == 0
        assert capsys.readouterr().out.endswith("  ready\n")

    def test_a_journal_that_may_not_be_read_says_how(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        refused = Ran(1, "", "No journal files were opened due to insufficient permissions.\n")
        self.put(monkeypatch, machine(tmp_path, answers={"journalctl": refused}))
        assert main(["logs"]) == 4
        assert "usermod -aG systemd-journal" in capsys.readouterr().err

    def test_severity_holds_for_one_call_too(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.put(monkeypatch, TestOneCall().recorded(tmp_path))
        assert main(["logs", "--call", "last", "--severity", "warning"]) == 0
        assert capsys.readouterr().out == ""

    def test_an_unknown_call_is_told(self, tmp_path: Path) -> None:
        made = machine(tmp_path, answers={"journalctl": ""})
        with pytest.raises(ClientError, match="begins with 'zz'"):
            logs.pick(made, chosen("--call", "zz"))
