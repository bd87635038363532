"""Power cuts of a running machine: at chosen moments it is held still and its card is copied.

The copy is what a card holds when the power goes at that moment: what the kernel had not handed
over yet is missing.  So one run gives as many cuts as one likes.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from image import environment
from image.disk import Disk

_SETTLED: Final = 2.0  # seconds to wait for the processes to stop


@dataclass(frozen=True, slots=True)
class Moment:
    """When to cut: a share of the bytes to be written, or seconds after a mark on the console."""

    mark: bytes
    seconds: float = 0.0
    written: float = 0.0

    def __str__(self) -> str:
        return f"{self.mark.decode().split()[-1]}+{self.seconds:.1f}s, {self.written:.0%} written"


@dataclass(frozen=True, slots=True)
class Shot:
    """A card as it was, and when that was."""

    disk: Disk
    when: str
    console: bytes = field(repr=False)
    """All that was said until then."""


@dataclass(slots=True)
class Camera:
    """For `boot(watch=…)`: cuts at `moments`, and after `changes` writes of the counters."""

    disk: Disk
    directory: Path
    moments: list[Moment]
    expected: int
    """Bytes that all of the operation writes."""
    changes: int = 0
    mark: bytes = b""
    """From when on writes of the counters are counted."""
    shots: list[Shot] = field(default_factory=list)
    _marked: dict[bytes, float] = field(default_factory=dict)
    _written: dict[bytes, int] = field(default_factory=dict)
    _variables: dict[str, str] | None = None

    def __call__(self, process: int, console: bytes) -> None:
        """Look whether it is time."""
        now = time.monotonic()
        for mark in {moment.mark for moment in self.moments} | {self.mark}:
            if mark not in self._marked and mark in console:
                self._marked[mark] = now
                self._written[mark] = self._size()
        if self.changes and self.mark in self._marked:
            self._look_at_variables(process, console)
        due = next((each for each in self.moments if self._due(each, now)), None)
        if due is not None:
            self.moments.remove(due)
            self._shoot(process, console, str(due))

    def _due(self, moment: Moment, now: float) -> bool:
        if moment.mark not in self._marked:
            return False
        written = self._size() - self._written[moment.mark]
        waited = now - self._marked[moment.mark]
        return waited >= moment.seconds and written >= moment.written * self.expected

    def _look_at_variables(self, process: int, console: bytes) -> None:
        variables = environment.read(self.disk.path)
        if self._variables is not None and variables != self._variables:
            self.changes -= 1
            told = " ".join(f"{name}={value}" for name, value in sorted(variables.items()))
            self._shoot(process, console, f"counters became {told}")
        self._variables = variables

    def _shoot(self, process: int, console: bytes, when: str) -> None:
        with held(process):
            path = self.directory / f"cut-{len(self.shots)}.img"
            began = time.monotonic()
            self.shots.append(Shot(self.disk.copy(path), when, console))
        took = time.monotonic() - began
        self._marked = {mark: at + took for mark, at in self._marked.items()}

    def _size(self) -> int:
        return self.disk.path.stat().st_blocks * 512


@contextmanager
def held(process: int) -> Iterator[None]:
    """Stop the machine between two instructions: the kernel, and its helper that writes the disk.

    Its other processes are the guest's, which the kernel traces and which do nothing by themselves.
    """
    ours = [process, *(each for each in _children(process) if not _traced(each))]
    for each in ours:
        os.kill(each, signal.SIGSTOP)
    end = time.monotonic() + _SETTLED
    while time.monotonic() < end and not all(_state(each) in "TZ" for each in ours):
        time.sleep(0.001)
    try:
        yield
    finally:
        for each in ours:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGCONT)


def _children(process: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").iterdir():
        with suppress(OSError):
            found += [int(each) for each in (task / "children").read_text().split()]
    return found


def _status(process: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return {"State": "Z", "TracerPid": "0"}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _state(process: int) -> str:
    return _status(process)["State"][0]


def _traced(process: int) -> bool:
    return _status(process)["TracerPid"] != "0"
