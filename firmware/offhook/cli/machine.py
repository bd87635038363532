"""The machine as a technician's command sees it: files below a root, and programs that are run.

Nothing here raises for what a machine lacks: a file that is not there is empty, a program that is
not there ran as `None`.  So the same code looks at a Pi, at a plain Debian machine, and at a
directory of recorded files in a test.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

MAX_FILE: Final = 1 << 20  # bytes read of a file
MAX_OUTPUT: Final = 4 << 20  # characters kept of what a program says
PATIENCE: Final = 10.0  # seconds for a program that only looks
IMAGE_MARK: Final = "usr/lib/offhook/preinit"
"""Is there on a card made by `make image`, and nowhere else."""
_PATHS: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_KEPT: Final = ("HOME", "TERM", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that has ended."""

    code: int
    out: str = ""
    err: str = ""
    seconds: float = 0.0

    @property
    def json(self) -> object:
        """What it wrote as JSON; None where that is none."""
        try:
            return json.loads(self.out or "null")
        except (ValueError, RecursionError):
            return None

    @property
    def said(self) -> str:
        """The last line of what it complained about, or of what it said."""
        lines = (self.err.strip() or self.out.strip()).splitlines()
        return lines[-1].strip() if lines else f"exit code {self.code}"


Runner = Callable[[Sequence[str], float], Ran | None]


@dataclass(frozen=True, slots=True)
class Space:
    """Of a file system, in bytes and files."""

    total: int
    free: int
    files: int = 0
    files_free: int = 0


def environment(given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For programs whose words are read: plain English, and the programs of root are found."""
    kept = {name: given[name] for name in _KEPT if name in given}
    return {**kept, "LC_ALL": "C.UTF-8", "PATH": f"{given.get('PATH', '')}:{_PATHS}"}


def run(words: Sequence[str], patience: float = PATIENCE) -> Ran | None:
    """Run a program without a terminal; None where there is no such program."""
    program = shutil.which(words[0], path=environment()["PATH"])
    if program is None:
        return None
    began = time.monotonic()
    try:
        done = subprocess.run(  # noqa: S603  # a list, no shell
            [program, *words[1:]], stdin=subprocess.DEVNULL, capture_output=True,
            timeout=patience, env=environment(), check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Ran(124, "", f"{words[0]}: no answer within {patience:.0f} s", patience)
    except OSError as error:
        return Ran(126, "", f"{words[0]}: {error.strerror}")
    return Ran(done.returncode, _text(done.stdout), _text(done.stderr), time.monotonic() - began)


def stream(words: Sequence[str]) -> Iterator[str]:
    """The lines of a program as they come, both outputs; the last is "exit CODE".

    Raises `OSError` where there is no such program.  Whoever stops early ends the program.
    """
    program = shutil.which(words[0], path=environment()["PATH"])
    if program is None:
        raise FileNotFoundError(f"there is no program {words[0]!r} here")
    with subprocess.Popen(  # noqa: S603  # a list, no shell
        [program, *words[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env=environment(),
    ) as running:  # fmt: skip
        try:
            for line in running.stdout or ():
                yield line.decode("utf-8", "backslashreplace").rstrip("\r\n")
        finally:
            if running.poll() is None:
                running.terminate()
    yield f"exit {running.returncode}"


def _text(data: bytes) -> str:
    return data[:MAX_OUTPUT].decode("utf-8", "backslashreplace")


def space(path: Path) -> Space | None:
    """What is left where `path` lies."""
    try:
        told = os.statvfs(path)
    except OSError:
        return None
    return Space(
        told.f_blocks * told.f_frsize, told.f_bavail * told.f_frsize, told.f_files, told.f_favail
    )


@dataclass(frozen=True, slots=True)
class Machine:
    """The one we run on, or one that is made up of recorded files and answers."""

    root: Path = Path("/")
    run: Runner = run
    stream: Callable[[Sequence[str]], Iterator[str]] = stream
    space: Callable[[Path], Space | None] = space
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    uid: int = field(default_factory=os.geteuid)

    def at(self, path: str) -> Path:
        """Where the file really lies."""
        return self.root / path.lstrip("/")

    def read(self, path: str) -> str:
        """The text of a file without blanks around it; empty where it cannot be read."""
        try:
            with self.at(path).open("rb") as file:
                data = file.read(MAX_FILE)
        except OSError:
            return ""
        return data.decode("utf-8", "backslashreplace").strip("\0 \t\r\n")

    def number(self, path: str) -> int | None:
        """A whole number that stands alone in a file."""
        text = self.read(path)
        return int(text) if text.lstrip("-").isdecimal() and text.isascii() else None

    def there(self, path: str) -> bool:
        """Whether it exists."""
        return os.path.lexists(self.at(path))

    def find(self, pattern: str) -> list[str]:
        """Paths of this machine that fit, in order."""
        try:
            found = sorted(self.root.glob(pattern.lstrip("/")))
        except OSError:
            return []
        return [f"/{path.relative_to(self.root)}" for path in found]

    def said(self, *words: str) -> str:
        """What a program wrote on standard output; empty where it is missing or failed."""
        ran = self.run(words, PATIENCE)
        return "" if ran is None or ran.code else ran.out

    def asked(self, *words: str) -> object:
        """The JSON that a program wrote; None where there is none."""
        ran = self.run(words, PATIENCE)
        return None if ran is None or ran.code else ran.json

    def properties(self, *words: str) -> dict[str, str]:
        """Lines NAME=VALUE that a program wrote, as of `systemctl show`."""
        pairs = (line.partition("=") for line in self.said(*words).splitlines())
        return {name: value for name, equals, value in pairs if equals}

    def release(self, name: str) -> str:
        """A word of os-release(5); empty where it is not given."""
        found = re.search(rf'^{name}="?([^"\n]*)"?$', self.read("etc/os-release"), re.MULTILINE)
        return found[1] if found else ""

    @property
    def image(self) -> bool:
        """Whether this is a phone of ours and not a Debian machine with the phone installed."""
        return self.there(IMAGE_MARK)

    @property
    def model(self) -> str:
        """Name of the board; empty where there is no device tree."""
        return self.read("proc/device-tree/model") or self.read(
            "sys/firmware/devicetree/base/model"
        )
