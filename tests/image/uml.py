"""Boot a card in the kernel that runs as a program, with real systemd, and run a scenario there.

    flash(tmp_path)                    → Disk      a fresh card
    boot(disk, "module:function", …)   → Report    U-Boot's choice, kernel, systemd, the scenario

The scenario is a function of `image.guest`; it runs as root beside the product, under the guest's
own Python, and returns findings.  It gets there without a change to the image: the unit that starts
it is a credential on the kernel's command line.
"""

import base64
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

import pytest

from hil.machine import kernel
from image import uboot
from image.disk import ROOT, Disk, flash, image

__all__ = ["Cut", "Disk", "End", "Report", "boot", "flash", "needs_image"]

MEMORY: Final = "512M"
UNIT: Final = "offhook-trial.service"
Watch: TypeAlias = Callable[[int, bytes], None]
_SERVICE: Final = """\
[Unit]
Description=Scenario of tests/image
DefaultDependencies=no
After=systemd-remount-fs.service local-fs.target
[Service]
Type=exec
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
PrivateMounts=yes
Environment=PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
Environment=PYTHONPATH=/run/host{tests}:/usr/lib/offhook IMG_SHARED=/run/host{shared}
ExecStartPre=/bin/mkdir -p /run/host
ExecStart=/bin/sh -c 'mount -t hostfs host /run/host && exec python3 -m image.guest {scenario}'
"""

needs_image: Final = [
    pytest.mark.image,
    pytest.mark.skipif(kernel() is None, reason="no kernel to boot it in: make uml-kernel"),
    pytest.mark.skipif(
        image() is None,
        reason="no amd64 image: PYTHONPATH=deploy/image python3 -m builder disk --arch amd64",
    ),
]


class End(Enum):
    """How a boot ended."""

    POWERED_OFF = "powered off"
    RESTARTED = "restarted"
    PANICKED = "panicked"
    CUT = "cut"
    TOO_LATE = "too late"


@dataclass(frozen=True, slots=True)
class Cut:
    """The power goes away (kill -9): `seconds` after the start, or after `marker` was printed."""

    seconds: float
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Boot:
    """One run of the kernel."""

    slot: str
    end: End
    seconds: float
    console: str = field(repr=False)

    @property
    def findings(self) -> Mapping[str, object]:
        found: dict[str, object] = {}
        for line in self.console.splitlines():
            if "IMG {" in line:
                found.update(json.loads(line[line.index("IMG {") + 4 :]))
        return found


@dataclass(frozen=True, slots=True)
class Report:
    """All boots of one call of `boot`."""

    boots: tuple[Boot, ...]
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """What the scenario left in `image.guest.shared.SHARED`."""

    @property
    def end(self) -> End:
        return self.boots[-1].end

    @property
    def slots(self) -> str:
        """Which slot each boot was from, such as "AAAB"."""
        return "".join(each.slot for each in self.boots)

    @property
    def findings(self) -> Mapping[str, object]:
        """Of all boots; the later replaces the earlier."""
        return {name: value for each in self.boots for name, value in each.findings.items()}

    @property
    def console(self) -> str:
        return "\n".join(each.console for each in self.boots)

    def found(self, name: str) -> Any:  # noqa: ANN401  # JSON: whatever the scenario says
        """One of the findings.  Fails with the console when the scenario did not get that far."""
        assert name in self.findings, f"no {name!r}; {self.end}\n{self.console}"
        return self.findings[name]


