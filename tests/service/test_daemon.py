"""`offhookd` as it runs: start, drive, stop, and what goes wrong.  No hardware, no sound card."""

import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.daemon import PASSWORD, Daemon, Registrar, daemon

pytestmark = pytest.mark.integration


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[Daemon]:
    with daemon(tmp_path) as running:
        yield running


def wait_for(phone: Daemon, text: str) -> None:
    """Ask for the status until it says `text`."""
    for _ in range(200):
        if text in phone.command("status").stdout:
            return
    raise AssertionError(phone.command("status").stdout + phone.log)


def test_it_gets_ready_without_hardware_exchange_or_sound_card(phone: Daemon) -> None:
    status = json.loads(phone.command("status", "--json").stdout)
    assert status["state"] == "idle"
    assert status["registered"] is False
    assert status["local"].startswith("127.0.0.1:")
    assert status["service"]["board"] == "none"


def test_the_control_socket_is_for_the_owner_and_the_group_alone(phone: Daemon) -> None:
    assert stat.S_IMODE(phone.control.stat().st_mode) == 0o660


def test_it_can_be_driven_from_the_command_line(phone: Daemon) -> None:
    assert phone.command("hook", "up").returncode == 0
    wait_for(phone, "dial tone")
    assert phone.command("key", "5").returncode == 0
    assert phone.command("hook", "down").returncode == 0
    wait_for(phone, "idle")
    for output in ("bell", "lamp", "audio"):
        assert phone.command("test", output).returncode == 0


def test_a_call_that_fails_is_in_the_call_log(phone: Daemon) -> None:
    assert phone.command("dial", "600").returncode == 0
    wait_for(phone, "reorder")
    phone.command("hangup")
    for _ in range(100):
        calls = json.loads(phone.command("calls", "--json").stdout)["calls"]
        if calls:
            break
    assert calls[0]["party"] == "600"
    assert calls[0]["incoming"] is False
    assert calls[0]["outcome"] == "failed"
    assert "call ended direction=out party=600" in phone.log


def test_settings_are_shown_as_a_file_without_the_password(phone: Daemon, tmp_path: Path) -> None:
    shown = phone.command("config", "show").stdout
    assert '\nuser = "200"\n' in shown
    assert PASSWORD not in shown
    pasted = tmp_path / "pasted.toml"
    pasted.write_text(shown)
    checked = phone.command("config", "check", str(pasted))
    assert (checked.returncode, checked.stdout) == (0, f"{pasted}: good.\n")
    assert PASSWORD not in phone.command("config", "show", "--json").stdout


def test_what_is_wrong_is_said_and_told_by_the_exit_code(phone: Daemon) -> None:
    refused = phone.command("key", "X")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no key 'X'" in refused.stderr


def test_row_c29_sigterm_ends_it_politely_and_leaves_nothing_behind(phone: Daemon) -> None:
    assert phone.process is not None
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(phone.process.pid)],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert phone.stop() == 0
    assert not phone.control.exists()
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    assert "Traceback" not in phone.log


def test_a_second_phone_on_the_same_socket_is_refused(phone: Daemon, tmp_path: Path) -> None:
    second = Daemon(tmp_path)
    second.environment["NOTIFY_SOCKET"] = ""
    assert second.launch().wait(20) == 75
    assert "already running" in second.log
    assert phone.command("status").returncode == 0


def test_the_socket_of_a_phone_that_was_killed_is_no_obstacle(phone: Daemon) -> None:
    assert phone.process is not None
    phone.process.kill()
    phone.process.wait()
    (phone.directory / "notify").unlink()
    assert phone.control.exists()
    phone.start()
    assert phone.command("status").returncode == 0


def test_the_phone_survives_clients_that_talk_nonsense(phone: Daemon) -> None:
    for text in (b"\n\n", b"{}\n", b"\xff\n", b"x" * 100_000, b'{"do":"status"}'):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(phone.control))
            try:
                client.sendall(text)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
            except OSError:
                pass  # cut off, as it should be
    assert phone.command("status").returncode == 0


def test_too_many_clients_are_turned_away_and_the_others_served(phone: Daemon) -> None:
    clients = []
    try:
        for _ in range(8):
            clients.append(socket.socket(socket.AF_UNIX))
            clients[-1].connect(str(phone.control))
            assert b'"offhook":1' in clients[-1].recv(4096)
        ninth = phone.command("status")
        assert ninth.returncode == 3
        assert "8 clients" in ninth.stderr
        clients[0].sendall(b'{"id":5,"do":"answer"}\n')
        assert json.loads(clients[0].recv(4096))["id"] == 5
    finally:
        for client in clients:
            client.close()


def test_garbage_on_the_sip_port_changes_nothing(phone: Daemon) -> None:
    host, port = json.loads(phone.command("status", "--json").stdout)["local"].split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
        for size in range(3000):
            flood.sendto(os.urandom(size % 900), (host, int(port)))
    assert json.loads(phone.command("status", "--json").stdout)["state"] == "idle"
    assert "crash" not in phone.log


