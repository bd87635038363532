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


def test_every_key_of_a_matrix_is_seen_by_lgpio_where_it_is_pressed() -> None:
    report = boot("matrix")
    assert report.exit_status == 0, report.log
    assert report.findings["alone"] == [[[row, column]] for row in range(4) for column in range(3)]
    assert report.findings["both"] == [[0, 0], [3, 2]]
