"""The real `offhookd` in a process of its own, on loopback, with a sound card one can look into."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from offhook.cli.client import Client
from offhook.service.control_protocol import Json
from support import vloop
from support.process import PATIENCE, Program
from support.speech import Signal

SETTINGS: Final = """
[account]
user = "{user}"
domain = "{domain}"
port = {port}
password_file = "{password}"
expires_s = 120
{account}
[network]
{network}
[sound]
capture = "{capture}"
playback = "{playback}"
[phone]
codecs = [{codecs}]
[phone.dialling]
dial_plan = "(xxxxS0|xx.)"
[service]
control_socket = "{control}"
state_directory = "{state}"
{service}
"""


@dataclass(frozen=True, slots=True)
class Registrar:
    """Where a handset registers, and as whom."""

    port: int
    user: str
    password: str
    domain: str = "127.0.0.1"
    settings: str = ""
    """More lines of the [account] table."""


@dataclass(frozen=True, slots=True)
class Around:
    """What surrounds the process; by default nothing special."""

    wrapper: tuple[str, ...] = ()
    """Words in front of the command, such as ``ip netns exec NAME``."""
    environment: Mapping[str, str] = field(default_factory=dict)
    network: str = 'address = "127.0.0.1"'
    """Lines of the [network] table."""
    service: str = ""
    """More lines of the [service] table."""
    state: Path | None = None
    """Another state directory than a fresh one."""


@dataclass(slots=True)
class Handset:
    """A running telephone."""

    program: Program
    control: Client
    cards: vloop.Cards

    def do(self, what: str, **arguments: Json) -> Mapping[str, Json]:
        """A technician's command."""
        return self.control.ask(what, **arguments)

    def status(self) -> Mapping[str, Json]:
        """The telephone at a glance."""
        return self.do("status")

    def wait_until(
        self, state: str | Callable[[Mapping[str, Json]], bool], patience: float = PATIENCE
    ) -> Mapping[str, Json]:
        """The status once it is so; fails with the last one and the journal."""
        end = time.monotonic() + patience
        while True:
            status = self.status()
            if status["state"] == state if isinstance(state, str) else state(status):
                return status
            assert time.monotonic() < end, f"never {state}: {status}\n{self.program.log}"
            time.sleep(0.02)

    def speak(self, speech: Signal, delay: float = 0.1) -> int:
        """Put `speech` before the microphone; the number of its first sample."""
        start = vloop.sample_now() + int(delay * vloop.RATE)
        self.cards.line("mic").put(start, (int(sample) for sample in speech))
        return start

    def heard(self, start: int, count: int) -> Signal:
        """What the earpiece played from sample `start` on; unplayed samples are silence."""
        samples = self.cards.line("ear").get(start, count)
        return np.array([sample or 0 for sample in samples], dtype=np.float64)


@contextmanager
def handset(
    directory: Path,
    registrar: Registrar,
    codecs: tuple[str, ...] = ("PCMU", "PCMA", "G729"),
    around: Around | None = None,
) -> Iterator[Handset]:
    """A telephone that registers there; yielded when it is ready (not yet registered)."""
    around = around or Around()
    home = directory / f"handset-{registrar.user}"
    home.mkdir(exist_ok=True)
    password = home / "sip-password"
    password.touch(mode=0o600)
    password.write_text(registrar.password + "\n")
    settings, control = home / "offhook.toml", home / "control"
    settings.write_text(
        SETTINGS.format(
            user=registrar.user,
            domain=registrar.domain,
            port=registrar.port,
            password=password,
            account=registrar.settings,
            capture="mic",
            playback="ear",
            codecs=", ".join(f'"{name}"' for name in codecs),
            control=control,
            state=around.state or home / "state",
            network=around.network,
            service=around.service,
        )
    )
    program_file = str(Path(sys.executable).with_name("offhookd"))
    command = [*around.wrapper, program_file, "--config", str(settings)]
    with vloop.cards(home, "mic", "ear") as cards:
        environment = {**os.environ, **cards.environment, **around.environment}
        with Program(command, env=environment) as program:
            program.wait_for(r"ready version=")
            with closing(Client.connect(control)) as client:
                yield Handset(program, client, cards)
