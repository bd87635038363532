"""The disk: MBR, U-Boot's variables, FAT, root A, root B, data.  No loop devices, no mounts."""

import os
import shutil
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from builder.spec import Disk
from builder.toolbox import Tree

MIB: Final = 1024 * 1024
SECTOR: Final = 512
FEATURES: Final = "^has_journal,^orphan_file,^metadata_csum_seed"
"""Of the root file system: what U-Boot's ext4 cannot read is off, and it is never written."""
FIRST: Final[Mapping[str, str]] = {"BOOT_ORDER": "A B", "BOOT_A_LEFT": "3", "BOOT_B_LEFT": "0"}
"""Slot B is empty in a new image."""


def environment(variables: Mapping[str, str]) -> bytes:
    """U-Boot's variables in one sector: CRC-32, then `name=value` with NULs between.

    The layout of fw_setenv and `env export -c`, without a flag byte.
    """
    text = b"".join(f"{name}={value}".encode("ascii") + b"\0" for name, value in variables.items())
    body = (text + b"\0").ljust(SECTOR - 4, b"\0")
    return struct.pack("<I", zlib.crc32(body)) + body


def table(disk: Disk) -> str:
    """The partition table, for sfdisk."""
    sizes = (disk.boot_mib, disk.root_mib, disk.root_mib, disk.data_mib)
    kinds = ("c, bootable", "83", "83", "83")
    lines = ["label: dos", f"label-id: 0x{disk.id}", "unit: sectors"]
    start = disk.start_mib
    for size, kind in zip(sizes, kinds, strict=True):
        lines.append(f"start={start * 2048}, size={size * 2048}, type={kind}")
        start += size
    return "\n".join(lines) + "\n"


def root_image(tar: Path, image: Path, disk: Disk, epoch: int, tools: Tree) -> None:
    """An ext4 of a tree's tar, without a journal: it is never written."""
    options = f"hash_seed={disk.hash_seed},lazy_itable_init=0,root_owner=0:0"
    words = [
        "-d",
        str(tar),
        "-O",
        "^has_journal",
        "-L",
        "root",
        "-U",
        disk.root_uuid,
        "-E",
        options,
    ]
    _blank(image, disk.root_mib)
    _ext4(tools, image, words, epoch, tar)


def data_image(image: Path, disk: Disk, epoch: int, tools: Tree) -> None:
    """An empty ext4 that the phone fills and grows."""
    options = f"hash_seed={disk.hash_seed},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0"
    _blank(image, disk.data_mib)
    shape = [
        "-b",
        "4096",
        "-i",
        "65536",
        "-m",
        "1",
    ]  # of a whole card; left alone, mke2fs thinks small
    _ext4(tools, image, [*shape, "-L", "data", "-U", disk.data_uuid, "-E", options], epoch)


def _ext4(tools: Tree, image: Path, options: list[str], epoch: int, *sources: Path) -> None:
    tools.run(
        ["mke2fs", "-q", "-F", "-t", "ext4", *options, image], paths=[image, *sources],
        env={"E2FSPROGS_FAKE_TIME": str(epoch), "SOURCE_DATE_EPOCH": str(epoch)},
    )  # fmt: skip


def boot_image(content: Path, image: Path, disk: Disk, epoch: int, tools: Tree) -> None:
    """A FAT32 with the files of `content`."""
    _blank(image, disk.boot_mib)
    env = {"SOURCE_DATE_EPOCH": str(epoch), "MTOOLS_SKIP_CHECK": "1"}
    tools.run(
        ["mkfs.vfat", "--invariant", "-F", "32", "-n", disk.label, "-i", disk.serial, image],
        paths=[image], env=env,
    )  # fmt: skip
    for path in sorted(content.iterdir()):
        os.utime(path, (epoch, epoch))
        tools.run(["mcopy", "-mQ", "-i", image, path, "::/"], paths=[image, content], env=env)


def assemble(parts: tuple[Path, Path, Path], image: Path, disk: Disk, tools: Tree) -> None:
    """Put boot, root and data into one disk; root B stays empty."""
    boot, root, data = parts
    _blank(image, disk.start_mib + disk.boot_mib + 2 * disk.root_mib + disk.data_mib)
    tools.run(["sfdisk", "--quiet", image], paths=[image], text=table(disk))
    root_at = disk.start_mib + disk.boot_mib
    data_at = root_at + 2 * disk.root_mib
    with image.open("r+b") as file:
        os.pwrite(file.fileno(), environment(FIRST), disk.environment)
        # Zeros too: a hole would be left out of the block map, and a card's old content would stay.
        for part, at in ((boot, disk.start_mib), (root, root_at), (data, data_at)):
            file.seek(at * MIB)
            with part.open("rb") as source:
                shutil.copyfileobj(source, file, MIB)


def _blank(image: Path, mib: int) -> None:
    with image.open("wb") as file:
        file.truncate(mib * MIB)
