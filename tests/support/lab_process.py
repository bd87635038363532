"""`make run` as a test has it: a process of its own, on free ports, in a fresh directory."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from offhook.cli.client import Client
from offhook.service.control_protocol import Json

PATIENCE: Final = 20.0  # seconds that anything may take
GREETED: Final = "Ctrl-C ends it all"
_PAGE: Final = re.compile(r"http://127\.0\.0\.1:(\d+)/")
_EXCHANGE: Final = re.compile(r"may register at 127\.0\.0\.1:(\d+)")
_USER: Final = re.compile(r"user (\d+), password (\S+)")


@dataclass(slots=True)
class Running:
    """A lab that runs; `output` grows while it does."""

    process: subprocess.Popen[str]
    directory: Path
    output: list[str] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        return self.directory / "control"

    @property
    def text(self) -> str:
        return "".join(self.output)

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.found(_PAGE)}/"

    @property
    def exchange(self) -> int:
        return int(self.found(_EXCHANGE))

    @property
    def passwords(self) -> dict[str, str]:
        return dict(_USER.findall(self.text))

    def found(self, pattern: re.Pattern[str]) -> str:
        match = pattern.search(self.text)
        assert match is not None, self.text
        return match[1]

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)

    def wait_for(self, text: str, start: int = 0) -> None:
        """Until `text` is printed (after the first `start` characters)."""
        end = monotonic() + PATIENCE
        while text not in self.text[start:]:
            assert self.process.poll() is None, self.text
            assert monotonic() < end, f"{text!r} never came:\n{self.text}"
            sleep(0.02)

    def ask(self, do: str, **arguments: Json) -> Mapping[str, Json]:
        """One request over the control socket."""
        client = Client.connect(self.socket)
        try:
            return client.ask(do, **arguments)
        finally:
            client.close()

    def state(self) -> str:
        return str(self.ask("status")["state"])

    def wait_state(self, *wanted: str) -> None:
        end = monotonic() + PATIENCE
        while (state := self.state()) not in wanted:
            assert monotonic() < end, f"{state!r}, not {wanted}:\n{self.text}"
            sleep(0.02)

    def stop(self) -> int:
        """Ctrl-C, which a terminal sends to all processes of the group; the exit code."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE)


@contextmanager
def lab(*arguments: str, greeting: str = GREETED) -> Iterator[Running]:
    """Start it, wait until it says that it is ready, stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="lab-") as name:
        directory = Path(name)
        command = [sys.executable, "-u", "-m", "offhook.lab", "--port", "0", "--sip-port", "0"]
        command += ["--silent", "--directory", name, "--socket", str(directory / "control")]
        with process([*command, *arguments], directory) as running:
            running.wait_for(greeting)
            running.wait_for("<5>registered")
            yield running


@contextmanager
def process(command: list[str], directory: Path) -> Iterator[Running]:
    """Any of our programs, its output collected, ended at the end."""
    started = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=directory,
        start_new_session=True,
    )
    running = Running(started, directory)
    reader = threading.Thread(target=running.read, daemon=True)
    reader.start()
    try:
        yield running
    finally:
        running.stop()
        reader.join(PATIENCE)
        assert started.stdout is not None
        started.stdout.close()
