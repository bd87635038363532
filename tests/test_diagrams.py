"""The committed diagrams are those of the tables."""

from support.diagrams import DRAWN, pages


def test_the_drawn_machines_are_the_tables() -> None:
    drawn = {path.name: path.read_text() for path in DRAWN.glob("*.md")}
    assert drawn == pages(), "run: make diagrams"
