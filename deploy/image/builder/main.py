"""`python3 -m builder STAGE --arch ARCH`: what `make deb`, `make image` and `make bundle` call."""

import argparse
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from builder import mirror
from builder.base import base
from builder.build import Build
from builder.plan import STAGES
from builder.say import BuildError, say
from builder.spec import ARCHITECTURES, ROOT, load
from builder.toolbox import toolbox
from builder.tree import Release

KEPT: Final = "MIRROR,SECURITY_MIRROR,OFFHOOK_CACHE,XDG_CACHE_HOME,XDG_CONFIG_HOME,KEYS,HOME"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build; the exit code."""
    chosen = _parser().parse_args(arguments)
    if os.geteuid() != 0:
        return _as_root()
    try:
        build = _prepare(chosen)
        STAGES[chosen.stage](build)
    except BuildError as error:
        say(f"make: {error}")
        return 1
    finally:
        _give_back(ROOT / "build")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("builder", description="Build the phone's image.")
    parser.add_argument("stage", choices=tuple(STAGES))
    parser.add_argument("--arch", choices=ARCHITECTURES, default="arm64")
    parser.add_argument("--version", help="instead of the one of pyproject.toml")
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="where results go")
    return parser


def _prepare(chosen: argparse.Namespace) -> Build:
    spec = load(chosen.arch)
    chosen.out.mkdir(parents=True, exist_ok=True)
    log = chosen.out / f"{chosen.stage}-{chosen.arch}.log"
    log.write_text("", encoding="utf-8")
    source = mirror.find()
    tools = toolbox(spec, source, log)
    release = Release(chosen.version or _version(), _epoch())
    return Build(spec, tools, release, chosen.out, lambda: base(spec, source, log))


def _version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def _epoch() -> int:
    """When the commit was made that is built."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    done = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "log", "-1", "--format=%ct"],
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BuildError("this is not a git checkout: set SOURCE_DATE_EPOCH")
    return int(done.stdout)


def _as_root() -> int:
    """The same again by sudo, which asks once; trees with their owners need root."""
    command = ["sudo", f"--preserve-env={KEPT},PYTHONPATH", sys.executable, "-m", "builder"]
    return subprocess.call([*command, *sys.argv[1:]])


def _give_back(out: Path) -> None:
    """Results belong to whoever asked, not to root."""
    owner, group = os.environ.get("SUDO_UID"), os.environ.get("SUDO_GID")
    if owner and group:
        subprocess.run(["chown", "-R", f"{owner}:{group}", out], check=False)
