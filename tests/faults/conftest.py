"""A lab exchange, and a telephone registered there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import vloop
from support.handset import Handset, handset
from support.lab_exchange import LabExchange, lab_exchange


@pytest.fixture
def exchange() -> Iterator[LabExchange]:
    if lacking := vloop.missing():
        pytest.skip(lacking)
    with lab_exchange() as running:
        yield running


@pytest.fixture
def phone(tmp_path: Path, exchange: LabExchange) -> Iterator[Handset]:
    with handset(tmp_path, exchange.registrar()) as running:
        yield running
