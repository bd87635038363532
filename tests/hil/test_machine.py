"""The simulated board itself."""

import pytest

from hil.machine import boot, kernel

pytestmark = [
    pytest.mark.hil,
    pytest.mark.skipif(
        kernel() is None, reason="no kernel for the simulated board: make uml-kernel"
    ),
]


def test_the_board_has_a_gpio_chip_a_sound_card_and_a_watchdog() -> None:
    report = boot("board")
    assert report.exit_status == 0, report.log
    assert report.findings["gpio"] is True
    assert report.findings["pulled"] is True
    assert report.findings["watchdog"] is True
    assert "Loopback" in str(report.findings["cards"])
