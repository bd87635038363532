"""A kamailio with two accounts, and speech."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from peers.kamailio import kamailio
from support.handset import Registrar
from support.ports import free_ports
from support.process import Program
from support.speech import Signal, load, prompt

SPEECH = "vm-intro"


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where to register, with which passwords."""

    port: int
    program: Program
    passwords: dict[str, str]

    def registrar(self, user: str) -> Registrar:
        """For a handset of ours."""
        return Registrar(self.port, user, self.passwords[user])

    def uri(self, user: str) -> str:
        """What others call."""
        return f"sip:{user}@127.0.0.1:{self.port}"


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    passwords = {"1001": "first-secret", "1002": "second-secret"}
    [port] = free_ports(1)
    with kamailio(tmp_path, port, "127.0.0.1", passwords) as program:
        yield Proxy(port, program, passwords)


@pytest.fixture(scope="session")
def speech() -> Signal:
    return load(prompt(SPEECH))


@pytest.fixture(scope="session")
def speech_file() -> Path:
    return prompt(SPEECH)
