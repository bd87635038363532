"""A kernel of a few instructions: it tells what it was given, and ends.  For QEMU's `virt`.

U-Boot takes it for Linux (Documentation/arch/arm64/booting.rst), so a test of the boot script needs
neither a kernel package nor minutes.
"""

import struct
from enum import Enum
from typing import Final

_HEADER: Final = 64
_MAGIC: Final = b"ARM\x64"
_ANYWHERE: Final = 0x0A  # little-endian, 4K pages, may lie anywhere in memory


class Then(Enum):
    """What it does when it has spoken: PSCI functions (Arm DEN 0022)."""

    POWER_OFF = 0x84000008
    RESTART = 0x84000009


def tiny_kernel(says: str, then: Then) -> bytes:
    """An Image that prints `says`, then the device tree's structure, and ends."""
    start = [
        0xD2A12002,  # movz x2, #0x0900, lsl #16: the serial port
        0xB9400804,  # ldr  w4, [x0, #8]          x0: the device tree; where its structure lies
        0x5AC00884,  # rev  w4, w4
        0x8B040004,  # add  x4, x0, x4
        0xB9402405,  # ldr  w5, [x0, #36]         how long it is
        0x5AC008A5,  # rev  w5, w5
    ]
    speak = [
        0x38401423,  # ldrb w3, [x1], #1
        0x34000063,  # cbz  w3, over
        0xB9000043,  # str  w3, [x2]
        0x17FFFFFD,  # b    speak
    ]
    tell = [
        0x38401483,  # ldrb w3, [x4], #1
        0xB9000043,  # str  w3, [x2]
        0xF10004A5,  # subs x5, x5, #1
        0x54FFFFA1,  # b.ne tell
    ]
    end = [
        0x52800000 | (then.value & 0xFFFF) << 5,  # movz w0, …
        0x72A00000 | (then.value >> 16) << 5,  # movk w0, …, lsl #16
        0xD4000002,  # hvc  #0
        0x14000000,  # b    .
    ]
    rest = [*start, *speak, *tell, *end]
    distance = 4 * (len(rest) + 1)  # from the first instruction to the text behind the last
    address = 0x10000001 | (distance & 3) << 29 | distance >> 2 << 5  # adr x1, text
    code = struct.pack(f"<{len(rest) + 1}I", address, *rest) + says.encode("ascii") + b"\0"
    size = _HEADER + len(code)
    header = struct.pack("<IIQQQ", 0x14000000 | _HEADER // 4, 0, 0, size, _ANYWHERE)
    return header.ljust(56, b"\0") + _MAGIC + bytes(4) + code
