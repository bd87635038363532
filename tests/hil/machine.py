"""Boot the kernel that runs as a program and run one scenario of `hil.guest` in it.

The guest sees this machine's own files, a GPIO chip labelled like the Pi's, a sound card and a
network of its own.  It speaks by lines on its console: ``HIL {json}`` is a finding, the rest log.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
MEMORY: Final = "384M"


@dataclass(frozen=True, slots=True)
class Report:
    """What a scenario found, and all that was printed on the way."""

    findings: Mapping[str, object]
    log: str
    exit_status: int | None
    """None when the machine died before the scenario ended."""


@cache
def kernel() -> Path | None:
    """The kernel in the user's cache; None when it was never built (`make uml-kernel`)."""
    cache_root = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    found = sorted(cache_root.glob("offhook/uml/linux-????????????"))
    return found[-1] if found else None


def boot(scenario: str, timeout: float = 120.0) -> Report:
    """Run `scenario` in a fresh machine; `timeout` seconds of real time bound it."""
    program = kernel()
    assert program is not None
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        command = [
            str(program), f"mem={MEMORY}",
            "rootfstype=hostfs", "root=/dev/root", "rootflags=/", "rw",
            f"init={HERE / 'guest' / 'init.sh'}",
            f"HIL_PYTHON={sys.executable}", f"HIL_TESTS={HERE.parent}", f"HIL_SCENARIO={scenario}",
            "con=null", "con0=null,fd:1", "con1=null", "quiet", "loglevel=3",
        ]  # fmt: skip
        done = subprocess.run(
            command, env={**os.environ, "TMPDIR": memory}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False,
        )  # fmt: skip
    return read(done.stdout.decode("utf-8", "replace").replace("\r", ""))


def read(console: str) -> Report:
    """Sort a console's lines into findings, log and exit status."""
    findings: dict[str, object] = {}
    status: int | None = None
    for line in console.splitlines():
        if line.startswith("HIL {"):
            findings.update(json.loads(line.removeprefix("HIL ")))
        elif line.startswith("HIL-EXIT "):
            status = int(line.removeprefix("HIL-EXIT "))
    return Report(findings, console, status)
