"""`make run`, whole, over loopback: real service, real exchange, real control socket."""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic, sleep

import pytest

from offhook.lab.__main__ import main
from offhook.service.control_protocol import Json
from support.lab_process import PATIENCE, Running, lab, process

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with lab() as started:
        yield started
        assert "Traceback" not in started.text
        assert started.stop() == 0
        assert "WARNING" not in started.text


@pytest.fixture(autouse=True)
def idle(running: Running) -> Iterator[None]:
    """Each test begins and ends with the handset down and no call."""
    yield
    running.ask("hangup")
    running.ask("hook", lifted=False)
    running.wait_state("idle")


def _call(running: Running) -> Mapping[str, Json]:
    calls = running.ask("status")["calls"]
    first = calls[0] if isinstance(calls, list) and calls else {}
    return first if isinstance(first, Mapping) else {}


def _number(call: Mapping[str, Json], name: str) -> int:
    value = call.get(name, 0)
    assert isinstance(value, int)
    return value


def _wait_packets(running: Running, name: str, count: int) -> None:
    end = monotonic() + PATIENCE
    while _number(_call(running), name) < count:
        assert monotonic() < end, f"{name} stayed at {_call(running)}"
        sleep(0.1)


def _logged(running: Running, number: str) -> Mapping[str, Json]:
    """The newest call to `number` in the log; the one before it may be written down later."""
    end = monotonic() + PATIENCE
    while True:
        calls = running.ask("calls", limit=5)["calls"]
        assert isinstance(calls, list)
        for call in calls:
            if isinstance(call, Mapping) and call.get("party") == number:
                return call
        assert monotonic() < end, f"{number} is not in the log: {calls}"
        sleep(0.05)


def test_600_echoes_what_the_telephone_sends(running: Running) -> None:
    running.ask("dial", number="600")
    running.wait_state("talking")
    _wait_packets(running, "packets_sent", 50)
    _wait_packets(running, "packets_received", 50)
    assert _number(_call(running), "packets_lost") == 0
    running.ask("hangup")
    running.wait_state("idle")
    assert _logged(running, "600")["outcome"] == "answered"


def test_601_is_received_and_the_reader_of_607_answers(running: Running) -> None:
    running.ask("dial", number="601")
    running.wait_state("talking")
    _wait_packets(running, "packets_received", 50)
    running.ask("hangup")
    running.wait_state("idle")
    running.ask("dial", number="607")
    running.wait_state("talking")
    for key in "12":
        running.ask("key", key=key)
        sleep(0.3)  # a person's pace
    _wait_packets(running, "packets_received", 20)


def test_602_rings_back_and_is_answered(running: Running) -> None:
    running.ask("dial", number="602")
    running.wait_state("talking")
    running.ask("hangup")
    running.wait_state("ringing")
    running.ask("answer")
    running.wait_state("talking")
    _wait_packets(running, "packets_received", 20)


@pytest.mark.parametrize(("number", "cause"), [("603", "486"), ("604", "603"), ("699", "404")])
def test_failures_reach_the_person_and_the_call_log(
    running: Running, number: str, cause: str
) -> None:
    before = len(running.text)
    running.ask("dial", number=number)
    running.wait_for(f"calls {number}", before)
    end = monotonic() + PATIENCE
    while running.ask("status")["tone"] not in {"busy", "reorder", "unobtainable"}:
        assert monotonic() < end
        sleep(0.05)
    running.ask("hangup")
    running.wait_state("idle")
    assert cause in str(_logged(running, number)["cause"])


def test_605_is_heard_before_it_answers(running: Running) -> None:
    before = len(running.text)
    running.ask("dial", number="605")
    running.wait_state("early media", "early_media", "hearing")
    running.wait_state("talking")
    running.ask("hangup")
    running.wait_for("605 and 1001: over, heard ", before)
    assert "said 0" not in running.text[before:]


