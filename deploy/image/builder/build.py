"""One run of the builder: what is built, with what, and where results go."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from builder.spec import Spec
from builder.toolbox import Tree
from builder.tree import Release


@dataclass(frozen=True, slots=True)
class Build:
    """One run of the builder."""

    spec: Spec
    tools: Tree
    release: Release
    out: Path
    base: Callable[[], Path]
    """Makes the base when it is needed."""

    def named(self, suffix: str) -> Path:
        """A result's path, such as build/offhook-0.1.0-arm64.img."""
        return self.out / f"offhook-{self.release.version}-{self.spec.arch}.{suffix}"
