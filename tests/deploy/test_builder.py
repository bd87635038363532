"""The builder's own arithmetic: mirrors, cache keys, the partition table, U-Boot's variables."""

import os
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from builder import cache, disk, mirror
from builder.say import BuildError, run
from builder.spec import ARCHITECTURES, IMAGE, load
from builder.tree import overlay

TARGETS = """\
Debian|Debian-Security|http://mirror.example/debian-security/
Debian|Debian|http://mirror.example/debian/
Debian|Debian Backports|http://mirror.example/debian/
Someone|Someone|http://other.example/
"""


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_specification_is_whole(arch: str) -> None:
    spec = load(arch)
    assert "systemd" in spec.packages
    assert spec.disk.partition(2) == f"{spec.disk.id}-02"
    assert len(set(spec.packages)) == len(spec.packages)


def test_no_mirror_is_named_in_the_repository() -> None:
    for path in IMAGE.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert b"deb.debian" + b".org" not in path.read_bytes(), path


def test_the_mirror_is_the_one_that_apt_uses() -> None:
    found = mirror.of_apt(TARGETS)
    assert found == mirror.Mirror(
        "http://mirror.example/debian", "http://mirror.example/debian-security"
    )
    lines = found.sources(load("arm64"), borrowed=True)
    assert lines[0] == "deb http://mirror.example/debian trixie main non-free-firmware"
    assert any("debian-security trixie-security" in line for line in lines)
    assert any(" forky " in line for line in lines)
    tools = found.sources(load("arm64"), borrowed=False)
    assert not any(" forky " in line for line in tools)


def test_a_mirror_may_be_given() -> None:
    found = mirror.find({"MIRROR": "http://near.example/debian/"})
    assert found.security == "http://near.example/debian-security"


def test_a_machine_without_a_mirror_is_told_what_to_do() -> None:
    with pytest.raises(BuildError, match="MIRROR="):
        mirror.of_apt("Ubuntu|Ubuntu|http://elsewhere.example/ubuntu\n")


def test_a_digest_sees_names_modes_and_contents(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    file = tree / "file"
    file.write_text("one")
    seen = {cache.digest([tree])}
    file.chmod(0o755)
    seen.add(cache.digest([tree]))
    file.write_text("two")
    seen.add(cache.digest([tree]))
    file.rename(tree / "other")
    seen.add(cache.digest([tree]))
    seen.add(cache.digest([tree, "word"]))
    assert len(seen) == 5


def test_a_stage_is_made_once_and_only_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFHOOK_CACHE", str(tmp_path))
    made: list[Path] = []

    def fail(path: Path) -> None:
        path.write_text("half")
        raise BuildError("power cut")

    def make(path: Path) -> None:
        assert not path.exists()
        made.append(path)
        path.write_text("whole")

    with pytest.raises(BuildError):
        cache.kept("stage", "0" * 12, "a trial", fail)
    assert cache.kept("stage", "0" * 12, "a trial", make).read_text() == "whole"
    assert cache.kept("stage", "0" * 12, "a trial", make).read_text() == "whole"
    assert len(made) == 1


def test_old_results_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFHOOK_CACHE", str(tmp_path))
    for number in range(5):
        path = cache.kept("stage", f"{number:012d}", "a trial", lambda path: path.mkdir())
        os.utime(path, (number, number))
    assert len(list(tmp_path.glob("stage-*"))) == cache.KEPT


def test_a_failed_tool_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"sh failed \(3\):\nno such luck"):
        run(["sh", "-c", "echo no such luck; exit 3"], log=tmp_path / "log")
    assert "no such luck" in (tmp_path / "log").read_text()


def test_the_environment_is_one_sector_with_its_checksum() -> None:
    sector = disk.environment({"BOOT_ORDER": "A B", "BOOT_A_LEFT": "3"})
    assert len(sector) == disk.SECTOR
    assert int.from_bytes(sector[:4], "little") == zlib.crc32(sector[4:])
    assert sector[4:].startswith(b"BOOT_ORDER=A B\0BOOT_A_LEFT=3\0\0")


def test_partitions_follow_each_other_after_the_environment() -> None:
    shape = load("arm64").disk
    lines = [line for line in disk.table(shape).splitlines() if line.startswith("start=")]
    assert len(lines) == 4
    end = shape.start_mib * 2048
    assert shape.environment + disk.SECTOR <= end * 512
    for line in lines:
        fields = dict(part.split("=") for part in line.split(", ") if "=" in part)
        assert int(fields["start"]) == end
        end += int(fields["size"])


@pytest.mark.skipif(shutil.which("sfdisk") is None, reason="no sfdisk here: apt install fdisk")
def test_sfdisk_takes_the_table(tmp_path: Path) -> None:
    shape, image = load("arm64").disk, tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(4096 * disk.MIB)
    subprocess.run(["sfdisk", "--quiet", image], input=disk.table(shape), text=True, check=True)
    shown = subprocess.check_output(["sfdisk", "--dump", image], text=True)
    assert f"label-id: 0x{shape.id}" in shown
    assert shown.count("type=83") == 3


def test_our_files_replace_those_of_packages(tmp_path: Path) -> None:
    files, tree = tmp_path / "files", tmp_path / "tree"
    (files / "etc" / "sudoers.d").mkdir(parents=True)
    (files / "etc" / "sudoers.d" / "admin").write_text("admin")
    (files / "etc" / "init").write_text("#!/bin/sh\n")
    (files / "etc" / "init").chmod(0o700)
    (files / "etc" / "link").symlink_to("/run/target")
    (tree / "etc").mkdir(parents=True)
    (tree / "etc" / "link").write_text("a package's")
    overlay(files, tree)
    assert (tree / "etc" / "init").stat().st_mode & 0o777 == 0o755
    assert (tree / "etc" / "sudoers.d" / "admin").stat().st_mode & 0o777 == 0o440
    assert (tree / "etc" / "link").readlink() == Path("/run/target")


def test_the_boot_script_starts_from_the_disk_that_is_built() -> None:
    script = (IMAGE / "boot" / "boot.cmd").read_text()
    shape = load("arm64").disk
    assert f"root=PARTUUID={shape.id}-0${{part}}" in script
    assert f"setenv state_at {shape.environment // disk.SECTOR:x}\n" in script
    assert f"setenv state_size {disk.SECTOR:x}\n" in script
