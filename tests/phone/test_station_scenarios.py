"""Every file in scenarios/station/ is the log of a telephone, compared whole."""

from pathlib import Path
from typing import Final

import pytest

from support.replay import lines_of, replay

SCENARIOS: Final = sorted((Path(__file__).parents[1] / "scenarios" / "station").glob("*.log"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    text = path.read_text()
    assert list(replay(text)) == lines_of(text)


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 15
