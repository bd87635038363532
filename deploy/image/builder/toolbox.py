"""A Debian tree, and commands run inside it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder import cache
from builder.base import native, strap
from builder.mirror import Mirror
from builder.say import run
from builder.spec import Spec

_IN_TREE: Final = Path(__file__).with_name("in_tree.sh")


@dataclass(frozen=True, slots=True)
class Tree:
    """A root directory to run commands in, as root, apart from this machine's mounts."""

    path: Path
    log: Path
    """All output goes here."""

    def run(
        self,
        command: Sequence[str | Path],
        *,
        paths: Sequence[Path] = (),
        cwd: Path = Path("/"),
        env: Mapping[str, str] | None = None,
        text: str | None = None,
    ) -> str:
        """Run `command` inside; each of `paths` is seen there under its own name.

        Returns its output; raises `BuildError` when it fails.
        """
        return run(
            [
                "unshare", "--mount", "--propagation", "private",
                _IN_TREE, self.path, cwd, *paths, "--", *command,
            ],
            log=self.log, text=text, env=_clean(env or {}),
        )  # fmt: skip


def _clean(more: Mapping[str, str]) -> dict[str, str]:
    """An environment that is the same on every machine."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root", "LC_ALL": "C.UTF-8", "TZ": "UTC", "DEBIAN_FRONTEND": "noninteractive",
        **{name: os.environ[name] for name in ("SOURCE_DATE_EPOCH",) if name in os.environ},
        **more,
    }  # fmt: skip


def toolbox(spec: Spec, mirror: Mirror, log: Path) -> Tree:
    """The tree with the tools that build, of this machine's architecture."""
    packages = [name for name in spec.tools if not name.endswith(f":{native()}")]
    key = cache.digest([spec.release, *spec.suites, native(), *packages])

    def make(path: Path) -> None:
        strap(spec, mirror, path, architectures=(native(), "arm64"), packages=packages, log=log)

    return Tree(cache.kept("toolbox", key, "Debian with the tools that build", make), log)
