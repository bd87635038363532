"""Run a program beside the test and wait for what it prints."""

import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Self

PATIENCE: Final = 20.0  # seconds a peer may take for one step, on a loaded machine


@dataclass(slots=True)
class Program:
    """A child process whose output is read line by line; leaving the `with` block ends it."""

    command: Sequence[str]
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    lines: list[str] = field(default_factory=list)
    began: float = 0.0
    """When it was started (monotonic)."""
    _queue: "queue.SimpleQueue[str | None]" = field(default_factory=queue.SimpleQueue)
    _process: "subprocess.Popen[str] | None" = None

    def __enter__(self) -> Self:
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            list(self.command),
            env=self.env,
            cwd=self.cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            bufsize=1,
            process_group=0,
        )
        reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        process = self.process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
        with suppress(ProcessLookupError):  # a child left behind would hold the pipe for ever
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    @property
    def process(self) -> "subprocess.Popen[str]":
        """The child."""
        assert self._process is not None
        return self._process

    def say(self, text: str) -> None:
        """Type a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def wait_for(self, pattern: str, patience: float = PATIENCE) -> "re.Match[str]":
        """The next line, from here on, that matches; fails with all that was printed."""
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0:
            try:
                line = self._queue.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                break
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"{self.command[0]} never printed {pattern!r}:\n" + self.log)

    def wait(self, patience: float = PATIENCE) -> int:
        """Its exit status."""
        return self.process.wait(patience)

    @property
    def log(self) -> str:
        """All it printed so far."""
        return "".join(self.lines)

    def _read(self, output: "IO[str]") -> None:
        try:
            for line in output:
                self.lines.append(line)
                self._queue.put(line)
        except ValueError:
            pass  # closed by __exit__ while we read
        self._queue.put(None)
