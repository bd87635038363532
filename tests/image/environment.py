"""U-Boot's variables: one sector in front of the first partition, a CRC and text."""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

OFFSET: Final = 0x100000
SIZE: Final = 0x200
DEFAULTS: Final = {"BOOT_ORDER": "A B", "BOOT_A_LEFT": "3", "BOOT_B_LEFT": "3"}


def read(disk: Path) -> dict[str, str]:
    """What stands there; the defaults when the checksum is wrong."""
    with disk.open("rb") as file:
        file.seek(OFFSET)
        sector = file.read(SIZE)
    return unpack(sector) or dict(DEFAULTS)


def write(disk: Path, variables: Mapping[str, str]) -> None:
    """Replace all of it."""
    with disk.open("r+b") as file:
        file.seek(OFFSET)
        file.write(pack(variables))


def unpack(sector: bytes) -> dict[str, str] | None:
    """The variables; None when the checksum is wrong."""
    (checksum,) = struct.unpack_from("<I", sector)
    if zlib.crc32(sector[4:]) != checksum:
        return None
    text = sector[4:].partition(b"\0\0")[0]
    pairs = (pair.partition("=") for pair in text.decode("ascii").split("\0") if pair)
    return {name: value for name, _, value in pairs}


def pack(variables: Mapping[str, str]) -> bytes:
    """The sector.  Raises `ValueError` when they do not fit."""
    text = b"".join(f"{name}={value}\0".encode("ascii") for name, value in variables.items())
    if len(text) + 1 > SIZE - 4:
        raise ValueError(f"{len(text)} bytes of variables")
    body = text.ljust(SIZE - 4, b"\0")
    return struct.pack("<I", zlib.crc32(body)) + body
