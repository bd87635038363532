"""Whoever sits in front: may they, do they want it."""

import os
import sys
from collections.abc import Callable
from typing import Final

from offhook.cli.client import ClientError
from offhook.cli.machine import Machine

YES: Final = frozenset({"y", "yes"})
Asker = Callable[[str], str | None]
"""Puts a question; None where nobody can answer."""


def answer(question: str) -> str | None:
    """From the terminal."""
    if not sys.stdin.isatty():
        return None
    try:
        return input(question).strip()
    except EOFError:
        return None


def need_root(machine: Machine, words: str) -> None:
    """Raise with the command that would do."""
    if machine.uid:
        raise ClientError(f"offhook: this needs root: sudo offhook {words}", 4)


def agree(question: str, ask: Asker = answer) -> None:
    """Raise unless the answer is yes."""
    told = ask(f"{question} [y/N] ")
    if told is None:
        raise ClientError("offhook: nobody is there to answer; say --yes")
    if told.lower() not in YES:
        raise ClientError("offhook: nothing was changed")


def terminal() -> bool:
    """Whether lines may be written over."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
