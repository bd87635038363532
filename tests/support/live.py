"""Looking into a running telephone from outside: its processes, its journal, its port, its ear."""

import re
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from offhook.units import Endpoint
from support.abuse import Aim, request
from support.handset import Handset
from support.process import PATIENCE
from support.vloop import RATE, sample_now

LINE: Final = re.compile(r"<[3-7]>[a-z]")
"""How a line of the journal begins, the priority before it (sd-daemon(3))."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What all processes of a telephone hold."""

    descriptors: tuple[int, ...]
    threads: tuple[int, ...]
    resident: int
    """Bytes."""


def processes(phone: Handset) -> list[int]:
    """The telephone's main process, keeper and voice runner, in this order."""
    found = [phone.program.process.pid]
    for pid in found:  # grows while we look
        path = Path(f"/proc/{pid}/task/{pid}/children")
        found += [int(child) for child in path.read_text().split()]
    return found


def footprint(phone: Handset) -> Footprint:
    """As it is now."""
    pids = processes(phone)
    status = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return Footprint(
        tuple(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids),
        tuple(int(found[1]) for text in status if (found := re.search(r"Threads:\s+(\d+)", text))),
        sum(
            int(found[1]) << 10 for text in status if (found := re.search(r"VmRSS:\s+(\d+)", text))
        ),
    )


def wait_log(phone: Handset, pattern: str, start: int = 0, patience: float = PATIENCE) -> float:
    """Until the journal says so behind line `start`; how long it took."""
    begun = time.monotonic()
    while not re.search(pattern, "".join(phone.program.lines[start:])):
        took = time.monotonic() - begun
        assert took < patience, f"the journal never said {pattern!r}:\n{phone.program.log}"
        time.sleep(0.01)
    return time.monotonic() - begun


def registered(phone: Handset) -> None:
    """Wait for it."""
    phone.wait_until(lambda status: status["registered"] is True)


def talk_to(phone: Handset, number: str = "601") -> int:
    """Register, call, wait until the other side is heard; the number of the sample heard then."""
    registered(phone)
    phone.do("dial", number=number)
    phone.wait_until("talking")
    hear(phone)
    return sample_now()


def hear(phone: Handset, patience: float = PATIENCE, level: float = 500) -> float:
    """Wait until the earpiece sounds: 100 ms as loud as that; how long it took."""
    begun, at = time.monotonic(), sample_now()
    count = RATE // 10
    while True:
        phone.cards.wait_until(at + count)
        if loudness(phone, at, count) > level:
            return time.monotonic() - begun
        at = sample_now()
        assert time.monotonic() - begun < patience, f"not a sound\n{phone.program.log}"


def loudness(phone: Handset, start: int, count: int) -> float:
    """RMS of what the earpiece played."""
    heard = phone.heard(start, count)
    return float(np.sqrt(np.mean(heard * heard)))


def silent_parts(phone: Handset, start: int, end: int, part: int = RATE // 50) -> int:
    """How many 20 ms parts between two samples were not as loud as the milliwatt is."""
    whole = phone.heard(start, (end - start) // part * part).reshape(-1, part)
    return int(np.sum(np.sqrt(np.mean(whole * whole, axis=1)) < 2000))


def contact(phone: Handset) -> str:
    """The URI at which the registrar reaches the phone."""
    found = re.findall(r"registered server=\S+ .*?contact=(\S+)", phone.program.log)
    return str(found[-1])


def endpoint(phone: Handset) -> Endpoint:
    """Its SIP socket."""
    host, _, port = str(phone.status()["local"]).rpartition(":")
    return Endpoint(host, int(port))


def assert_clean_journal(phone: Handset) -> None:
    """One line per event, nothing but printable text, and no exception."""
    text = phone.program.log
    assert "Traceback" not in text, text
    assert "crash" not in text, text
    for line in text.splitlines():
        assert LINE.match(line), ascii(line)
        assert line.isprintable(), ascii(line)


class Caller:
    """A socket that sends SIP from some address of this machine."""

    def __init__(self, phone: Handset, host: str = "127.0.0.1") -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.settimeout(2)
        self.phone = endpoint(phone)
        self.aim = Aim(contact(phone), Endpoint(*self.socket.getsockname()), "127.0.0.1")
        self.count = 0

    def send(self, data: bytes) -> None:
        self.socket.sendto(data, self.phone)

    def drain(self) -> list[bytes]:
        """What came meanwhile."""
        found = []
        while select.select([self.socket], [], [], 0)[0]:
            found.append(self.socket.recv(65536))
        return found

    def probe(self) -> float:
        """OPTIONS, answered 200; how long it took."""
        self.drain()
        self.count += 1
        name = f"probe{self.count}-{self.socket.fileno()}"
        begun = time.monotonic()
        self.send(request(self.aim, name, method="OPTIONS"))
        while name.encode() not in (answer := self.socket.recv(65536)):
            pass
        assert answer.startswith(b"SIP/2.0 200"), answer
        return time.monotonic() - begun

    def close(self) -> None:
        self.socket.close()


@contextmanager
def caller(phone: Handset, host: str = "127.0.0.1") -> Iterator[Caller]:
    """One for a while."""
    made = Caller(phone, host)
    try:
        yield made
    finally:
        made.close()


def terminate(phone: Handset) -> float:
    """SIGTERM; how long it took to end."""
    begun = time.monotonic()
    phone.program.process.send_signal(signal.SIGTERM)
    assert phone.program.wait() == 0, phone.program.log
    return time.monotonic() - begun
