"""Messages lost one, three and six times between the real phone and kamailio: the call ends right.

Retransmission doubles its waits, so six losses take half a minute (RFC 3261 §17): all journeys run
at once, each with a phone, a relay and a sipp of its own.  `tests/sip/test_loss.py` has every
number of every message, in virtual time.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from peers.kamailio import kamailio
from peers.sipp import sipp
from support.handset import Handset, Registrar, handset
from support.lossy import Name, Relay, relay
from support.ports import free_ports

pytestmark = pytest.mark.peers

PATIENCE: Final = 60.0  # seconds for one step: INVITE may take 32
SECRET: Final = "secret"  # noqa: S105

REGISTER, INVITE, ACK, BYE = ("REGISTER", True), ("INVITE", True), ("ACK", True), ("BYE", True)
OK_HERE, OK_BYE_HERE = ("200 INVITE", False), ("200 BYE", False)
INVITE_HERE, ACK_HERE, BYE_HERE = ("INVITE", False), ("ACK", False), ("BYE", False)
OK, OK_BYE = ("200 INVITE", True), ("200 BYE", True)

OUT: Final = (REGISTER, INVITE, OK_HERE, ACK, BYE, OK_BYE_HERE)
IN: Final = (REGISTER, INVITE_HERE, OK, ACK_HERE, BYE_HERE, OK_BYE)


@dataclass(frozen=True, slots=True)
class Journey:
    """One call, out or in, and how often which messages are lost on the way."""

    out: bool
    losses: Mapping[Name, int]
    talk: int = 300
    """Milliseconds after which the caller hangs up, whatever became of its ACK."""

    def __str__(self) -> str:
        lost = " ".join(f"{what}{'>' if up else '<'}" for what, up in self.losses)
        return f"{'out' if self.out else 'in'}, {max(self.losses.values())} times {lost}"


JOURNEYS: Final = [
    Journey(True, dict.fromkeys(OUT, 1)),
    Journey(True, dict.fromkeys(OUT[:-1], 3)),
    Journey(True, {INVITE: 6}),
    Journey(True, {REGISTER: 6, ACK: 6}),
    Journey(True, {OK_HERE: 6, BYE: 6}),
    Journey(False, dict.fromkeys(IN, 1), talk=2500),
    Journey(False, dict.fromkeys(IN[:-1], 3), talk=14000),
    Journey(False, {INVITE_HERE: 6, BYE_HERE: 6}),
    Journey(False, {REGISTER: 6, OK: 6}),
    Journey(False, {ACK_HERE: 6}, talk=17000),
]


@pytest.fixture(scope="module")
def journeys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, "Future[Relay]"]]:
    """All of them under way."""
    directory = tmp_path_factory.mktemp("losses")
    proxy, *peers = free_ports(1 + len(JOURNEYS))
    users = {f"{kind}{number}": SECRET for kind in (1, 2) for number in range(len(JOURNEYS))}
    with ExitStack() as stack:
        stack.enter_context(kamailio(directory, proxy, "127.0.0.1", users))
        threads = stack.enter_context(ThreadPoolExecutor(len(JOURNEYS)))
        yield {
            str(journey): threads.submit(travel, journey, directory, number, proxy, port)
            for number, (journey, port) in enumerate(zip(JOURNEYS, peers, strict=True))
        }


@pytest.mark.parametrize("journey", JOURNEYS, ids=str)
def test_a_call_survives_losses(journeys: dict[str, "Future[Relay]"], journey: Journey) -> None:
    assert journeys[str(journey)].result().lost == journey.losses


def travel(journey: Journey, directory: Path, number: int, proxy: int, port: int) -> Relay:
    """Register, call, talk, hang up."""
    home = directory / str(number)
    home.mkdir()
    peer: dict[str, Any] = {
        "user": f"2{number}",
        "password": SECRET,
        "target": f"1{number}@127.0.0.1",
        "rtp": "40000",
        "talk": str(journey.talk),
    }
    with sipp(home, "register", port, proxy, **peer):
        pass
    with (
        relay(proxy, journey.losses) as way,
        handset(home, Registrar(way.port, f"1{number}", SECRET)) as phone,
    ):
        phone.wait_until(lambda status: status["registered"] is True, PATIENCE)
        scenario = "called_phone_ends" if journey.out else "calls_peer_ends"
        again = ("-max_retrans", "12")
        with sipp(home, scenario, port, proxy, *again, patience=2 * PATIENCE, **peer) as playing:
            if journey.out:
                phone.do("dial", number=f"2{number}")
                phone.wait_until("talking", PATIENCE)
                playing.sees("ACK sip", patience=PATIENCE)
                phone.do("hangup")
            else:
                phone.wait_until("ringing", PATIENCE)
                phone.do("answer")
                phone.wait_until("remote ended", PATIENCE)
        [logged] = told(phone)
        assert logged["outcome"] == "answered"
        phone.wait_until(lambda _: all(way.passed[what] for what in journey.losses), PATIENCE)
        assert phone.status()["calls"] == []
        assert "Traceback" not in phone.program.log
    return way


def told(phone: Handset) -> list[Mapping[str, object]]:
    """The call log, once there is something in it."""
    calls: list[Mapping[str, object]] = []

    def found(_: object) -> bool:
        answer = phone.do("calls")["calls"]
        assert isinstance(answer, list)
        calls[:] = [one for one in answer if isinstance(one, Mapping)]
        return calls != []

    phone.wait_until(found, PATIENCE)
    return calls
