"""offhook-report.txt: what the phone has to say to whoever holds the card in a computer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from offhook.appliance.plan import Plan, Problems
from offhook.service.schema import Problem
from offhook.text import printable

WIDTH = 18


@dataclass(frozen=True, slots=True)
class Identity:
    """Which phone speaks."""

    hostname: str
    serial: str
    versions: str
    date: str
    """By the phone's clock, which may be wrong before it has a network."""


def good(identity: Identity, name: str, plan: Plan) -> str:
    """All was taken over."""
    return "\n".join(
        [
            f"{name}: taken over."
            if plan.account
            else f"{name}: taken over, but there is no account.",
            "",
            *_who(identity, plan.hostname),
            *_name(name),
            "",
            *(f"{f'{what}:':{WIDTH}}{printable(words, 200)}" for what, words in plan.told),
            "",
            *_secrets(plan),
        ]
    )


def wrong(identity: Identity, name: str, found: Problems, *, fresh: bool) -> str:
    """Nothing was."""
    count = len(found.problems)
    kept = "The phone is not set up yet." if fresh else "The last good settings stay in use."
    return "\n".join(
        [
            f"{name}: {count} problem{'s' if count > 1 else ''}.  Nothing was changed.  {kept}",
            "",
            *_problems(found.problems),
            "Mend the file on the card, put the card back and switch the phone on.",
            "",
            *_who(identity, ""),
            *_name(name),
            "",
        ]
    )


def _who(identity: Identity, hostname: str) -> Iterator[str]:
    yield f"{'Phone:':{WIDTH}}{hostname or identity.hostname}, serial number {identity.serial}"
    yield f"{'Software:':{WIDTH}}{identity.versions}"
    yield f"{'Written:':{WIDTH}}{identity.date} (by the phone's clock)"


def _name(name: str) -> Iterator[str]:
    if name.lower().endswith(".txt"):
        yield f"{'Name of the file:':{WIDTH}}{name}.  Windows hides the .txt; it does no harm."


def _problems(problems: Sequence[Problem]) -> Iterator[str]:
    for number, problem in enumerate(problems, 1):
        where = f"{problem.key} = {problem.value}" if problem.value else problem.key
        yield f"{number}. {where}" if where else f"{number}. The file"
        yield f"   {problem.what}."
        yield f"   {problem.remedy}"
        yield ""


def _secrets(plan: Plan) -> Iterator[str]:
    if plan.spans:
        yield 'Passwords were moved into the phone and erased here; "" keeps the one it has.'
        yield ""