class TestSettings:
    """Files that cannot be used."""

    def test_a_password_that_others_can_read_stops_it_with_the_remedy(self, tmp_path: Path) -> None:
        phone = Daemon(tmp_path)
        phone.write(mode=0o644)
        assert phone.launch().wait(20) == 78
        assert "chmod 0600" in phone.log
        assert PASSWORD not in phone.log

    def test_every_problem_is_told(self, tmp_path: Path) -> None:
        phone = Daemon(tmp_path, extra='[phone]\ncountry = "XX"\n[netwrok]\n')
        phone.write()
        assert phone.launch().wait(20) == 78
        assert "phone.country" in phone.log
        assert 'Did you mean "network"?' in phone.log
        checked = phone.command("config", "check", str(phone.config))
        assert checked.returncode == 1
        assert len(checked.stderr.splitlines()) == 2

    def test_an_unknown_board_is_told(self, tmp_path: Path) -> None:
        phone = Daemon(tmp_path, extra='[board]\nprofile = "moon"\n')
        phone.write()
        assert phone.launch().wait(20) == 78
        assert "moon" in phone.log

    def test_row_c11_the_last_good_settings_carry_over_a_broken_file(self, tmp_path: Path) -> None:
        with daemon(tmp_path) as phone:
            for _ in range(200):
                if (phone.state / "last-good.toml").exists():
                    break
                phone.command("status")
            assert phone.stop() == 0
            phone.config.write_text("user = = 200")
            (tmp_path / "notify").unlink()
            phone.environment["STATE_DIRECTORY"] = str(phone.state)
            phone.start()
            assert phone.command("status").returncode == 0
            assert "is not TOML" in phone.log
            assert "last good ones used" in phone.log

    def test_good_settings_are_called_good(self, tmp_path: Path) -> None:
        phone = Daemon(tmp_path)
        phone.write()
        checked = phone.command("config", "check", str(phone.config))
        assert (checked.returncode, checked.stdout) == (0, f"{phone.config}: good.\n")


def test_row_c10_a_state_directory_that_cannot_be_written_is_noted_and_done_without(
    tmp_path: Path,
) -> None:
    (tmp_path / "state").write_text("a file in the way")
    with daemon(tmp_path) as phone:
        phone.command("dial", "600")
        wait_for(phone, "reorder")
        phone.command("hangup")
        for _ in range(100):
            shown = phone.command("calls").stdout
            if "600" in shown:
                break
        assert "600" in shown
        assert "not writable" in phone.log


def test_a_clock_that_is_far_from_the_exchanges_is_told_row_16(tmp_path: Path) -> None:
    exchange = Registrar("Tue, 28 Aug 2018 10:14:19 GMT")
    serving = threading.Thread(target=exchange.serve)
    serving.start()
    with daemon(tmp_path, exchange.address) as phone:
        wait_for(phone, "registered at")
        wait_for(phone, "ahead of the exchange's: if it is ours that is wrong")
        status = json.loads(phone.command("status", "--json").stdout)
        assert status["service"]["server_ahead_s"] < -86400 * 365
        assert "the clock may be wrong" in phone.log
    exchange.close()
    serving.join()
    exchange.socket.close()


def test_row_20_no_secret_is_in_log_trace_status_process_list_or_state(tmp_path: Path) -> None:
    exchange = Registrar()
    serving = threading.Thread(target=exchange.serve)
    serving.start()
    with daemon(tmp_path, exchange.address, extra='log_level = "debug"\n') as phone:
        tracing = subprocess.Popen(
            [sys.executable, "-m", "offhook.cli", "--socket", str(phone.control), "trace", "-v"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "firmware")},
        )  # fmt: skip
        assert tracing.stdout is not None
        wait_for(phone, "registered at")
        shown = phone.command("status", "--json").stdout + phone.command("config", "show").stdout
        assert phone.process is not None
        process = Path(f"/proc/{phone.process.pid}")
        listed = (process / "cmdline").read_text() + (process / "environ").read_text()
        assert phone.stop() == 0
        traced = tracing.communicate(timeout=20)[0]
    exchange.close()
    serving.join()
    exchange.socket.close()
    [proof, *_] = re.findall('response="([0-9a-f]{32})', "".join(exchange.requests))
    assert len(proof) == 32
    assert "REGISTER" in traced
    assert "Authorization: Digest <hidden>" in traced
    state = b"".join(path.read_bytes() for path in phone.state.iterdir())
    for secret in (PASSWORD, proof):
        assert secret not in traced + shown + phone.log + listed
        assert secret.encode() not in state


def test_row_c18_hardware_that_is_missing_is_told_with_a_remedy_and_the_phone_works_without(
    tmp_path: Path,
) -> None:
    board = tmp_path / "board.toml"
    board.write_text(
        'name = "moon"\nchips = ["no-such-chip"]\n[hook]\npin = 5\n[bell]\npin = 6\n'
        '[sound]\ncapture = "hw:CARD=NoSuchCard,DEV=0"\nplayback = "hw:CARD=NoSuchCard,DEV=0"\n'
    )
    with daemon(tmp_path, extra=f'[board]\nprofile = "{board}"\n') as phone:
        wait_for(phone, "NoSuchCard")
        status = phone.command("status").stdout
        assert "no GPIO chip is labelled no-such-chip" in status
        phone.command("hook", "up")
        wait_for(phone, "dial tone")
        assert phone.stop() == 0
        assert "hardware missing" in phone.log
