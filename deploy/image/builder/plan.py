"""The stages that `make` names, in terms of those that make them up."""

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from functools import cache as once
from pathlib import Path
from typing import Final

from builder import bundle, deb, disk, sbom
from builder.build import Build
from builder.say import stage
from builder.spec import IMAGE
from builder.tree import fat_files, phone, system, work

BOOT: Final = IMAGE / "boot"
UBOOT_DEFAULTS: Final = "uboot.env.txt"
UBOOT_SIZE: Final = "0x4000"  # CONFIG_ENV_SIZE of u-boot-rpi


@once
def debian(build: Build) -> Path:
    """A tar of Debian's part, whole."""
    return system(build.spec, build.base(), build.tools)


@once
def tree(build: Build) -> Path:
    """The root file system's tar."""
    return phone(build.spec, debian(build), deb.make(build), build.tools, build.release)


def root(build: Build) -> Path:
    """The root file system as an ext4 image, beside the results."""
    image = build.named("root.ext4")
    tar = tree(build)
    with stage("root", "the root file system"):
        disk.root_image(tar, image, build.spec.disk, build.release.epoch, build.tools)
    return image


def image(build: Build) -> Path:
    """The disk, uncompressed."""
    result = build.named("img")
    root_part = root(build)
    with stage("disk", result.name), work(build.out) as directory:
        content = directory / "content"
        content.mkdir()
        _boot_files(build, content)
        parts = (directory / "boot.vfat", root_part, directory / "data.ext4")
        epoch = build.release.epoch
        disk.boot_image(content, parts[0], build.spec.disk, epoch, build.tools)
        disk.data_image(parts[2], build.spec.disk, epoch, build.tools)
        disk.assemble(parts, result, build.spec.disk, build.tools)
    return result


def _boot_files(build: Build, content: Path) -> None:
    for path in BOOT.iterdir():
        if path.suffix == ".cmd":
            script = content / f"{path.stem}.scr"
            build.tools.run(
                ["mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-n", "Offhook",
                 "-d", path, script],
                paths=[BOOT, content], env={"SOURCE_DATE_EPOCH": str(build.release.epoch)},
            )  # fmt: skip
        elif path.name == UBOOT_DEFAULTS:
            build.tools.run(
                ["mkenvimage", "-s", UBOOT_SIZE, "-o", content / path.stem, path],
                paths=[BOOT, content],
            )
        else:
            shutil.copy(path, content)
    fat_files(build.spec, debian(build), content)


def flashable(build: Build) -> None:
    """The image packed, with its checksum, its block map and its bill of materials."""
    raw = image(build)
    packed = raw.with_suffix(".img.xz")
    with stage("pack", packed.name):
        build.tools.run(
            ["bmaptool", "create", "-o", raw.with_suffix(".img.bmap"), raw], paths=[build.out]
        )
        build.tools.run(["xz", "-T0", "-3", "-k", "-f", raw], paths=[build.out])
        checksum = hashlib.file_digest(packed.open("rb"), "sha256").hexdigest()
        raw.with_suffix(".img.xz.sha256").write_text(
            f"{checksum}  {packed.name}\n", encoding="ascii"
        )
        sbom.make(build, tree(build))


def _only(make: Callable[[Build], Path]) -> Callable[[Build], None]:
    def run_stage(build: Build) -> None:
        path = make(build)
        print(os.path.relpath(path))

    return run_stage


STAGES: Final[Mapping[str, Callable[[Build], None]]] = {
    "toolbox": lambda _: None,
    "base": _only(lambda build: build.base()),
    "deb": _only(deb.make),
    "tree": _only(tree),
    "disk": _only(image),
    "image": flashable,
    "bundle": _only(lambda build: bundle.make(build, root(build))),
}
