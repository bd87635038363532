"""Who this is: versions of everything."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass

from offhook.cli.doctor.finding import Finding, Phone, ok, warn
from offhook.cli.machine import Machine
from offhook.service.version import VERSION
from offhook.text import printable


@dataclass(frozen=True, slots=True)
class Versions:
    """Of hardware and software."""

    phone: str = VERSION
    running: str = ""
    """That of the offhookd that runs."""
    system: str = ""
    image: str = ""
    kernel: str = ""
    python: str = ""
    model: str = ""


def versions(machine: Machine, phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_versions(see_versions(machine, phone))


def see_versions(machine: Machine, phone: Phone) -> Versions:
    """From the usual files."""
    return Versions(
        running=str(phone.about("version") or ""),
        system=machine.read("etc/debian_version") or machine.release("PRETTY_NAME"),
        image=machine.release("IMAGE_VERSION"),
        kernel=machine.read("proc/sys/kernel/osrelease"),
        python=platform.python_version(),
        model=machine.model,
    )


def judge_versions(facts: Versions) -> Iterator[Finding]:
    """A phone that runs on after an update is old."""
    parts = (
        f"offhook {facts.phone}",
        f"image {facts.image}" if facts.image else "",
        f"Debian {facts.system}" if facts.system else "",
        f"kernel {facts.kernel}" if facts.kernel else "",
        f"Python {facts.python}" if facts.python else "",
        facts.model,
    )
    shown = printable(", ".join(filter(None, parts)), 240)
    if facts.running and facts.running != facts.phone:
        yield warn(
            "versions", f"{shown}; offhookd still runs {printable(facts.running)}",
            "sudo systemctl restart offhookd",
        )  # fmt: skip
    else:
        yield ok("versions", shown)
