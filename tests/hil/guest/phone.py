"""A telephone inside the simulated board's machine: the real `offhookd`, from its settings file."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hil.guest import card
from hil.guest.exchange import PASSWORDS
from hil.guest.patience import TooLateError, wait_for
from offhook.cli.client import Client, ClientError
from offhook.lab.server import PORT
from offhook.service.control_protocol import Json

OFFHOOKD: Final = Path(sys.executable).with_name("offhookd")
DIAL_PLAN: Final = "(6xxS0|100xS0|xx.)"
COUNTRY: Final = "UK"  # a bell that speaks often: 0.4 s, 0.2 s pause, 0.4 s, 2 s pause


@dataclass(slots=True)
class Telephone:
    """One `offhookd`, and the technician at its control socket."""

    user: str
    number: int
    """Its pair of substreams of the sound card."""
    board: str = "none"
    """A profile's name or file."""
    process: "subprocess.Popen[bytes] | None" = None
    tables: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Further settings."""

    @property
    def directory(self) -> Path:
        return Path("/run") / self.user

    @property
    def socket(self) -> Path:
        return self.directory / "control"

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    def configure(self) -> Path:
        """Write its settings and its password."""
        self.directory.mkdir(exist_ok=True)
        password = self.directory / "sip-password"
        password.write_text(PASSWORDS[self.user] + "\n")
        password.chmod(0o600)
        settings = self.directory / "offhook.toml"
        settings.write_text(self._toml(password))
        return settings

    def start(self) -> None:
        """Returns once it has registered."""
        command = [str(OFFHOOKD), "--config", str(self.configure())]
        environment = {**os.environ, "RUNTIME_DIRECTORY": str(self.directory)}
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.directory, env=environment, stdout=log, stderr=log
            )
        self.wait_registered()

    def ask(self, do: str, **arguments: Json) -> Mapping[str, Json]:
        """One request over the control socket."""
        client = Client.connect(self.socket)
        try:
            return client.ask(do, **arguments)
        finally:
            client.close()

    def status(self) -> Mapping[str, Json]:
        return self.ask("status")

    def state(self) -> str:
        return str(self.status()["state"])

    def wait(self, *states: str) -> float:
        """Until it is in one of these states."""
        try:
            return wait_for(f"{self.user} {states}", lambda: self.state() in states)
        except TooLateError as error:
            raise TooLateError(f"{error}; it is {self.status()}") from error

    def wait_registered(self) -> float:
        return wait_for(f"{self.user} registered", self._registered)

    def processes(self) -> list[int]:
        """Process ids: the main process, the keeper, the voice runner."""
        assert self.process is not None
        return self.descent(self.process.pid)

    @staticmethod
    def descent(main: int) -> list[int]:
        """A main process, its keeper, the keeper's runner."""
        found = [main]
        for _ in range(2):
            found += _children(found[-1])[:1]
        return found

    def kill(self) -> None:
        """As the out-of-memory killer would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """As systemd would; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def _registered(self) -> bool:
        assert self.process is None or self.process.poll() is None, self.log
        try:
            return self.status()["registered"] is True
        except ClientError:
            return False  # it has not come up yet

    def _toml(self, password: Path) -> str:
        tables: dict[str, Mapping[str, object]] = {
            "account": {
                "user": self.user, "domain": "127.0.0.1", "port": PORT,
                "password_file": str(password), "expires_s": 60,
            },
            "board": {"profile": self.board},
            "sound": {
                "capture": card.phone_mouth(self.number),
                "playback": card.phone_ear(self.number),
            },
            "phone": {"country": COUNTRY},
            "phone.dialling": {"dial_plan": DIAL_PLAN},
            "service": {
                "control_socket": str(self.socket), "state_directory": str(self.directory),
            },
        }  # fmt: skip
        for name, values in self.tables.items():
            tables[name] = {**tables.get(name, {}), **values}
        return "\n".join(
            f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in each.items())
            for name, each in tables.items()
        )


def _children(parent: int) -> list[int]:
    """By looking at every process: this kernel has no list of children."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            status = (directory / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        if int(status.rpartition(")")[2].split()[1]) == parent:
            found.append(int(directory.name))
    return sorted(found)
