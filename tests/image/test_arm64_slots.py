"""The image's own kernel, U-Boot and boot script: a broken slot is left for the good one.

On QEMU's Raspberry Pi 3 with Debian's U-Boot from the card, and on its `virt` board.
"""

import re
import subprocess
from pathlib import Path

import pytest

from image.arm64 import flash, needs_arm64_image
from image.disk import MIB, Disk
from image.qemu import Board, start

pytestmark = needs_arm64_image

PATIENCE = 900.0
STARTED = r"Welcome to "  # systemd, on the root file system of the slot
ROOT_A, ROOT_B = 2, 3
STATE = {"BOOT_ORDER": "A B", "BOOT_A_LEFT": "3", "BOOT_B_LEFT": "3"}
LOUD = "extra=console=ttyAMA0,115200 loglevel=6 systemd.show_status=1\n"
INIT = "/usr/lib/offhook/preinit"


@pytest.fixture
def twin(tmp_path: Path) -> Disk:
    """A card with the system in both slots; the boot tells of itself on the serial port."""
    disk = flash(tmp_path)
    _copy(disk, disk.partition(ROOT_A).start, disk.partition(ROOT_B).start)
    disk.put("boot.txt", LOUD)
    disk.set_variables(**STATE)
    return disk


def _copy(disk: Disk, source: int, target: int) -> None:
    size = disk.partition(ROOT_A).size
    with disk.path.open("rb") as reader, disk.path.open("r+b") as writer:
        reader.seek(source)
        writer.seek(target)
        for _ in range(size // MIB):
            block = reader.read(MIB)
            if block.count(0) == len(block):
                writer.seek(MIB, 1)
            else:
                writer.write(block)


def _break_init(disk: Disk, number: int) -> None:
    """Its first process ends at once, at which the kernel panics."""
    broken = disk.path.with_suffix(".init")
    broken.write_text("#!/bin/sh\nexit 1\n")
    where = f"{disk.path}?offset={disk.partition(number).start}"
    for request in (f"rm {INIT}", f"write {broken} {INIT}", f"sif {INIT} mode 0100755"):
        subprocess.run(["/sbin/debugfs", "-w", "-R", request, where], check=True)


def _tried(console: str) -> list[tuple[str, str]]:
    return re.findall(r"offhook: slot ([AB]) of [AB ]+, left (A=\d B=\d)", console)


@pytest.mark.parametrize("board", list(Board))
def test_slot_a_starts_on_a_fresh_card(tmp_path: Path, board: Board) -> None:
    disk = flash(tmp_path)
    disk.put("boot.txt", LOUD)
    with start(disk, board) as machine:
        machine.wait_for(r"rauc\.slot=A", PATIENCE)
        machine.wait_for(STARTED, PATIENCE)
        console = machine.console
    assert [slot for slot, _ in _tried(console)] == ["A"]
    assert "root=PARTUUID=0ff400c1-02" in console


@pytest.mark.parametrize("board", list(Board))
def test_a_slot_of_zeros_is_tried_three_times_then_the_other_boots(
    twin: Disk, board: Board
) -> None:
    twin.scribble(ROOT_A, bytes(64 * MIB))
    with start(twin, board) as machine:
        machine.wait_for(r"rauc\.slot=B", PATIENCE)
        machine.wait_for(STARTED, PATIENCE)
        console = machine.console
    assert _tried(console) == [
        ("A", "A=2 B=3"),
        ("A", "A=1 B=3"),
        ("A", "A=0 B=3"),
        ("B", "A=0 B=2"),
    ]
    assert "root=PARTUUID=0ff400c1-03" in console


@pytest.mark.parametrize("board", list(Board))
def test_a_kernel_that_panics_is_restarted_and_left_after_three_tries(
    twin: Disk, board: Board
) -> None:
    """What no boot loader sees: kernel and ramdisk are fine, the root behind them is not."""
    _break_init(twin, ROOT_A)
    with start(twin, board) as machine:
        machine.wait_for(r"rauc\.slot=B", 3 * PATIENCE)
        machine.wait_for(STARTED, PATIENCE)
        console = machine.console
    assert [slot for slot, _ in _tried(console)] == ["A", "A", "A", "B"]
    assert console.count("U-Boot 20") == 4
