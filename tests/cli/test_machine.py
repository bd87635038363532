"""Files and programs of a machine, those that are missing above all."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.cli.machine import Machine, Ran, environment, run, space, stream
from support.recorded import machine


def test_what_is_not_there_is_empty(tmp_path: Path) -> None:
    here = machine(tmp_path)
    assert here.read("etc/none") == here.said("none") == here.model == here.release("X") == ""
    assert here.number("etc/none") is None
    assert here.find("etc/*") == []
    assert here.asked("none") is None
    assert here.properties("none") == {}
    assert not here.there("etc/none")


@pytest.mark.parametrize(
    ("text", "number"), [("12\n", 12), ("-3", -3), ("x", None), ("1 2", None), ("²", None)]
)
def test_numbers_stand_alone(tmp_path: Path, text: str, number: int | None) -> None:
    assert machine(tmp_path, {"n": text}).number("n") == number


def test_paths_are_found_as_the_machine_sees_them(tmp_path: Path) -> None:
    here = machine(tmp_path, {"sys/a/x": "1", "sys/b/x": "2"})
    assert here.find("sys/*/x") == ["/sys/a/x", "/sys/b/x"]


def test_a_word_of_os_release(tmp_path: Path) -> None:
    here = machine(tmp_path, {"etc/os-release": 'NAME="A B"\nIMAGE_VERSION=0.2.0\n'})
    assert (here.release("NAME"), here.release("IMAGE_VERSION")) == ("A B", "0.2.0")


@given(st.text())
def test_whatever_a_program_says_nothing_is_raised(text: str) -> None:
    ran = Ran(1, text, text)
    assert ran.json is None or text.strip()
    assert isinstance(ran.said, str)


def test_a_program_sees_no_secret_of_the_environment_and_speaks_english() -> None:
    given_ = {"OFFHOOK_PASSWORD": "x", "LANG": "de_DE.UTF-8", "PATH": "/opt/bin", "HOME": "/root"}
    told = environment(given_)
    assert told["PATH"].startswith("/opt/bin:")
    assert "/usr/sbin" in told["PATH"]
    assert (told["LC_ALL"], told["HOME"]) == ("C.UTF-8", "/root")
    assert not {"OFFHOOK_PASSWORD", "LANG"} & told.keys()


@pytest.mark.integration
class TestReal:
    """Processes."""

    def test_a_program_is_run_and_its_words_are_kept(self) -> None:
        ran = run(["sh", "-c", "echo out; echo err >&2; exit 3"])
        assert ran is not None
        assert (ran.code, ran.out, ran.err, ran.said) == (3, "out\n", "err\n", "err")

    def test_one_that_hangs_is_given_up(self) -> None:
        ran = run(["sh", "-c", "sleep 60"], 0.05)
        assert ran is not None
        assert (ran.code, "no answer" in ran.said) == (124, True)

    def test_one_that_is_not_there_is_none(self) -> None:
        assert run(["offhook-no-such-program"]) is None
        with pytest.raises(FileNotFoundError):
            next(stream(["offhook-no-such-program"]))

    def test_lines_come_one_by_one_and_the_end_is_told(self) -> None:
        lines = list(stream(["sh", "-c", "echo one; echo two >&2; exit 4"]))
        assert lines == ["one", "two", "exit 4"]

    def test_whoever_stops_early_ends_the_program(self) -> None:
        lines = stream(["sh", "-c", "echo $$; exec sleep 60"])
        child = int(next(lines))
        lines.close()  # type: ignore[attr-defined]  # a generator's
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)

    def test_this_machine_has_room_and_a_name_server_file_or_none(self, tmp_path: Path) -> None:
        told = space(tmp_path)
        assert told is not None
        assert told.total >= told.free > 0
        assert space(tmp_path / "none") is None
        assert Machine().uid == os.geteuid()
