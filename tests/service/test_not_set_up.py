"""`offhookd` without an account, and what it exchanges with the image's helpers."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.daemon import PATIENCE, Daemon, Registrar, daemon

pytestmark = pytest.mark.integration


def until(path: Path) -> str:
    """The content of a file that is about to be written."""
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    return path.read_text()


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[Daemon]:
    fresh = Daemon(tmp_path)
    fresh.config.write_text(
        f'[service]\ncontrol_socket = "{fresh.control}"\nstate_directory = "{fresh.state}"\n'
    )
    fresh.environment["RUNTIME_DIRECTORY"] = str(tmp_path)
    yield fresh
    if fresh.process is not None and fresh.process.poll() is None:
        fresh.process.kill()
        fresh.process.wait()


def sockets_of(process_id: int) -> set[str]:
    """The inodes of its sockets."""
    links = (each.readlink() for each in Path(f"/proc/{process_id}/fd").iterdir())
    return {str(link)[8:-1] for link in links if str(link).startswith("socket:")}


def test_it_starts_says_so_and_listens_to_nobody(phone: Daemon) -> None:
    phone.start()
    status = json.loads(phone.command("status", "--json").stdout)
    assert status["set_up"] is False
    assert status["registration"].startswith("not set up")
    assert phone.process is not None
    udp = Path("/proc/net/udp").read_text() + Path("/proc/net/udp6").read_text()
    bound = {line.split()[9]: line.split()[1] for line in udp.splitlines()[1:] if ":" in line}
    assert not sockets_of(phone.process.pid) & {*bound}


def test_lifted_it_beeps_and_cannot_call(phone: Daemon) -> None:
    phone.start()
    phone.command("hook", "up")
    status = json.loads(phone.command("status", "--json").stdout)
    assert (status["state"], status["tone"]) == ("not set up", "code_3")
    for key in "911":
        phone.command("key", key)
    assert json.loads(phone.command("status", "--json").stdout)["state"] == "reorder"
    assert phone.command("config", "show").returncode == 0


def test_it_stops_at_once(phone: Daemon) -> None:
    phone.start()
    began = time.monotonic()
    assert phone.stop() == 0
    assert time.monotonic() - began < PATIENCE / 4


def test_the_trouble_that_was_found_at_boot_is_beeped(phone: Daemon, tmp_path: Path) -> None:
    (tmp_path / "trouble").write_text("2\n")
    phone.environment["OFFHOOK_TROUBLE"] = str(tmp_path / "trouble")
    phone.start()
    phone.command("hook", "up")
    assert json.loads(phone.command("status", "--json").stdout)["tone"] == "code_2"


def test_it_trusts_nobody(phone: Daemon, tmp_path: Path) -> None:
    phone.start()
    assert json.loads(until(tmp_path / "peers.json")) == {"ports": [], "peers": []}


def test_with_an_account_the_exchange_and_our_port_are_told(tmp_path: Path) -> None:
    exchange = Registrar()
    thread = threading.Thread(target=exchange.serve)
    thread.start()
    try:
        phone = Daemon(tmp_path, exchange.address)
        phone.write()
        phone.environment["RUNTIME_DIRECTORY"] = str(tmp_path)
        phone.start()
        told = json.loads(until(tmp_path / "peers.json"))
        local = json.loads(phone.command("status", "--json").stdout)["local"]
        assert told == {"ports": [int(local.rpartition(":")[2])], "peers": ["127.0.0.1"]}
        assert phone.stop() == 0
    finally:
        exchange.socket.sendto(b"close", exchange.address)
        thread.join()
        exchange.socket.close()


def test_settings_that_went_wrong_are_beeped_too(tmp_path: Path) -> None:
    with daemon(tmp_path) as phone:
        assert phone.stop() == 0
        phone.config.write_text("[account")
        (tmp_path / "notify").unlink()
        phone.environment["STATE_DIRECTORY"] = str(phone.state)
        phone.start()
        phone.command("hook", "up")
        assert json.loads(phone.command("status", "--json").stdout)["tone"] == "code_2"
