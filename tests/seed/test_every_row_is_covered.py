"""The seed's log was read row by row (1 to 93); each row has a test that names it, or a reason.

A row is named in a test's name, docstring or comments ("row 42", "rows 31 and 32",
"…_rows_5_6_7"), or in a scenario log.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
FOLDERS: Final = ("sip", "sdp", "rtp", "phone", "seed", "scenarios")
ROWS: Final = range(1, 94)
NOT_TESTED: Final = {
    84: "doubango's congestion control has no counterpart in a telephone of one codec at a time",
    87: "a warning of SpeexDSP about its own voice detector; we use no SpeexDSP",
    93: "another library of that telephone wrote to a closed socket; nothing of ours is in it",
}
MISTAKES: Final = (13, 27, 47, 60, 68, 69)
"""Of the seed's telephone; that ours does not make them is shown by the whole Station."""

_NUMBERS: Final = re.compile(
    r"(?<![a-z])rows?[ _](\d{1,2}(?:(?:, and |, | and |_)\d{1,2}(?!\d))*)(?!\d)", re.IGNORECASE
)


def named(text: str) -> set[int]:
    """The rows that this text names."""
    found = set()
    for match in _NUMBERS.finditer(text):
        found |= {int(number) for number in re.findall(r"\d+", match[1])}
    return found


def sources(path: Path) -> Iterator[str]:
    """Source of each test function, its decorators included."""
    text = path.read_text()
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            yield "\n".join(lines[first - 1 : node.end_lineno])


def covered() -> dict[int, set[str]]:
    """Where each row is named."""
    found: dict[int, set[str]] = {}
    for folder in FOLDERS:
        for path in sorted((TESTS / folder).rglob("*")):
            if path == Path(__file__) or path.suffix not in {".py", ".log"}:
                continue
            texts = [path.read_text()] if path.suffix == ".log" else sources(path)
            for text in texts:
                for row in named(text):
                    found.setdefault(row, set()).add(path.name)
    return found


COVERED: Final = covered()


@pytest.mark.parametrize("row", [row for row in ROWS if row not in NOT_TESTED])
def test_some_test_names_it(row: int) -> None:
    assert COVERED.get(row), f"no test names row {row} of the seed"


@pytest.mark.parametrize("row", MISTAKES)
def test_a_mistake_of_the_seeds_telephone_is_tested_against_the_station(row: int) -> None:
    assert any(name.startswith("test_rows_") for name in COVERED[row])


def test_what_is_not_tested_is_really_not_tested() -> None:
    assert not NOT_TESTED.keys() & COVERED.keys()
    assert NOT_TESTED.keys() <= set(ROWS)


def test_names_of_rows_are_read_rightly() -> None:
    assert named("Row 4: rows 31 and 32, row_7_c8, rows 5, 6") == {4, 31, 32, 7, 5, 6}
    assert named("rows_12_13_c1 arrows 9, a row of 3") == {12, 13}
    assert named("rows 61 to 63") == {61}  # a range names nothing: say what is tested