def test_606_calls_with_g729_alone(running: Running) -> None:
    codecs = running.ask("status")["codecs"]
    assert isinstance(codecs, list)
    if "G729" not in codecs:
        pytest.skip("libbcg729 is not installed")
    running.ask("dial", number="606")
    running.wait_state("talking")
    running.ask("hangup")
    running.wait_state("ringing")
    running.ask("answer")
    running.wait_state("talking")
    _wait_packets(running, "packets_received", 20)
    assert _call(running)["codec"] == "G729"


def test_a_second_telephone_registers_and_they_call_each_other(running: Running) -> None:
    with tempfile.TemporaryDirectory(prefix="second-") as name:
        directory = Path(name)
        (directory / "password").write_text(running.passwords["1002"] + "\n")
        (directory / "password").chmod(0o600)
        (directory / "offhook.toml").write_text(
            "[account]\n"
            f'user = "1002"\ndomain = "127.0.0.1"\nport = {running.exchange}\n'
            f"password_file = {json.dumps(str(directory / 'password'))}\n"
            '[sound]\ncapture = "none"\nplayback = "none"\n'
            f"[service]\ncontrol_socket = {json.dumps(str(directory / 'control'))}\n"
            f"state_directory = {json.dumps(name)}\n"
        )
        command = [str(Path(sys.executable).with_name("offhookd"))]
        with process([*command, "--config", str(directory / "offhook.toml")], directory) as second:
            second.wait_for("<5>registered")
            second.ask("dial", number="1001")
            running.wait_state("ringing")
            running.ask("answer")
            running.wait_state("talking")
            second.wait_state("talking")
            for telephone in (running, second):
                _wait_packets(telephone, "packets_received", 50)
            running.ask("hangup")
            second.wait_state("remote ended", "reorder", "idle", "busy")
            second.ask("hangup")
            running.wait_state("idle")
            running.ask("dial", number="1002")
            second.wait_state("ringing")
            second.ask("answer")
            running.wait_state("talking")
            second.ask("hangup")
            assert second.stop() == 0, second.text


def test_ctrl_c_during_a_call_ends_everything_cleanly() -> None:
    with lab() as started:
        started.ask("dial", number="600")
        started.wait_state("talking")
        children = _children(started.process.pid)
        assert children  # the voice runner
        assert started.stop() == 0
        assert "Traceback" not in started.text
        assert "unregistered" in started.text
        for child in children:
            assert not Path(f"/proc/{child}").exists() or _zombie(child)
        assert not started.socket.exists()


def test_a_port_that_is_taken_is_said_without_a_traceback(running: Running) -> None:
    command = [sys.executable, "-m", "offhook.lab", "--port", "0"]
    command += ["--sip-port", str(running.exchange), "--directory", str(running.directory / "x")]
    with process(command, running.directory) as second:
        assert second.process.wait(PATIENCE) == 1
        end = monotonic() + PATIENCE
        while "--sip-port" not in second.text:
            assert monotonic() < end
            sleep(0.02)
        assert f"UDP port {running.exchange} of 127.0.0.1: Address already in use" in second.text
        assert "Traceback" not in second.text


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_what_is_no_port_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([f"--sip-port={port}"])
    assert "argument --sip-port" in capsys.readouterr().err


def _children(pid: int) -> set[int]:
    """All descendants."""
    found: set[int] = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parent = _parent(int(entry.name))
            if parent == pid or parent in found:
                found.add(int(entry.name))
    return found


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return -1


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_killed_lab_leaves_no_process_behind() -> None:
    with lab() as started:
        children = _children(started.process.pid)
        os.kill(started.process.pid, signal.SIGKILL)
        started.process.wait(PATIENCE)
        end = monotonic() + PATIENCE
        while any(Path(f"/proc/{child}").exists() and not _zombie(child) for child in children):
            assert monotonic() < end, f"{children} live on"
            sleep(0.05)
