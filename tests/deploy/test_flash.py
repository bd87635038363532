"""`make flash` writes to a card, and to nothing else."""

from pathlib import Path
from typing import Any

import pytest

from builder.flash import main, refusals

CARD: dict[str, Any] = {
    "path": "/dev/sdx", "type": "disk", "size": "29G", "rm": True, "hotplug": True, "tran": "usb",
    "ro": False, "model": "Card Reader", "mountpoints": [None], "fstype": None,
    "children": [
        {"path": "/dev/sdx1", "type": "part", "mountpoints": [None], "fstype": "vfat"},
    ],
}  # fmt: skip
FIXED: dict[str, Any] = {**CARD, "rm": False, "hotplug": False, "tran": "nvme"}
MOUNTED: dict[str, Any] = {
    **CARD, "children": [{"path": "/dev/sdx1", "mountpoints": ["/media/card"], "fstype": "vfat"}]
}  # fmt: skip
VOLUME: dict[str, Any] = {
    **CARD, "children": [{"path": "/dev/sdx1", "mountpoints": [], "fstype": "LVM2_member"}]
}  # fmt: skip


def refused(device: dict[str, Any], *, fixed: bool = False) -> str:
    return "\n".join(refusals(Path("/dev/sdx"), device, fixed=fixed))


def test_a_card_may_be_written() -> None:
    assert refused(CARD) == ""


def test_a_fixed_disk_only_when_meant() -> None:
    assert "FIXED=1" in refused(FIXED)
    assert refused(FIXED, fixed=True) == ""


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        (MOUNTED, "/dev/sdx1 is in use (/media/card): umount /dev/sdx1"),
        (VOLUME, "LVM2_member"),
        ({**CARD, "type": "part"}, "not a whole disk"),
        ({**CARD, "ro": True}, "write-protected"),
        ({}, "is not a disk"),
    ],
)
def test_what_is_in_use_or_no_disk_is_refused(device: dict[str, Any], reason: str) -> None:
    assert reason in refused(device, fixed=True)


def test_a_file_is_no_disk(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("precious")
    assert main([str(file), str(tmp_path / "image")]) == 1
    assert "is not a disk" in capfd.readouterr().err
    assert file.read_text() == "precious"
