"""SSH into a machine, as the person who services it: user admin, by key."""

import json
import shlex
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from image.qemu import Machine

_PAUSE: Final = 11.0  # seconds between attempts: the firewall allows six a minute


@dataclass(frozen=True, slots=True)
class Key:
    """A key pair made for one run of tests."""

    private: Path

    @classmethod
    def make(cls, directory: Path) -> "Key":
        """A new one."""
        path = directory / "key"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tests", "-f", path], check=True
        )
        return cls(path)

    @property
    def public(self) -> str:
        """One line."""
        return self.private.with_suffix(".pub").read_text().strip()


@dataclass(frozen=True, slots=True)
class Shell:
    """One connection, shared by all commands; a new one for each boot."""

    machine: Machine
    key: Key
    control: Path

    def words(self, *options: str) -> list[str]:
        """The command `ssh`, up to the host; of an option given twice ssh takes the first."""
        return [
            "ssh", *options, "-F", "none",
            "-p", str(self.machine.ssh_port), "-i", str(self.key.private),
            "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=20",
            "-o", "ServerAliveInterval=15", "-o", f"ControlPath={self.control}",
            "admin@127.0.0.1",
        ]  # fmt: skip

    def wait(self, patience: float) -> float:
        """Until somebody may log in; the machine's age then, in seconds."""
        end = time.monotonic() + patience
        said = self.control.with_suffix(".errors")
        options = ("-o", "ControlMaster=auto", "-o", "ControlPersist=900")
        while True:
            assert self.machine.runs, f"the machine ended:\n{self.machine.console[-6000:]}"
            with said.open("wb") as errors:  # a file: the connection stays open and would a pipe
                done = subprocess.run(
                    [*self.words(*options), "true"], stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL, stderr=errors, check=False, timeout=patience,
                )  # fmt: skip
            if done.returncode == 0:
                return self.machine.age
            if time.monotonic() > end:
                pytest.fail(f"no login: {said.read_text()}\n{self.machine.console[-6000:]}")
            time.sleep(_PAUSE)

    def try_run(
        self, command: str | Sequence[str], *, data: bytes = b"", patience: float = 120
    ) -> "subprocess.CompletedProcess[bytes]":
        """A command line for the shell there, or its words."""
        line = command if isinstance(command, str) else shlex.join(command)
        return subprocess.run(
            [*self.words(), line], input=data, capture_output=True, check=False, timeout=patience
        )

    def run(self, command: str | Sequence[str], *, data: bytes = b"", patience: float = 120) -> str:
        """What it prints; a failure is one of the test."""
        done = self.try_run(command, data=data, patience=patience)
        said = done.stdout.decode(errors="replace")
        assert done.returncode == 0, f"{command}: {done.returncode}\n{said}{done.stderr.decode()}"
        return said

    def json(self, command: str) -> Any:  # noqa: ANN401  # whatever it prints
        """What it prints, read as JSON."""
        return json.loads(self.run(command))

    def put(self, path: str, content: bytes) -> None:
        """Write a file there."""
        self.run(f"cat > {shlex.quote(path)}", data=content, patience=1800)

    def get(self, path: str) -> bytes:
        """Read one."""
        done = self.try_run(["cat", path])
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def close(self) -> None:
        """Let the connection go."""
        subprocess.run(
            [*self.words("-O", "exit")], capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
