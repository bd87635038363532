"""Machines with an arm64 processor, emulated: cards are started on them, watched, and cut off.

    with start(disk, Board.VIRT) as machine:       U-Boot, the script on the card, a slot, …
        machine.wait_for("login:", patience=300)
        machine.cut()                              the power goes away

VIRT is QEMU's own board, on which a whole system is quick enough; its U-Boot is Debian's
u-boot-qemu.  PI3 is a Raspberry Pi 3 with the U-Boot and the device tree that lie on the card.
"""

import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final

import pytest

from hil.machine import hurry
from image.disk import Disk

UBOOT: Final = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
PI3_TREE: Final = "bcm2837-rpi-3-b.dtb"
GATEWAY: Final = "10.0.2.2"
"""This machine's loopback, seen from inside."""

_TOOLS: Final = ("qemu-system-aarch64", "mkimage", "mcopy", "mkfs.vfat", "mke2fs", "fw_setenv")
_LACKING: Final = [
    *(tool for tool in _TOOLS if shutil.which(tool, path="/usr/bin:/usr/sbin:/sbin") is None),
    *(() if UBOOT.exists() else ("u-boot-qemu",)),
]
needs_emulator: Final = pytest.mark.skipif(
    bool(_LACKING),
    reason=f"not installed: {', '.join(_LACKING)}",
)


class Board(Enum):
    """What is emulated."""

    VIRT = "virt"
    PI3 = "raspi3b"


class Bus(Enum):
    """How the card hangs on VIRT: its QEMU devices."""

    VIRTIO = ("virtio-blk-pci,drive=card,romfile=",)
    USB = ("usb-ehci", "usb-storage,drive=card")
    NVME = ("nvme,drive=card,serial=card",)


@dataclass(slots=True)
class Machine:
    """One that runs."""

    process: "subprocess.Popen[bytes]"
    logs: tuple[Path, ...]
    began: float
    ssh_port: int = 0
    """On this machine's loopback; 0: it has no network."""
    _seen: int = field(default=0)

    @property
    def console(self) -> str:
        """All that came out of its serial ports."""
        return "".join(log.read_bytes().decode("latin-1") for log in self.logs if log.exists())

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    @property
    def age(self) -> float:
        """Seconds since it was switched on."""
        return time.monotonic() - self.began

    def wait_for(self, pattern: str, patience: float, times: int = 1) -> "re.Match[str]":
        """The occurrence of `pattern` on the console with this number; seconds of patience."""
        end = time.monotonic() + patience
        while True:
            found = list(re.finditer(pattern, self.console))
            if len(found) >= times:
                return found[times - 1]
            assert self.runs, f"the machine ended before {pattern!r}:\n{self.console[-6000:]}"
            assert time.monotonic() < end, f"no {pattern!r}:\n{self.console[-6000:]}"
            time.sleep(0.1)

    def wait_off(self, patience: float) -> str:
        """Until it has switched itself off; the console."""
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {patience} s:\n{self.console[-6000:]}")
        return self.console

    def cut(self) -> None:
        """The power goes away."""
        self.process.kill()
        self.process.wait()


@contextmanager
def start(
    disk: Disk,
    board: Board = Board.VIRT,
    *,
    bus: Bus = Bus.VIRTIO,
    writable: bool = True,
    memory: int = 1024,
    network: bool = False,
    options: Sequence[str] = (),
) -> Iterator[Machine]:
    """Switch on; off without a word at the end of the block."""
    port = free_port() if network else 0
    with tempfile.TemporaryDirectory(prefix="offhook-qemu-") as name:
        directory = Path(name)
        logs = (directory / "serial0", directory / "serial1")
        read_only = "" if writable else ",readonly=on"
        command = [
            "qemu-system-aarch64", "-M", board.value, "-accel", "tcg,thread=multi",
            "-display", "none", "-monitor", "none",
            *(word for log in logs for word in ("-serial", f"file:{log}")),
            *(_virt(disk, bus, memory, port, read_only) if board is Board.VIRT
              else _pi3(disk, directory, read_only)),
            *options,
        ]  # fmt: skip
        with (directory / "qemu").open("wb") as complaints:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stderr=complaints,
                start_new_session=True,
                preexec_fn=hurry,  # noqa: PLW1509  # two system calls; there are no threads yet
            )
        machine = Machine(process, (*logs, directory / "qemu"), time.monotonic(), port)
        try:
            yield machine
        finally:
            machine.cut()


def free_port() -> int:
    """A TCP port of the loopback."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _virt(disk: Disk, bus: Bus, memory: int, port: int, read_only: str) -> list[str]:
    words = ["-cpu", "cortex-a72", "-smp", "2", "-m", str(memory), "-bios", str(UBOOT)]
    words += ["-drive", f"file={disk.path},format=raw,if=none,id=card{read_only}"]
    for device in (*bus.value, "virtio-rng-pci,romfile="):
        words += ["-device", device]
    if not port:
        return [*words, "-nic", "none"]
    net = f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:22"
    return [*words, "-netdev", net, "-device", "virtio-net-pci,netdev=net,romfile="]


def _pi3(disk: Disk, directory: Path, read_only: str) -> list[str]:
    """Its firmware is not emulated: QEMU starts U-Boot as that would, with the device tree."""
    found = {}
    for name in ("u-boot.bin", PI3_TREE):
        content = disk.get(name)
        assert content is not None, f"no {name} on the card"
        found[name] = directory / name
        found[name].write_bytes(content)
    return [
        "-smp", "4", "-m", "1024", "-kernel", str(found["u-boot.bin"]),
        "-dtb", str(found[PI3_TREE]),
        "-drive", f"file={disk.path},format=raw,if=sd{read_only}",
    ]  # fmt: skip
