"""The stand-in for U-Boot, which the tests on the amd64 tree boot with: the choice of boot.cmd."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image import environment, uboot


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    path = tmp_path / "disk"
    path.write_bytes(bytes(environment.OFFSET + environment.SIZE))
    return path


def state(order: str, a: int, b: int) -> dict[str, str]:
    return {"BOOT_ORDER": order, "BOOT_A_LEFT": str(a), "BOOT_B_LEFT": str(b)}


@pytest.mark.parametrize(
    ("before", "slot", "after"),
    [
        (state("A B", 3, 3), "A", state("A B", 2, 3)),
        (state("B A", 3, 3), "B", state("B A", 3, 2)),
        (state("A B", 0, 2), "B", state("A B", 0, 1)),
        (state("A B", 0, 0), "A", state("A B", 2, 3)),
        (state("B", 3, 0), "B", state("B", 3, 2)),
        (state("C", 1, 1), "A", state("A B", 0, 1)),
        (state("A B", 9, 0), "A", state("A B", 2, 0)),
        ({}, "A", state("A B", 2, 3)),
    ],
)
def test_the_first_slot_with_an_attempt_left_is_taken_and_counted(
    disk: Path, before: Mapping[str, str], slot: str, after: Mapping[str, str]
) -> None:
    environment.write(disk, before)
    assert uboot.choose(disk).slot == slot
    assert environment.read(disk) == after


def test_a_sector_without_its_checksum_means_the_defaults(disk: Path) -> None:
    assert environment.read(disk) == environment.DEFAULTS
    assert uboot.choose(disk).slot == "A"


@given(st.dictionaries(st.text("ABC_", min_size=1), st.text("A B012", max_size=8), max_size=6))
def test_what_is_written_is_read_again(variables: dict[str, str]) -> None:
    if variables:
        assert environment.unpack(environment.pack(variables)) == variables


def test_a_slot_that_never_gets_good_is_left_after_three_attempts(disk: Path) -> None:
    environment.write(disk, state("B A", 3, 3))
    assert "".join(uboot.choose(disk).slot for _ in range(7)) == "BBBAAAB"
