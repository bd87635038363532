"""The unit of deploy/systemd under a real systemd, in a machine with pins and a sound card."""

import pytest

from hil.machine import Report, boot, needs_kernel
from hil.sound import Heard
from support.speech import load, prompt

pytestmark = [pytest.mark.hil, needs_kernel]

USER = "985"  # offhook, in guest/service.sh
FIFO = 1


@pytest.fixture(scope="module")
def played() -> Report:
    report = boot("service", timeout=240, steady=0.2)
    assert report.exit_status == 0, report.log
    assert "failed" not in report.findings, report.findings
    return report


def test_systemd_is_told_when_the_phone_can_be_used(played: Report) -> None:
    start = played.found("start")
    assert start["ActiveState"] == "active"
    assert start["WatchdogUSec"] == "3s"
    assert int(start["NRestarts"]) == 0


def test_every_process_is_an_unprivileged_user_in_a_cage(played: Report) -> None:
    processes = played.found("process")
    assert len(processes) == 3
    for each in processes:
        assert set(each["Uid"]) == {USER}
        assert int(each["CapEff"][0], 16) == 0
        assert each["NoNewPrivs"] == ["1"]
        assert each["Seccomp"] == ["2"]


def test_the_voice_runner_has_real_time_priority_there(played: Report) -> None:
    assert played.found("process")[2]["policy"] == FIFO


def test_pins_and_sound_work_in_the_cage(played: Report) -> None:
    times = played.found("call")
    heard = Heard.of(played, "service.raw", times)
    _, quality = heard.compare(load(prompt("tt-weasels")), times["spoke_at"])
    assert quality >= 3.0


def test_a_voice_runner_that_hangs_is_replaced_without_a_restart(played: Report) -> None:
    stopped = played.found("voice stopped")
    assert stopped["same main"] is True
    assert int(stopped["NRestarts"]) == 0
    assert stopped["after"] < 6


@pytest.mark.parametrize(
    ("harm", "restarts", "patience"),
    [("main stopped", 1, 16), ("voice and keeper stopped", 2, 20), ("killed", 3, 20)],
)
def test_systemd_starts_the_phone_again(
    played: Report, harm: str, restarts: int, patience: float
) -> None:
    """Watchdog for a process that hangs; `Restart=` for one that was killed."""
    after = played.found(harm)
    assert int(after["NRestarts"]) == restarts
    assert after["ActiveState"] == "active"
    assert after["survivors"] == []
    assert after["after"] < patience


def test_the_bell_is_off_after_a_hang_and_after_a_kill_in_mid_ring(played: Report) -> None:
    assert played.found("main stopped")["bell"] is False
    assert played.found("killed")["bell"] is False


def test_stopping_unregisters_and_ends_in_order(played: Report) -> None:
    end = played.found("end")
    assert end["ActiveState"] == "inactive"
    assert end["Result"] == "success"
    assert end["after"] < 5


def test_the_journal_has_the_phones_own_words_with_their_severity(played: Report) -> None:
    entries = [each for each in played.found("journal") if each["_TRANSPORT"] == "journal"]
    said = {(each["MESSAGE"].split(" ")[0], each["PRIORITY"]) for each in entries}
    assert {("ready", "6"), ("registered", "5")} <= said
    assert not [each for each in played.found("journal") if "Traceback" in str(each["MESSAGE"])]
