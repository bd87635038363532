"""Trouble inside the machine: sound card, disk, clock, processes.  The running telephone in a call.

Reliability C #7, #9, #10, #12, #20, #29, A.3 #19, #20.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from offhook.service.control_protocol import Json
from support.handset import Around, Handset, handset
from support.lab_exchange import PASSWORD, USER, LabExchange, lab_exchange
from support.live import (
    assert_clean_journal,
    hear,
    processes,
    registered,
    silent_parts,
    talk_to,
    terminate,
    wait_log,
)
from support.ports import free_ports
from support.process import PATIENCE
from support.vloop import RATE, sample_now

pytestmark = pytest.mark.integration
PIN = "1234#73918264"  # long: four digits are in many a random token
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
PIN_PARTS = (PIN.partition("#")[2], " ".join(PIN), "Signal=1")


def test_a_sound_card_that_goes_and_comes_back_row_c_12(phone: Handset) -> None:
    start, at = talk_to(phone), len(phone.program.lines)
    cards = [phone.cards.line("mic"), phone.cards.line("ear")]
    for card in cards:
        card.unplug()
    wait_log(phone, r"sound trouble why=", at, patience=2)
    status = phone.status()
    assert status["state"] == "talking"  # the call is kept
    assert status["sound_trouble"]
    assert "<3>sound trouble" in phone.program.log
    burnt = cpu(phone)
    time.sleep(1.5)
    assert cpu(phone) - burnt < 0.5  # nobody spins on a card that is not there
    lines = len(phone.program.lines)
    for card in cards:
        card.unplug(gone=False)
    wait_log(phone, r"sound is back", at, patience=2.5)
    assert hear(phone, patience=2) < 1
    assert phone.status()["sound_trouble"] == ""
    assert lines - at <= 3  # less than a line a second
    assert sample_now() - start > RATE
    assert_clean_journal(phone)


def test_an_idle_phone_tells_that_its_sound_card_is_back_row_c_12(phone: Handset) -> None:
    talk_to(phone)
    cards, at = [phone.cards.line("mic"), phone.cards.line("ear")], len(phone.program.lines)
    for card in cards:
        card.unplug()
    wait_log(phone, r"sound trouble why=", at, patience=2)
    phone.do("hangup")
    status = phone.wait_until("idle")
    assert str(status["sound_trouble"]).endswith("it is tried every 2 s.")
    assert str(status["display"]).startswith("no sound: ")
    for card in cards:
        card.unplug(gone=False)
    wait_log(phone, r"sound is back", at, patience=4)  # nobody lifted the handset
    assert phone.wait_until("idle")["sound_trouble"] == ""


def cpu(phone: Handset) -> float:
    """Seconds that its processes have computed."""
    total = 0
    for pid in processes(phone):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def test_a_voice_process_that_is_killed_in_a_call_is_replaced(phone: Handset) -> None:
    talk_to(phone)
    at = len(phone.program.lines)
    main, keeper, runner = processes(phone)
    os.kill(runner, signal.SIGKILL)
    wait_log(phone, r"voice runner died and was replaced", at, patience=3)
    assert hear(phone, patience=3) < 2
    status = phone.status()
    assert (status["state"], status["microphone"]) == ("talking", True)
    assert [main, keeper] == processes(phone)[:2]
    assert processes(phone)[2] != runner
    start = sample_now()
    phone.cards.wait_until(start + RATE)
    assert phone.cards.line("ear").gaps(start, RATE - 800) == 0
    phone.do("hangup")
    phone.wait_until("idle")
    assert_clean_journal(phone)


def test_sigterm_in_a_call_says_bye_and_gives_the_binding_back_row_c_29(
    phone: Handset, exchange: LabExchange
) -> None:
    talk_to(phone)
    family = processes(phone)
    assert terminate(phone) < 2.5
    assert "1001 says BYE" in exchange.program.log
    assert exchange.program.log.rstrip().endswith("registers: 200, 0 bound")
    assert re.search(r"call ended direction=out party=601 .*outcome=answered", phone.program.log)
    assert not [pid for pid in family if Path(f"/proc/{pid}").exists()]


def test_a_registrar_that_is_not_there_at_boot_row_c_5(tmp_path: Path) -> None:
    [port] = free_ports(1)
    with lab_exchange(port) as absent:
        registrar = absent.registrar()
    with handset(tmp_path, registrar) as phone:
        wait_log(phone, r"<4>registration failed why=\"no answer\" retry_in=")
        assert phone.status()["display"] == "no answer"
        with lab_exchange(port):
            registered(phone)  # the back-off began seconds ago


def test_a_registrar_that_is_restarted_has_the_binding_again_row_c_4(tmp_path: Path) -> None:
    [port] = free_ports(1)
    with lab_exchange(port) as first:
        registrar = first.registrar()
        with handset(tmp_path, registrar) as phone:
            registered(phone)
            first.program.process.kill()
            first.program.wait()
            with lab_exchange(port) as second:
                phone.do("dial", number="601")  # the first it hears of us
                phone.wait_until("talking")
                phone.do("hangup")
                phone.wait_until("idle")
                assert terminate(phone) < 2.5
                assert "registers: 200" in second.program.log


@contextmanager
def mounted(where: Path, options: str) -> Iterator[Path]:
    """A small disk of memory; skips the test where mounting is not allowed."""
    where.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(where)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"mount: {done.stderr.strip()}")
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", str(where)], check=True)


def fill(disk: Path) -> None:
    """To the last byte."""
    with (disk / "ballast").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(512)):
                pass
        except OSError:
            return


def call_and_hang_up(phone: Handset) -> None:
    talk_to(phone)
    phone.do("hangup")
    phone.wait_until("idle")


def logged(phone: Handset, count: int) -> list[Mapping[str, Json]]:
    """The call log, once it has so many calls: the last report of the voice comes first."""
    end = time.monotonic() + PATIENCE
    while True:
        calls = phone.do("calls", limit=10)["calls"]
        assert isinstance(calls, list)
        if len(calls) >= count:
            return [call for call in calls if isinstance(call, Mapping)]
        assert time.monotonic() < end, phone.program.log
        time.sleep(0.02)


def test_a_full_disk_costs_no_call_and_heals_row_c_9(tmp_path: Path, exchange: LabExchange) -> None:
    with mounted(tmp_path / "disk", "size=128k") as disk:
        fill(disk)
        around = Around(state=disk)
        with handset(tmp_path, exchange.registrar(), around=around) as phone:
            call_and_hang_up(phone)
            assert len(logged(phone, 1)) == 1  # kept in memory
            log = phone.program.log
            assert re.search(r"<4>call log not writable file=\S+ error=.*(full|disk I/O)", log), log
            (disk / "ballast").unlink()
            call_and_hang_up(phone)
            assert len(logged(phone, 2)) == 2
            assert_clean_journal(phone)
        with handset(tmp_path, exchange.registrar(), around=around) as phone:
            assert len(logged(phone, 2)) == 2  # both reached the disk in the end


def test_a_read_only_disk_is_told_and_done_without_row_c_10(
    tmp_path: Path, exchange: LabExchange
) -> None:
    with (
        mounted(tmp_path / "disk", "size=128k,ro") as disk,
        handset(tmp_path, exchange.registrar(), around=Around(state=disk)) as phone,
    ):
        call_and_hang_up(phone)
        assert len(logged(phone, 1)) == 1
        wait_log(phone, r"<4>call log not writable file=\S+ error=")
        wait_log(phone, r"<4>disk not writable what=\"last good settings\" error=.*Read-only")
        assert_clean_journal(phone)


def test_a_broken_settings_file_is_told_and_the_last_good_one_serves_row_c_11(
    tmp_path: Path, exchange: LabExchange
) -> None:
    with handset(tmp_path, exchange.registrar()) as phone:
        registered(phone)
        state = tmp_path / f"handset-{USER}" / "state"
        while not (state / "last-good.toml").exists():
            time.sleep(0.02)
    bad = exchange.registrar(settings='expires_s = "soon"\n[[[')
    around = Around(environment={"STATE_DIRECTORY": str(state)})
    with handset(tmp_path, bad, around=around) as phone:
        log = phone.program.log
        assert re.search(r"<3>settings not usable, last good ones used problem=.*is not TOML", log)
        assert "Mend the line it names." in log
        call_and_hang_up(phone)


@pytest.mark.parametrize("jump", ["+10y", "-10y"])
def test_a_clock_that_jumps_ten_years_in_a_call_changes_nothing_row_c_7(
    tmp_path: Path, exchange: LabExchange, jump: str
) -> None:
    if not FAKETIME.exists():
        pytest.skip("libfaketime is not installed")
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    environment = {
        "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    around = Around(environment=environment)
    with handset(tmp_path, exchange.registrar(), around=around) as phone:
        talk_to(phone)
        registers, start = exchange.program.log.count(" registers: "), sample_now()
        clock.write_text(f"{jump}\n")
        phone.cards.wait_until(start + 3 * RATE)
        assert phone.cards.line("ear").gaps(start, 3 * RATE - 800) == 0
        assert silent_parts(phone, start, start + 3 * RATE - 800) == 0
        assert phone.status()["state"] == "talking"
        assert exchange.program.log.count(" registers: ") == registers
        phone.do("hangup")
        phone.wait_until("idle")
        [call] = logged(phone, 1)
        talked = call["talked"]
        assert isinstance(talked, float)
        assert 2.5 < talked < 10
        year = time.gmtime().tm_year + (10 if jump == "+10y" else -10)
        assert abs(int(str(call["ended"])[:4]) - year) <= 1  # the clock did jump
        assert_clean_journal(phone)


def test_no_secret_leaves_the_phone_row_a3_19_and_20(phone: Handset, exchange: LabExchange) -> None:
    command = [sys.executable, "-m", "offhook.cli", "--socket"]
    home = Path(phone.program.command[-1]).parent
    with subprocess.Popen(
        [*command, str(home / "control"), "trace", "-v"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as tracing:  # fmt: skip
        registered(phone)
        phone.do("dial", number="607")
        phone.wait_until("talking")
        for digit in PIN:
            phone.do("key", key=digit)
            time.sleep(0.15)
        hear(phone)  # they arrived: 607 reads them back
        told = json.dumps([phone.status(), phone.do("config")])
        phone.do("hangup")
        phone.wait_until("idle")
        told += json.dumps(logged(phone, 1))
        listed = "".join(
            Path(f"/proc/{pid}/{name}").read_text(errors="replace")
            for pid in processes(phone)
            for name in ("cmdline", "environ")
        )
        terminate(phone)
        traced = tracing.communicate(timeout=10)[0]
    assert "REGISTER" in traced
    assert "INVITE" in traced
    assert "Authorization: Digest <hidden>" in traced
    state = b"".join(path.read_bytes() for path in (home / "state").iterdir())
    kept = state.decode("latin-1")
    for name, text in (("log", phone.program.log), ("trace", traced), ("told", told),
                       ("process list", listed), ("state", kept)):  # fmt: skip
        for secret in (PASSWORD, PIN, *PIN_PARTS, "response="):
            assert secret not in text, f"{secret} in {name}"
