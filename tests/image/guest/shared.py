"""What the host and a scenario have in common."""

import json
import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

HOST: Final = Path("/run/host")
"""The host's root directory."""
SHARED: Final = Path(os.environ.get("IMG_SHARED", "/run/shared"))
"""A directory of the host: files put there go into the report."""


@cache
def arguments() -> Mapping[str, Any]:
    """What the test handed over."""
    given: dict[str, Any] = json.loads((SHARED / "arguments.json").read_text())
    return given


def report(**findings: object) -> None:
    """Tell the test; at once, so that it is not lost with the power."""
    sys.stdout.write("\nIMG " + json.dumps(findings) + "\n")
    sys.stdout.flush()


def mark(text: str) -> None:
    """A line for `Cut(marker=…)`."""
    sys.stdout.write(f"\nIMG-MARK {text}\n")
    sys.stdout.flush()
