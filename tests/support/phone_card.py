"""A phone's disk as directories: the card's boot partition and the root with its data."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from offhook.appliance import provision

ZONES: Final = ("Etc/UTC", "Europe/Berlin")
GOOD: Final = """\
[account]
user = "200"
domain = "pbx.example.org"
password = "hunter2 \\"quoted\\""   # from the exchange

[board]
profile = "handset-v1"
"""


class PowerCut(BaseException):
    """The plug was pulled: no handler runs."""


@dataclass(frozen=True)
class Disk:
    """What outlasts the power."""

    root: Path

    @property
    def card(self) -> Path:
        return self.root / "card"

    @property
    def settings(self) -> Path:
        return self.card / "offhook.toml"

    @property
    def report(self) -> str:
        return (self.card / "offhook-report.txt").read_bytes().decode()

    @property
    def trouble(self) -> str:
        path = self.root / "run/offhook-provision/trouble"
        return path.read_text() if path.exists() else ""

    def write(self, text: str) -> None:
        """A person edits the file."""
        self.settings.write_bytes(text.encode())

    def boot(self) -> int:
        """Switch on: /run is empty, provisioning runs."""
        if self.trouble:
            (self.root / "run/offhook-provision/trouble").unlink()
        return provision.run(self.root, self.card)

    def data(self, path: str) -> str:
        """A file of the data partition."""
        return (self.root / "data" / path).read_text()

    def picture(self) -> Mapping[str, str]:
        """Every file of data and card, mode and content; not the report, which has a date."""
        there = {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            if path.is_symlink():
                there[name] = f"-> {path.readlink()}"
            elif path.is_file() and not name.startswith(("run/", "usr/", "card/offhook-report")):
                there[name] = f"{path.stat().st_mode & 0o7777:o} {path.read_bytes()!r}"
        return there


def new_disk(root: Path) -> Disk:
    """As flashed: nothing on the data partition."""
    for zone in ZONES:
        path = root / "usr/share/zoneinfo" / zone
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"TZif")
    disk = Disk(root)
    disk.card.mkdir(parents=True)
    (root / "data").mkdir()
    return disk


@contextmanager
def power_until(monkeypatch: pytest.MonkeyPatch, step: int) -> Iterator[list[str]]:
    """The power goes in the middle of the n-th thing that reaches the disk."""
    done: list[str] = []

    def watched(patched: pytest.MonkeyPatch, name: str) -> None:
        real = getattr(os, name)

        def stand_in(*arguments: object, **named: object) -> object:
            done.append(name)
            if len(done) == step:
                if name == "pwrite":  # half of it had arrived
                    descriptor, data, offset = arguments
                    assert isinstance(data, bytes)
                    real(descriptor, data[: len(data) // 2], offset)
                raise PowerCut
            return real(*arguments, **named)

        patched.setattr(os, name, stand_in)

    with monkeypatch.context() as patched:
        for name in ("fsync", "replace", "pwrite", "unlink", "symlink", "fchmod"):
            watched(patched, name)
        yield done