def boot(
    disk: Disk,
    scenario: str,
    *,
    seconds: float = 120,
    restarts: int = 0,
    cut: Cut | None = None,
    arguments: Mapping[str, object] | None = None,
    extra: str = "",
    watch: Watch | None = None,
) -> Report:
    """Switch the machine on, and again after at most `restarts` restarts; each may take `seconds`.

    `arguments` (JSON) are handed to the scenario, with "boot" (0, 1 …) added; `extra` goes to the
    kernel's command line.  The scenario is run in each boot.  `watch` is called every few
    milliseconds with the kernel's process and the console so far.
    """
    boots: list[Boot] = []
    with tempfile.TemporaryDirectory(prefix="offhook-image-") as shared:
        directory = Path(shared)
        for number in range(restarts + 1):
            given = {**(arguments or {}), "boot": number}
            (directory / "arguments.json").write_text(json.dumps(given))
            boots.append(
                _boot(disk, _credential(scenario, directory) + extra.split(), seconds, cut, watch)
            )
            if boots[-1].end not in (End.RESTARTED, End.PANICKED):
                break
        files = {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}
    return Report(tuple(boots), files)


def _credential(scenario: str, shared: Path) -> list[str]:
    service = _SERVICE.format(tests=ROOT / "tests", shared=shared, scenario=scenario)
    coded = base64.b64encode(service.encode()).decode()
    return [
        f"systemd.set_credential_binary=systemd.extra-unit.{UNIT}:{coded}",
        f"systemd.wants={UNIT}",
    ]


def _boot(
    disk: Disk, more: list[str], seconds: float, cut: Cut | None, watch: Watch | None
) -> Boot:
    program = kernel()
    assert program is not None
    choice = uboot.choose(disk.path)
    command = [
        str(program), f"mem={MEMORY}", f"ubd0={disk.path}",
        f"root=PARTUUID=0ff400c1-0{choice.partition}", "ro", "rootwait",
        "init=/usr/lib/offhook/preinit", f"rauc.slot={choice.slot}", "panic=5",
        "quiet", "loglevel=3", "noreboot", "con=null", "con0=null,fd:1", "con1=null", "ssl=null",
        # hundreds of devices less for udev; and a host that is busy is no phone that hangs
        "pty.legacy_count=0", "nbd.nbds_max=4", "systemd.watchdog_sec=120",
        "systemd.show_status=0", *more,
    ]  # fmt: skip
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=_memory()) as memory:
        process = subprocess.Popen(
            command, env={**os.environ, "TMPDIR": memory}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            console, late = _follow(process, seconds, cut, watch)
        finally:
            _kill(process)
    end = _how(console) if late is None else late
    return Boot(choice.slot, end, time.monotonic() - began, console)


def _follow(
    process: "subprocess.Popen[bytes]", seconds: float, cut: Cut | None, watch: Watch | None
) -> tuple[str, End | None]:
    """Read the console until the machine ends, is cut off, or is too late."""
    assert process.stdout is not None
    began = time.monotonic()
    marked = began if cut is not None and not cut.marker else None
    console = b""
    for chunk in _chunks(process.stdout):
        console += chunk
        if watch is not None:
            watch(process.pid, console)
        now = time.monotonic()
        if cut is not None and marked is None and cut.marker.encode() in console:
            marked = now
        if cut is not None and marked is not None and now - marked >= cut.seconds:
            return _text(console), End.CUT
        if now - began > seconds:
            return _text(console), End.TOO_LATE
    return _text(console), None


def _chunks(pipe: IO[bytes]) -> Iterator[bytes]:
    """What comes, or nothing every few milliseconds; ends with the pipe."""
    os.set_blocking(pipe.fileno(), False)
    while True:
        with suppress(BlockingIOError):
            if not (chunk := os.read(pipe.fileno(), 1 << 16)):
                return
            yield chunk
            continue
        time.sleep(0.005)
        yield b""


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """All of it, at once: what it had not handed to the disk is lost."""
    with suppress(ProcessLookupError):  # it ended by itself
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def _how(console: str) -> End:
    if "Kernel panic" in console:
        return End.PANICKED
    restarted = "Restarting system" in console or "Initiating system reboot" in console
    return End.RESTARTED if restarted else End.POWERED_OFF


def _text(console: bytes) -> str:
    return console.decode("utf-8", "replace").replace("\r", "")


@cache
def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # a file system in memory
