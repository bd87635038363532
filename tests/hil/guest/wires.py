"""The wires of the simulated board, played by a process of its own: switches, keys, an observer.

    row ──────┬─── driven low by the phone while it scans; else nobody drives it
              / key
    column ───┘    reads high by its resistor, low while the key joins it to a driven row
    hook ─── switch ─── ground, while the handset lies in its cradle

gpio-sim knows no wires between lines, so this program looks at the rows every half millisecond and
pulls the columns accordingly; a scan of the phone must wait for that long (`settle` in the board
profile).  It also samples lines and keeps their edges, with the time.

    python -m hil.guest.wires LINES_DIRECTORY      one command a line, one JSON answer each

    keys ROW:COLUMN …        these crosspoints (pin numbers) are closed, no others
    play LINE LEVEL:MS …     a switch moves: each level (0: ground) for so long; the last stays
    watch LINE …             sample these lines from now on
    edges                    what was seen since the last time: {line: [[time, level], …]}
    stall                    the longest time between two looks since the last time, in seconds
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from hil.guest.chip import Chip
from hil.guest.real_time import hurry

LOOK: Final = 0.0005  # seconds between looks while something may happen
REST: Final = 0.01  # and while no key is closed and no line is watched
PRIORITY: Final = 40  # above the phone's voice: copper is never late
MAX_EDGES: Final = 20_000  # of one line

Edges = dict[str, list[tuple[float, int]]]


@dataclass(slots=True)
class Lines:
    """Lines of gpio-sim through files that stay open."""

    directory: Path
    _files: dict[str, int] = field(default_factory=dict)
    _pulls: dict[int, bool] = field(default_factory=dict)

    def pull(self, line: int, high: bool) -> None:
        """Drive an input from outside, whatever was written before."""
        os.pwrite(self._file(line, "pull"), b"pull-up" if high else b"pull-down", 0)
        self._pulls[line] = high

    def settle(self, line: int, high: bool) -> None:
        """As `pull`, but only if that changes something."""
        if self._pulls.get(line) != high:
            self.pull(line, high)

    def value(self, line: int) -> bool:
        """The level now."""
        return os.pread(self._file(line, "value"), 2, 0).startswith(b"1")

    def _file(self, line: int, name: str) -> int:
        key = f"sim_gpio{line}/{name}"
        if key not in self._files:
            mode = os.O_RDWR if name == "pull" else os.O_RDONLY
            self._files[key] = os.open(self.directory / key, mode)
        return self._files[key]


@dataclass(slots=True)
class Player:
    """What happens on the wires."""

    lines: Lines
    keys: list[tuple[int, int]] = field(default_factory=list)
    closed: set[int] = field(default_factory=set)
    """Switches that tie their line to ground, whatever resistor the phone asks for."""
    _columns: set[int] = field(default_factory=set)
    _seen: dict[int, bool] = field(default_factory=dict)
    _edges: Edges = field(default_factory=dict)
    _looked: float = field(default_factory=time.monotonic)
    _stall: float = 0.0

    @property
    def busy(self) -> bool:
        """Whether to look often."""
        return bool(self.keys or self._seen)

    def look(self) -> None:
        """Once round all wires."""
        now = time.monotonic()
        self._stall, self._looked = max(self._stall, now - self._looked), now
        for line in self.closed:
            if self.lines.value(line):
                self.lines.pull(line, False)
        self._join()
        for line, before in self._seen.items():
            level = self.lines.value(line)
            edges = self._edges[str(line)]
            if level != before and len(edges) < MAX_EDGES:
                edges.append((time.monotonic(), int(level)))
            self._seen[line] = level

    def obey(self, words: list[str]) -> object:
        """One command; its answer."""
        match words:
            case ["keys", *keys]:
                self.keys = [(int(row), int(column)) for row, column in map(_pair, keys)]
                self._columns |= {column for _, column in self.keys}
                self.look()
                return True
            case ["play", line, *steps]:
                return self._play(int(line), [(int(a), float(b)) for a, b in map(_pair, steps)])
            case ["watch", *lines]:
                self._seen = {int(line): self.lines.value(int(line)) for line in lines}
                self._edges = {line: [] for line in lines}
                return {line: int(level) for line, level in self._seen.items()}
            case ["edges"]:
                seen, self._edges = self._edges, {str(line): [] for line in self._seen}
                return seen
            case ["stall"]:
                longest, self._stall = self._stall, 0.0
                return longest
            case _:
                raise ValueError(words)

    def _join(self) -> None:
        low = {column for row, column in self.keys if self._driven(row)}
        for column in self._columns:
            self.lines.settle(column, column not in low)

    def _driven(self, row: int) -> bool:
        """Whether the phone holds this row at ground: our resistor cannot lift it then."""
        self.lines.pull(row, True)
        return not self.lines.value(row)

    def _play(self, line: int, steps: Sequence[tuple[int, float]]) -> object:
        """When the first and the last step were taken."""
        self.closed.discard(line)
        first = last = time.monotonic()
        for level, milliseconds in steps:
            last = time.monotonic()
            self.lines.pull(line, bool(level))
            self._until(last + milliseconds / 1000)
        if not steps[-1][0]:
            self.closed.add(line)
        return {"first": first, "last": last}

    def _until(self, end: float) -> None:
        while (left := end - time.monotonic()) > 0:
            self.look()
            time.sleep(min(left, LOOK))


def _pair(text: str) -> tuple[str, str]:
    one, _, other = text.partition(":")
    return one, other


def main(directory: str) -> None:
    """Look and obey until the commands end."""
    hurry(PRIORITY)
    player = Player(Lines(Path(directory)))
    while True:
        player.look()
        if not select.select([0], [], [], LOOK if player.busy else REST)[0]:
            continue
        text = sys.stdin.readline()  # one at a time: the other end waits for the answer
        if not text:
            return
        sys.stdout.write(json.dumps(player.obey(text.split())) + "\n")
        sys.stdout.flush()


@dataclass(slots=True)
class Wires:
    """The scenario's hold on that program."""

    process: "subprocess.Popen[str]"

    @classmethod
    def of(cls, chip: Chip) -> Self:
        """Start it."""
        command = [sys.executable, "-m", "hil.guest.wires", str(chip.lines)]
        pipe = subprocess.PIPE
        return cls(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))

    def tell(self, *words: str | int) -> object:
        """Give a command; its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer: object = json.loads(self.process.stdout.readline())
        return answer

    def play(self, line: int, *steps: tuple[int, float]) -> tuple[float, float]:
        """Move a switch; the times of the first and the last step."""
        told = self.tell("play", line, *(f"{level}:{duration}" for level, duration in steps))
        assert isinstance(told, dict)
        return told["first"], told["last"]

    def edges(self, line: int) -> list[tuple[float, int]]:
        """Of a watched line, since the last time."""
        told = self.tell("edges")
        assert isinstance(told, dict)
        return [(at, level) for at, level in told[str(line)]]


if __name__ == "__main__":
    main(sys.argv[1])
