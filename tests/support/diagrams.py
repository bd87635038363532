"""Draw every state machine of the phone from its table: `make diagrams`.

A machine is a module with a mapping TRANSITIONS: (state, input) -> (state, effect).  What is
decided outside the table is not drawn, so do not decide it there.
"""

import importlib
import pkgutil
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Final

import offhook

DRAWN: Final = Path(__file__).parents[2] / "firmware" / "diagrams"
PURE: Final = ("sip", "sdp", "rtp", "audio", "phone")


def machines() -> Iterator[ModuleType]:
    """Every module of the pure packages that has a table, in the order of their names."""
    for found in pkgutil.walk_packages(offhook.__path__, "offhook."):
        if found.name.split(".")[1] in PURE:
            module = importlib.import_module(found.name)
            if hasattr(module, "TRANSITIONS"):
                yield module


def draw(module: ModuleType) -> str:
    """A page for one machine: what the module says it is, and its diagram."""
    table: Mapping[tuple[Enum, Enum], object] = module.TRANSITIONS
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (state, event), target in table.items():
        to = target[0] if isinstance(target, tuple) else target
        assert isinstance(to, Enum)
        arrows[state.name, to.name].append(event.name)
    first = next(iter(table))[0].name
    lines = [f"    [*] --> {first}"]
    lines += [f"    {a} --> {b}: {'<br/>'.join(events)}" for (a, b), events in arrows.items()]
    title = (module.__doc__ or module.__name__).strip().splitlines()[0]
    return "\n".join(
        [
            f"# {title}",
            "",
            f"Drawn by `make diagrams` from `{module.__name__}.TRANSITIONS`.",
            "",
            "```mermaid",
            "stateDiagram-v2",
            *lines,
            "```",
            "",
        ]
    )


def pages() -> dict[str, str]:
    """File name -> content of all diagrams."""
    return {f"{module.__name__.removeprefix('offhook.')}.md": draw(module) for module in machines()}


def main() -> None:
    """Write them, and say which."""
    DRAWN.mkdir(exist_ok=True)
    for stale in DRAWN.glob("*.md"):
        stale.unlink()
    for name, page in pages().items():
        (DRAWN / name).write_text(page)
        sys.stdout.write(f"{DRAWN.name}/{name}\n")


if __name__ == "__main__":
    main()
