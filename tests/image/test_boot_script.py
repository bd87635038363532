"""deploy/image/boot/boot.cmd, run by a real U-Boot: which slot it starts, and what it notes.

The slots hold a kernel of a few instructions (tiny_kernel) that says its slot's name and switches
the machine off, or restarts it as a panic would.
"""

import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from image import environment, uboot
from image.disk import MIB, ROOT, Disk
from image.qemu import Board, Bus, needs_emulator, start
from image.tiny_kernel import Then, tiny_kernel

pytestmark = [pytest.mark.image, needs_emulator]

SCRIPT = ROOT / "deploy/image/boot/boot.cmd"
PATIENCE = 120.0  # seconds; a start takes about eight
MEMORY = 256  # MiB
TABLE = """\
label: dos
label-id: 0x0ff400c1
start=4096, size=20480, type=c, bootable
start=24576, size=8192, type=83
start=32768, size=8192, type=83
start=40960, size=8192, type=83
"""
GOOD = Then.POWER_OFF
PANICS = Then.RESTART
ZEROED = None

MakeCard = Callable[..., Disk]


@pytest.fixture
def card(tmp_path: Path) -> MakeCard:
    """Makes one whose slots hold such kernels; `state`: U-Boot's sector, all zeros if not given."""

    def make(
        a: Then | None = GOOD, b: Then | None = GOOD, state: Mapping[str, str] | None = None
    ) -> Disk:
        path = tmp_path / "card.img"
        with path.open("wb") as file:
            file.truncate(24 * MIB)
        _run("sfdisk", "-q", path, text=TABLE)
        disk = Disk(path)
        _fill_fat(disk, tmp_path)
        for number, (slot, then) in enumerate((("A", a), ("B", b)), 2):
            if then is not None:
                disk.scribble(number, _root(tmp_path, f"SLOT {slot}", then))
        if state is not None:
            environment.write(path, state)
        return disk

    return make


def _run(*command: str | Path, text: str = "") -> str:
    done = subprocess.run(command, check=True, input=text, capture_output=True, text=True)
    return done.stdout


def _fill_fat(disk: Disk, directory: Path) -> None:
    fat, script = directory / "fat", directory / "boot.scr"
    with fat.open("wb") as file:
        file.truncate(disk.partition(1).size)
    _run("/sbin/mkfs.vfat", fat)
    disk.scribble(1, fat.read_bytes())
    _run("mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-d", SCRIPT, script)
    disk.put("boot.scr", script.read_bytes())


def _root(directory: Path, says: str, then: Then, *, ramdisk: bool = True) -> bytes:
    tree, image = directory / "tree", directory / "root"
    (tree / "boot").mkdir(parents=True, exist_ok=True)
    (tree / "boot/vmlinuz-1").write_bytes(tiny_kernel(f"\n{says}\n", then))
    for name, target in (("vmlinuz", "vmlinuz-1"), ("initrd.img", "initrd.img-1")):
        (tree / "boot" / name).unlink(missing_ok=True)
        (tree / "boot" / name).symlink_to(target)
    (tree / "boot/initrd.img-1").write_bytes(bytes(4096))
    if not ramdisk:
        (tree / "boot/initrd.img-1").unlink()
    image.unlink(missing_ok=True)
    _run("/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", tree, image, "4M")
    return image.read_bytes()


def _started(console: str) -> str:
    """The slots whose kernels ran, in order."""
    return "".join(re.findall(r"^SLOT ([AB])", console, re.MULTILINE))


def _tried(console: str) -> list[tuple[str, str]]:
    """Slot and what was left, as the script said."""
    return re.findall(r"offhook: slot ([AB]) of [AB ]+, left (A=\d B=\d)", console)


def _boot(disk: Disk, *, bus: Bus = Bus.VIRTIO, writable: bool = True) -> str:
    with start(disk, Board.VIRT, bus=bus, writable=writable, memory=MEMORY) as machine:
        return machine.wait_off(PATIENCE)


def _state(order: str, a: str, b: str) -> dict[str, str]:
    return {"BOOT_ORDER": order, "BOOT_A_LEFT": a, "BOOT_B_LEFT": b}


def test_a_fresh_card_without_a_state_starts_slot_a_and_notes_the_attempt(card: MakeCard) -> None:
    disk = card()
    assert _started(_boot(disk)) == "A"
    assert disk.variables() == _state("A B", "2", "3")


