"""The machine around a scenario."""

import subprocess
import time
from collections.abc import Callable
from typing import Final, TypeVar

LONGEST: Final = 60.0  # seconds for anything
_T = TypeVar("_T")


class TooLateError(Exception):
    """Something did not come about."""


def run(*command: str, check: bool = True, given: str = "") -> str:
    """A command's output (both streams).  Raises `RuntimeError` with it when it fails."""
    done = subprocess.run(
        command,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if check and done.returncode:
        raise RuntimeError(f"{command} returned {done.returncode}: {done.stdout}")
    return done.stdout


def status(*command: str) -> int:
    """A command's exit status."""
    return subprocess.run(command, capture_output=True, check=False).returncode


def wait_for(what: str, look: Callable[[], _T], longest: float = LONGEST) -> _T:
    """Look until there is something; what it was."""
    end = time.monotonic() + longest
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.05)
    raise TooLateError(f"no {what} within {longest:.0f} s")


def wait_until_up() -> str:
    """Until every job of the boot is done: "running", or "degraded" with failed units."""
    return run("systemctl", "is-system-running", "--wait", check=False).strip()


def failed_units() -> list[str]:
    """Names of units that failed."""
    told = run("systemctl", "list-units", "--state=failed", "--no-legend", "--plain")
    return [line.split()[0] for line in told.splitlines() if line.strip()]


def properties(unit: str, *names: str) -> dict[str, str]:
    """As `systemctl show` has them; "" is systemd itself."""
    told = run(
        "systemctl", "show", *filter(None, [unit]), *(f"--property={name}" for name in names)
    )
    return dict(line.split("=", 1) for line in told.splitlines() if "=" in line)


def uptime() -> float:
    """Seconds since the kernel started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def power_off() -> None:
    """In order, as by a button."""
    subprocess.run(["systemctl", "--no-block", "poweroff"], check=True)


def restart() -> None:
    """In order."""
    subprocess.run(["systemctl", "--no-block", "reboot"], check=True)
