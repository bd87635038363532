"""Debian trees made by mmdebstrap."""

import os
import subprocess
from collections.abc import Sequence
from functools import cache as once
from pathlib import Path
from typing import Final

from builder import cache
from builder.mirror import Mirror, options
from builder.say import BuildError, run
from builder.spec import IMAGE, Spec

KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
BINFMT: Final = Path("/proc/sys/fs/binfmt_misc")
HOOKS: Final = IMAGE / "builder" / "hooks"


@once
def native() -> str:
    """The architecture of the machine that builds, as Debian names it."""
    return subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()


def base(spec: Spec, mirror: Mirror, log: Path) -> Path:
    """A tar with the target's Debian packages."""
    key = cache.digest([
        spec.release, *spec.suites, spec.borrowed, *spec.components, str(spec.epoch), spec.arch,
        *spec.packages, "-", *spec.exclude, "-", *spec.include, HOOKS,
    ])  # fmt: skip
    what = f"Debian {spec.release} {spec.arch}"
    if spec.arch != native():
        what += ", emulated: some minutes"

    def make(path: Path) -> None:
        strap(spec, mirror, path, architectures=(spec.arch,), packages=spec.packages, log=log)

    return cache.kept(f"base-{spec.arch}", key, what, make)


def strap(
    spec: Spec, mirror: Mirror, path: Path, *,
    architectures: Sequence[str], packages: Sequence[str], log: Path,
) -> None:  # fmt: skip
    """Install `packages` into `path`: a tar for the target, a directory for the toolbox."""
    if architectures[0] != native():
        emulate(architectures[0])
    target = len(architectures) == 1
    trimmed = [f"--dpkgopt=path-exclude={pattern}" for pattern in spec.exclude]
    trimmed += [f"--dpkgopt=path-include={pattern}" for pattern in spec.include]
    # mmdebstrap's configuration stays in the tree; the target gets none that a builder would leave
    run(
        [
            "mmdebstrap", "--mode=root", "--variant=minbase",
            f"--architectures={','.join(dict.fromkeys(architectures))}",
            f"--format={'tar' if target else 'directory'}",
            f"--keyring={KEYRING}", f"--include={','.join(packages)}",
            '--aptopt=Acquire::Languages "none"', '--aptopt=APT::Install-Recommends "false"',
            "--dpkgopt=force-unsafe-io",
            *options(),
            *([*trimmed, f"--hook-dir={HOOKS}"] if target else []),
            spec.release, path, *mirror.sources(spec, borrowed=target),
        ],
        log=log, env={**os.environ, "SOURCE_DATE_EPOCH": str(spec.epoch), "TZ": "UTC"},
    )  # fmt: skip


def emulate(arch: str) -> None:
    """See to it that programs of `arch` run here.  Raises `BuildError` with the remedy."""
    run_here = ["arch-test", arch]
    if subprocess.run(run_here, stdout=subprocess.DEVNULL, check=False).returncode == 0:
        return
    if not (BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT], check=False)
    known = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")
    if arch == "arm64" and known.exists() and not (BINFMT / "qemu-aarch64").exists():
        (BINFMT / "register").write_text(known.read_text(encoding="ascii"), encoding="ascii")
    if subprocess.run(run_here, stdout=subprocess.DEVNULL, check=False).returncode:
        raise BuildError(
            f"Programs for {arch} do not run here.  On Debian: apt install qemu-user-static, then "
            "systemctl restart systemd-binfmt"
        )