@pytest.mark.parametrize(
    "state",
    [
        _state("B A", "3", "3"),
        _state("B A", "1", "0"),
        _state("A", "0", "2"),
        _state("A B", "0", "0"),
        _state("C", "3", "3"),
        _state("B", "soon", "77"),
        {"BOOT_ORDER": "B A", "SOMETHING": "else"},
    ],
    ids=lambda state: "/".join(state.values()),
)
def test_the_slot_is_the_one_that_the_model_of_the_other_tests_takes(
    card: MakeCard, tmp_path: Path, state: Mapping[str, str]
) -> None:
    """`uboot.choose` plays this script in tests/image/uml.py: the two must not differ."""
    disk = card(state=state)
    model = disk.copy(tmp_path / "model.img")
    choice = uboot.choose(model.path)
    assert _started(_boot(disk)) == choice.slot
    assert disk.variables() == model.variables()


def test_a_slot_that_panics_is_tried_three_times_then_the_other_starts(card: MakeCard) -> None:
    disk = card(a=PANICS, state=_state("A B", "3", "3"))
    assert _started(_boot(disk)) == "AAAB"
    assert disk.variables() == _state("A B", "0", "2")


def test_a_slot_of_zeros_costs_its_attempts_and_no_restart(card: MakeCard) -> None:
    disk = card(a=ZEROED)
    console = _boot(disk)
    assert _tried(console) == [
        ("A", "A=2 B=3"),
        ("A", "A=1 B=3"),
        ("A", "A=0 B=3"),
        ("B", "A=0 B=2"),
    ]
    assert console.count("U-Boot 20") == 1
    assert disk.variables() == _state("A B", "0", "2")


def test_a_kernel_without_its_ramdisk_is_not_started(card: MakeCard, tmp_path: Path) -> None:
    disk = card()
    disk.scribble(2, _root(tmp_path, "SLOT A", GOOD, ramdisk=False))
    assert _started(_boot(disk)) == "B"


def test_with_no_slot_that_starts_it_never_gives_up(card: MakeCard) -> None:
    disk = card(a=ZEROED, b=ZEROED)
    with start(disk, memory=MEMORY) as machine:
        machine.wait_for("U-Boot 20", PATIENCE, times=3)
        console = machine.console
    assert console.count("all over again") >= 2
    assert {slot for slot, _ in _tried(console)} == {"A", "B"}


def test_a_slot_that_is_not_in_the_order_gets_no_attempts_again(card: MakeCard) -> None:
    """It is one that an update was being written to."""
    disk = card(a=PANICS, b=GOOD, state=_state("A", "1", "0"))
    with start(disk, memory=MEMORY) as machine:
        machine.wait_for("SLOT A", PATIENCE, times=3)
        assert _started(machine.console) == "AAA"
    assert disk.variables()["BOOT_B_LEFT"] == "0"


def test_a_damaged_sector_means_the_defaults(card: MakeCard) -> None:
    disk = card(state=_state("B", "0", "1"))
    sector = bytearray(environment.pack(_state("B", "0", "1")))
    sector[40] ^= 1
    with disk.path.open("r+b") as file:
        file.seek(environment.OFFSET)
        file.write(sector)
    assert _started(_boot(disk)) == "A"


def test_a_card_that_cannot_be_written_still_starts(card: MakeCard) -> None:
    disk = card(a=ZEROED)
    assert _started(_boot(disk, writable=False)) == "B"


@pytest.mark.parametrize("bus", [Bus.USB, Bus.NVME])
def test_it_starts_from_other_disks_too(card: MakeCard, bus: Bus) -> None:
    disk = card(state=_state("B A", "3", "3"))
    assert _started(_boot(disk, bus=bus)) == "B"
    assert disk.variables() == _state("B A", "3", "2")


def test_the_arguments_name_the_slot_and_end_with_those_of_boot_txt(card: MakeCard) -> None:
    disk = card(state=_state("B A", "3", "3"))
    disk.put("boot.txt", "extra=console=ttyAMA0 rd.debug\r\n")
    assert (
        "root=PARTUUID=0ff400c1-03 ro rootwait init=/usr/lib/offhook/preinit rauc.slot=B panic=5"
        " quiet console=ttyAMA0 rd.debug\0"
    ) in _boot(disk)


def test_it_and_debians_fw_setenv_understand_each_other(card: MakeCard, tmp_path: Path) -> None:
    """libubootenv, which RAUC writes with."""
    disk = card()
    where = tmp_path / "fw_env.config"
    where.write_text(f"{disk.path} {environment.OFFSET:#x} {environment.SIZE:#x}\n")
    assert _started(_boot(disk)) == "A"
    assert sorted(_run("fw_printenv", "-c", where).split("\n")) == [
        "", "BOOT_A_LEFT=2", "BOOT_B_LEFT=3", "BOOT_ORDER=A B"
    ]  # fmt: skip
    _run("fw_setenv", "-c", where, "BOOT_ORDER", "B A")
    _run("fw_setenv", "-c", where, "BOOT_B_LEFT", "2")
    assert _started(_boot(disk)) == "B"
    assert disk.variables() == _state("B A", "2", "1")
