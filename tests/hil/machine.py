"""Boot the kernel that runs as a program and run one scenario of `hil.guest` in it.

The guest sees this machine's own files, a GPIO chip labelled like the Pi's, a sound card and a
network of its own.  It speaks by lines on its console: ``HIL {json}`` is a finding, the rest log.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from hil.guest.real_time import STALLED

HERE: Final = Path(__file__).parent
NICE: Final = -15
MEMORY: Final = "384M"
ATTEMPTS: Final = 3
LONGEST_STALL: Final = 0.06  # seconds: more than the phone's reserve of sound


@dataclass(frozen=True, slots=True)
class Report:
    """What a scenario found, and all that was printed on the way."""

    findings: Mapping[str, object]
    log: str = field(repr=False)
    exit_status: int | None
    """None when the machine died before the scenario ended."""
    files: Mapping[str, bytes] = field(repr=False)
    """What it left in `hil.guest.found.FOUND`."""

    def found(self, name: str) -> Any:  # noqa: ANN401  # JSON: whatever the scenario says
        """One of the findings."""
        return self.findings[name]


@cache
def kernel() -> Path | None:
    """The kernel of `kernel/`, in the user's cache; None when it was not built yet.

    `make uml-kernel` builds it.
    """
    cache_root = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    made_of = [HERE / "kernel" / "config.fragment", *sorted((HERE / "kernel").glob("*.patch"))]
    wanted = hashlib.sha256(b"".join(map(Path.read_bytes, made_of))).hexdigest()[:12]
    found = cache_root / "offhook" / "uml" / f"linux-{wanted}"
    return found if found.exists() else None


needs_kernel: Final = pytest.mark.skipif(
    kernel() is None, reason="no kernel for the simulated board: make uml-kernel"
)


def boot(scenario: str, timeout: float = 120.0, steady: float = LONGEST_STALL) -> Report:
    """Run `scenario` in a fresh machine; `timeout` seconds of real time bound it.

    The guest's time is the host's: when the host lets the machine wait, sound breaks off that would
    not on a board.  A scenario that noticed more than `steady` seconds of it is played again, at
    most `ATTEMPTS` times.
    """
    for _ in range(ATTEMPTS):
        report = _boot(scenario, timeout)
        if not _stalled(report, steady):
            break
    return report


def _stalled(report: Report, steady: float) -> bool:
    stall = report.findings.get("stall", 0.0)
    assert isinstance(stall, float)
    return report.exit_status == STALLED or stall > steady


def hurry() -> None:
    """Before other work of this host, if we may: the guest's clock does not wait for us.

    The process has a session of its own, so that it is a group of its own to the scheduler
    (sched(7), autogroup), in which `nice` counts only inwards.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        Path("/proc/self/autogroup").write_text(str(NICE))


def _boot(scenario: str, timeout: float) -> Report:
    program = kernel()
    assert program is not None
    with (
        tempfile.TemporaryDirectory(dir="/dev/shm") as memory,
        tempfile.TemporaryDirectory(prefix="offhook-hil-") as found,
    ):
        command = [
            str(program), f"mem={MEMORY}",
            "rootfstype=hostfs", "root=/dev/root", "rootflags=/", "rw",
            f"init={HERE / 'guest' / 'init.sh'}",
            f"HIL_PYTHON={sys.executable}", f"HIL_TESTS={HERE.parent}", f"HIL_SCENARIO={scenario}",
            f"HIL_FOUND={found}",
            "con=null", "con0=null,fd:1", "con1=null", "quiet", "loglevel=3",
        ]  # fmt: skip
        done = subprocess.run(
            command, env={**os.environ, "TMPDIR": memory}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False,
            start_new_session=True, preexec_fn=hurry,
        )  # fmt: skip
        files = {path.name: path.read_bytes() for path in Path(found).iterdir()}
    return read(done.stdout.decode("utf-8", "replace").replace("\r", ""), files)


def read(console: str, files: Mapping[str, bytes]) -> Report:
    """Sort a console's lines into findings, log and exit status."""
    findings: dict[str, object] = {}
    status: int | None = None
    for line in console.splitlines():
        if line.startswith("HIL {"):
            findings.update(json.loads(line.removeprefix("HIL ")))
        elif line.startswith("HIL-EXIT "):
            status = int(line.removeprefix("HIL-EXIT "))
    return Report(findings, console, status, files)
