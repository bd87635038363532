"""Build the phone's Debian package in the trees that the image's builder left in its cache."""

import os
from pathlib import Path
from typing import Final

import pytest

from builder import cache, deb
from builder.build import Build
from builder.spec import load
from builder.toolbox import Tree
from builder.tree import Release

EPOCH: Final = 1_795_370_000


def newest(name: str) -> Path | None:
    """The latest result of a stage."""
    made = [path for path in cache.root().glob(f"{name}-????????????") if path.exists()]
    return max(made, key=lambda path: path.stat().st_mtime, default=None)


needs_trees: Final = [
    pytest.mark.image,
    pytest.mark.skipif(os.geteuid() != 0, reason="other trees need root"),
    pytest.mark.skipif(
        newest("toolbox") is None or newest("base-amd64") is None,
        reason="no tree here: PYTHONPATH=deploy/image python3 -m builder base --arch amd64",
    ),
]


def build(out: Path, version: str) -> Path:
    """The amd64 package, called `version`; lintian has nothing to say, or there is none."""
    tools, base = newest("toolbox"), newest("base-amd64")
    assert tools is not None
    assert base is not None
    out.mkdir()
    return deb.make(
        Build(
            spec=load("amd64"), tools=Tree(tools, out / "log"), release=Release(version, EPOCH),
            out=out, base=lambda: base,
        )
    )  # fmt: skip
