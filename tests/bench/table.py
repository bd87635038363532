"""What a measurement found: one table, and what is to be said of our promises."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """How much a limit binds."""

    CONDITION = "condition"  # the bench fails without it
    AIM = "aim"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One figure against its limit."""

    kind: Kind
    what: str
    figure: float
    limit: float
    unit: str
    at_least: bool = False
    """The figure must not be less than the limit, instead of not more."""

    @property
    def reached(self) -> bool:
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        answer = "reached" if self.reached else "**not reached**"
        return (
            f"| {self.kind.value} | {self.what} | {self.figure:.2f} {self.unit} "
            f"| {sign} {self.limit:g} {self.unit} | {answer} |"
        )


@dataclass(frozen=True, slots=True)
class Table:
    """One measurement; `str` of it is Markdown."""

    title: str
    method: str
    """How it was measured, in a sentence or three."""
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    verdicts: Sequence[Verdict] = field(default=())

    def __str__(self) -> str:
        lines = [self.head, ["---"] * len(self.head), *self.rows]
        body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return f"## {self.title}\n\n{self.method}\n\n{body}\n"


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
