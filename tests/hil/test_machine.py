"""The simulated board itself."""

import pytest

from hil.machine import boot, needs_kernel

pytestmark = [pytest.mark.hil, needs_kernel]


def test_the_board_has_a_gpio_chip_a_sound_card_and_a_watchdog() -> None:
    report = boot("board")
    assert report.exit_status == 0, report.log
    assert report.findings["gpio"] is True
    assert report.findings["pulled"] is True
    assert report.findings["watchdog"] is True
    assert "Loopback" in str(report.findings["cards"])
