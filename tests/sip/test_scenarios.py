"""The conversations in tests/scenarios/sip, each line checked in virtual time."""

from pathlib import Path

import pytest

from support.sip_replay import Replay

LOGS = sorted((Path(__file__).parents[1] / "scenarios" / "sip").glob("*.log"))


@pytest.mark.parametrize("log", LOGS, ids=lambda path: path.stem)
def test_scenario(log: Path) -> None:
    Replay().play(log)


def test_there_are_scenarios() -> None:
    assert len(LOGS) >= 6


def test_a_wrong_log_fails(tmp_path: Path) -> None:
    log = tmp_path / "wrong.log"
    log.write_text("0 do register\n0 << INVITE\n")
    with pytest.raises(AssertionError, match=r"wrong\.log:2"):
        Replay().play(log)


def test_a_log_that_leaves_something_out_fails(tmp_path: Path) -> None:
    log = tmp_path / "short.log"
    log.write_text("0 do register\n")
    with pytest.raises(AssertionError, match="also sent"):
        Replay().play(log)
