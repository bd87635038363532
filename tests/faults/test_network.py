"""Cables pulled, addresses changed, names that resolve no more: the running telephone.

In network namespaces of its own (reliability C #1 to #3, #6).
"""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import netns, vloop
from support.handset import Around, Handset, handset
from support.lab_exchange import LabExchange, lab_exchange
from support.live import assert_clean_journal, hear, loudness, registered, talk_to, wait_log
from support.netns import EXCHANGE, MOVED, PHONE, Cable
from support.vloop import RATE, sample_now

pytestmark = pytest.mark.integration
NAME = "exchange.example"


@pytest.fixture
def wire() -> Iterator[Cable]:
    if lacking := netns.missing() or vloop.missing():
        pytest.skip(lacking)
    with netns.cable() as made:
        yield made


@pytest.fixture
def exchange(wire: Cable) -> Iterator[LabExchange]:
    with lab_exchange(5060, EXCHANGE, wire.exchange) as running:
        yield running


@pytest.fixture
def phone(tmp_path: Path, wire: Cable, exchange: LabExchange) -> Iterator[Handset]:
    around = Around(wrapper=wire.phone, network="")
    with handset(tmp_path, exchange.registrar(), around=around) as running:
        yield running


def here(phone: Handset) -> int:
    """The end of the journal now."""
    return len(phone.program.lines)


def test_a_cable_pulled_is_told_and_healed_row_c_1_and_2(
    phone: Handset, wire: Cable, exchange: LabExchange
) -> None:
    registered(phone)
    at = here(phone)
    wire.pull()
    wait_log(phone, r"network changed local=none", at, patience=2.5)
    assert phone.status()["registration"] == "no network"
    assert phone.status()["display"] == "no network"
    registers = exchange.program.log.count(" registers: ")
    time.sleep(1)
    at = here(phone)
    wire.plug()
    wait_log(phone, rf"registered server={EXCHANGE}:5060", at, patience=2.5)
    assert exchange.program.log.count(" registers: ") == registers + 1  # none while it was out
    five_seconds_in_a_call(phone, wire)
    assert_clean_journal(phone)


def five_seconds_in_a_call(phone: Handset, wire: Cable) -> None:
    """Table C #2: the call is kept, and heard again soon after the carrier is back."""
    talk_to(phone)
    wire.pull()
    pulled, at = sample_now(), here(phone)
    phone.cards.wait_until(pulled + 5 * RATE)
    assert phone.status()["state"] == "talking"
    assert loudness(phone, pulled + 4 * RATE, RATE // 2) < 20  # nothing is made up for so long
    wire.plug()
    assert hear(phone, patience=3) < 0.6
    wait_log(phone, r"registered server=", at, patience=3)
    status = phone.status()
    assert (status["state"], status["microphone"]) == ("talking", True)
    assert phone.cards.line("ear").gaps(pulled, sample_now() - pulled) == 0
    phone.do("hangup")
    phone.wait_until("idle")


def test_a_cable_pulled_for_60_s_ends_the_call_and_leaves_a_working_phone_row_c_2(
    phone: Handset, wire: Cable, exchange: LabExchange
) -> None:
    talk_to(phone)
    wire.pull()
    pulled, at = sample_now(), here(phone)
    wait_log(phone, r"network changed local=none", at, patience=2.5)
    status = phone.status()
    assert (status["state"], status["registration"]) == ("talking", "no network")
    dead_for_30_seconds(phone, pulled, at)
    dead_but_not_silent(phone)
    phone.cards.wait_until(pulled + 60 * RATE)
    assert phone.status()["display"] == "no network"
    at = here(phone)
    wire.plug()
    wait_log(phone, rf"registered server={EXCHANGE}:5060", at, patience=2.5)
    talk_to(phone)
    phone.do("hangup")
    phone.wait_until("idle")
    assert_clean_journal(phone)


def dead_for_30_seconds(phone: Handset, pulled: int, at: int) -> None:
    """The call ends as media_timeout_s says, and the handset tells it."""
    phone.wait_until("remote ended", patience=33)
    assert 29 < (sample_now() - pulled) / RATE < 32
    wait_log(phone, r'call given up .*why="no voice for 30 s"', at, patience=1)
    hear(phone, patience=2)
    phone.do("hangup")
    phone.wait_until("idle")


def dead_but_not_silent(phone: Handset) -> None:
    """Without a network: dial tone; a number is tried, told of, and answered by reorder tone."""
    phone.do("hook", lifted=True)
    phone.wait_until("dial tone")
    hear(phone, patience=2)
    at = here(phone)
    phone.do("dial", number="600")
    assert phone.wait_until("reorder")["tone"] == "reorder"
    wait_log(phone, r"<3>no network", at, patience=1)
    phone.do("hook", lifted=False)
    phone.wait_until("idle")


def test_an_address_that_changes_in_a_call_moves_call_and_binding_row_c_3(
    phone: Handset, wire: Cable, exchange: LabExchange
) -> None:
    talk_to(phone)
    at, said = here(phone), len(exchange.program.lines)
    wire.address(PHONE, MOVED)
    wait_log(phone, rf"network changed local={MOVED}:", at, patience=2.5)
    wait_log(phone, rf"registered server={EXCHANGE}:5060 .*@{MOVED}:", at, patience=1)
    assert hear(phone, patience=2) < 1.0
    told = "".join(exchange.program.lines[said:])
    assert re.search(rf"at {MOVED}:\d+ registers: 200", told)
    assert "1001 says INVITE" in told
    assert phone.status()["state"] == "talking"
    phone.do("hangup")
    phone.wait_until("idle")
    assert "complain" not in told


def test_a_phone_that_boots_without_a_cable_waits_and_registers_row_c_1(
    tmp_path: Path, wire: Cable, exchange: LabExchange
) -> None:
    wire.pull()
    wire.wait_until_dead()
    around = Around(wrapper=wire.phone, network="")
    with handset(tmp_path, exchange.registrar(), around=around) as phone:
        assert phone.status()["display"] == "no network"
        assert "<4>no network" in phone.program.log
        time.sleep(1)
        assert "registers" not in exchange.program.log
        wire.plug()
        wait_log(phone, r"registered server=", patience=2.5)


def test_when_dns_is_gone_the_last_good_address_is_used_row_c_6(
    tmp_path: Path, wire: Cable, exchange: LabExchange
) -> None:
    known = "127.0.0.1 localhost\n"
    around = Around(wrapper=wire.phone, network="")
    registrar = exchange.registrar(NAME)
    wire.hosts.write_text(f"{known}{EXCHANGE} {NAME}\n")
    with handset(tmp_path, registrar, around=around) as phone:
        registered(phone)
    wire.hosts.write_text(known)
    gone = subprocess.run([*wire.phone, "getent", "hosts", NAME], capture_output=True, check=False)
    assert gone.returncode != 0, gone.stdout  # nobody here knows the name any more
    with handset(tmp_path, registrar, around=around) as phone:
        registered(phone)
        assert phone.status()["registration"] == f"registered at {EXCHANGE}:5060"


def test_a_name_nobody_knows_is_told_until_somebody_does_row_c_6(
    tmp_path: Path, wire: Cable, exchange: LabExchange
) -> None:
    around = Around(wrapper=wire.phone, network="")
    wire.hosts.write_text("127.0.0.1 localhost\n")
    with handset(tmp_path, exchange.registrar(NAME), around=around) as phone:
        wait_log(phone, rf"registration failed why=\"no address for {NAME}\"")
        assert NAME in str(phone.status()["display"])
        wire.hosts.write_text(f"{EXCHANGE} {NAME}\n")
        registered(phone)
