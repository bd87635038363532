"""Where Debian's packages come from: $MIRROR, or what this machine's own apt is told."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from builder.say import BuildError
from builder.spec import Spec


@dataclass(frozen=True, slots=True)
class Mirror:
    """Base addresses, without a trailing slash."""

    debian: str
    security: str

    def sources(self, spec: Spec, *, borrowed: bool) -> list[str]:
        """Lines for sources.list; with the release from which single packages come, or without."""
        components = " ".join(spec.components)
        suites = [*spec.suites, spec.borrowed] if borrowed else spec.suites
        lines = [f"deb {self.debian} {suite} {components}" for suite in suites]
        return [*lines, f"deb {self.security} {spec.security} {components}"]


def find(environment: Mapping[str, str] = os.environ) -> Mirror:
    """The mirror to use.  Raises `BuildError` when neither apt nor $MIRROR names one."""
    given = environment.get("MIRROR", "").rstrip("/")
    if given:
        security = environment.get("SECURITY_MIRROR", "").rstrip("/")
        return Mirror(given, security or given + "-security")
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)"],
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    return of_apt(done.stdout)


def options() -> list[str]:
    """What apt here is told about old release files, for a mirror of the past."""
    done = subprocess.run(
        ["apt-config", "dump", "--format=%f \"%v\"%n", "Acquire::Check-Valid-Until"],
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    return [f"--aptopt={line}" for line in done.stdout.splitlines()]


def of_apt(targets: str) -> Mirror:
    """From lines `origin|label|address`, as apt knows its sources."""
    known: dict[str, str] = {}
    for line in targets.splitlines():
        origin, label, address = line.split("|", 2)
        if origin == "Debian":
            known.setdefault(label, address.rstrip("/"))
    debian = known.get("Debian")
    if debian is None:
        raise BuildError(
            "apt on this machine names no Debian mirror (or has no lists yet: apt-get update). "
            "Name one: make image MIRROR=http://…/debian"
        )
    return Mirror(debian, known.get("Debian-Security") or debian + "-security")
