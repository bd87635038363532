"""The phones that are compared: ours and Debian's baresip, each on a card without hardware."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

from peers.baresip import ALSA_CONFIG, MODULES, Baresip
from support import vloop
from support.handset import Handset, Registrar, handset
from support.ports import free_ports
from support.process import PATIENCE, Program

USER: Final = "1001"
PASSWORD: Final = "bench-secret"  # noqa: S105  # of no account


class Phone(Protocol):
    """Either of them."""

    @property
    def cards(self) -> vloop.Cards: ...
    @property
    def program(self) -> Program: ...
    def dial(self, number: str) -> None: ...
    def answer(self) -> None: ...
    def hang_up(self) -> None: ...
    def wait_talking(self) -> None: ...


@dataclass
class Offhook:
    """Ours."""

    handset: Handset

    @property
    def cards(self) -> vloop.Cards:
        return self.handset.cards

    @property
    def program(self) -> Program:
        return self.handset.program

    def dial(self, number: str) -> None:
        self.handset.do("dial", number=number)

    def answer(self) -> None:
        self.handset.wait_until("ringing")
        self.handset.do("answer")

    def hang_up(self) -> None:
        self.handset.do("hangup")

    def wait_talking(self) -> None:
        self.handset.wait_until("talking")


@dataclass
class BaresipPhone:
    """Debian's."""

    baresip: Baresip
    cards: vloop.Cards
    domain: str

    @property
    def program(self) -> Program:
        return self.baresip.program

    def dial(self, number: str) -> None:
        self.baresip.command("dial", f"sip:{number}@{self.domain}")

    def answer(self) -> None:
        self.baresip.wait_for("CALL_INCOMING")
        self.baresip.command("accept")

    def hang_up(self) -> None:
        self.baresip.command("hangup")
        self.baresip.wait_for("CALL_CLOSED")

    def wait_talking(self) -> None:
        self.baresip.wait_for("CALL_ESTABLISHED")


@contextmanager
def offhook(
    port: int, *, user: str = USER, password: str = PASSWORD, codec: str = "PCMU"
) -> Iterator[Offhook]:
    """Our phone, registering at this port."""
    with (
        TemporaryDirectory() as directory,
        handset(Path(directory), Registrar(port, user, password), (codec,)) as made,
    ):
        yield Offhook(made)


@contextmanager
def baresip(
    port: int, *, user: str = USER, password: str = PASSWORD, codec: str = "PCMU"
) -> Iterator[BaresipPhone]:
    """Debian's phone, registering at this port, with its default settings for delay."""
    domain = f"127.0.0.1:{port}"
    with TemporaryDirectory() as directory, vloop.cards(Path(directory), "mic", "ear") as cards:
        home = Path(directory) / "baresip"
        home.mkdir()
        sip, control, low = free_ports(3, span=4)
        (home / "config").write_text(
            ALSA_CONFIG.format(
                sip=sip,
                control=control,
                low=low,
                high=low + 3,
                modules=MODULES,
                mic="mic",
                ear="ear",
            )
        )
        account = f"<sip:{user}@{domain};transport=udp>;auth_pass={password};regint=60"
        (home / "accounts").write_text(f"{account};audio_codecs={codec}\n")
        environment = {**os.environ, **cards.environment}
        with Program(["baresip", "-f", str(home)], env=environment) as program:
            program.wait_for(r"baresip is ready")
            with socket.create_connection(("127.0.0.1", control), timeout=PATIENCE) as connection:
                made = Baresip(program, connection, home, f"sip:{user}@127.0.0.1:{sip}")
                yield BaresipPhone(made, cards, domain)


PHONES: Final[dict[str, Callable[..., AbstractContextManager[Phone]]]] = {
    "offhook": offhook,
    "baresip": baresip,
}


# ---- what they cost


def processes(root: int) -> list[int]:
    """A process and all that came from it."""
    found = [root]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def cpu_seconds(root: int) -> float:
    """What all threads of all processes have run, to the nanosecond."""
    spent = 0
    for pid in processes(root):
        for task in Path(f"/proc/{pid}/task").iterdir():
            spent += int((task / "schedstat").read_text().split()[0])
    return spent / 1e9


def megabytes(root: int, what: str) -> float:
    """`Pss`, `Rss` or `Private_Dirty` of all processes together."""
    total = 0
    for pid in processes(root):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(f"{what}:"):
                total += int(line.split()[1])
    return total / 1024
