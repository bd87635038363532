"""`offhook doctor`: one page that says what is wrong and what to do.

    a check is   see_x(machine, phone) -> facts   and   judge_x(facts) -> findings

The first looks, through `cli.machine`; the second is pure and holds the knowledge.
"""

import argparse
import json
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from offhook.cli.doctor.examination import ask, examine
from offhook.cli.doctor.finding import Finding, Level
from offhook.cli.machine import Machine

MORE: Final = (
    "Looks at power, clock, network, exchange, sound, keys, card and software.  ok: well; "
    "-: not known, or not there on this machine; warn: works, but look at it; BAD: does not "
    "work.  Some things only root may see: sudo offhook doctor.  Exit code 1 when something is BAD."
)
_NAME: Final = 13  # columns of a check's name
_WIDTH: Final = 100


def command(chosen: argparse.Namespace) -> int:
    """`offhook doctor`."""
    machine = Machine()
    findings = examine(machine, ask(chosen.socket, machine))
    if chosen.json:
        print(json.dumps(list(map(plain, findings)), indent=2))
    else:
        width = min(_WIDTH, shutil.get_terminal_size((_WIDTH, 24)).columns)
        print("\n".join(page(findings, width)))
    return exit_code(findings)


def exit_code(findings: Sequence[Finding]) -> int:
    """1 if something is bad."""
    return int(any(each.level is Level.BAD for each in findings))


def plain(finding: Finding) -> dict[str, str]:
    """For machines."""
    return {
        "check": finding.check, "level": finding.level.value.lower(), "detail": finding.detail,
        "remedy": finding.remedy,
    }  # fmt: skip


def lines(findings: Sequence[Finding], width: int = _WIDTH) -> Iterator[str]:
    """Columns; a remedy stands under what it heals."""
    for each in findings:
        head = f"{each.level.value:<5}{each.check:<{_NAME}} "
        yield from _wrapped(each.detail, head, width)
        if each.remedy:
            yield from _wrapped(each.remedy, " " * (len(head) - 2) + "> ", width)


def page(findings: Sequence[Finding], width: int = _WIDTH) -> Iterator[str]:
    """The same, and a last line that counts."""
    yield from lines(findings, width)
    bad = sum(each.level is Level.BAD for each in findings)
    warned = sum(each.level is Level.WARN for each in findings)
    yield ""
    if bad or warned:
        yield f"{bad} bad, {warned} to look at."
    else:
        yield "Nothing wrong was found."


def _wrapped(text: str, head: str, width: int) -> Iterator[str]:
    room = max(20, width - len(head))
    first, *rest = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    yield (head + first).rstrip()
    yield from (" " * len(head) + line for line in rest)
