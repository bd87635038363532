"""The target's tree: Debian, the phone, our files; without what a build leaves behind."""

import fnmatch
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder import cache
from builder.bundle import configure, trust
from builder.say import BuildError, run
from builder.spec import IMAGE, Spec
from builder.toolbox import Tree

FILES: Final = IMAGE / "files"
PYTHON: Final = "python3.13"
STANDARD_LIBRARY: Final = (f"usr/lib/{PYTHON}", "usr/lib/python3/dist-packages")
PHONE: Final = "usr/lib/offhook"


@dataclass(frozen=True, slots=True)
class Release:
    """What this build is called and when it was made (seconds of Unix time)."""

    version: str
    epoch: int


@contextmanager
def work(near: Path) -> Iterator[Path]:
    """A directory on the disk of `near`, gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="work-", dir=near))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def system(spec: Spec, base: Path, tools: Tree) -> Path:
    """The base with what packages put off: initial RAM disk, certificates, compiled modules."""
    key = cache.digest([base.name, FILES / "etc" / "initramfs-tools", Path(__file__)])

    def make(path: Path) -> None:
        with work(path.parent) as directory:
            tree = Tree(directory / "tree", tools.log)
            _unpack(base, tree.path)
            _finish_packages(tree)
            _compile(tools, tree.path, STANDARD_LIBRARY)
            pack(tree.path, path, spec.epoch, tools)

    return cache.kept(f"system-{spec.arch}", key, "initial RAM disk, compiled modules", make)


def _finish_packages(tree: Tree) -> None:
    tree.run(["update-ca-certificates"])
    boot = tree.path / "boot"
    for kernel in sorted(boot.glob("vmlinuz-*")):
        release = kernel.name.removeprefix("vmlinuz-")
        shutil.copytree(FILES / "etc/initramfs-tools", tree.path / "etc/initramfs-tools",
                        dirs_exist_ok=True)  # fmt: skip
        tree.run(["update-initramfs", "-c", "-k", release])
        _link(boot / "vmlinuz", kernel.name)
        _link(boot / "initrd.img", f"initrd.img-{release}")


def _link(path: Path, target: str) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def phone(spec: Spec, system_tar: Path, package: Path, tools: Tree, release: Release) -> Path:
    """A tar of the whole root file system."""
    trusted = trust(tools)
    trusted = trust(tools)
    key = cache.digest([
        system_tar.name, package, FILES, Path(__file__), *spec.remove,
        release.version, str(release.epoch), trusted.minimum, trusted.keyring,
    ])  # fmt: skip

    def make(path: Path) -> None:
        with work(path.parent) as directory:
            tree = Tree(directory / "tree", tools.log)
            _unpack(system_tar, tree.path)
            _install(package, tree, release.epoch)
            _compile(tools, tree.path, (PHONE,))
            overlay(FILES, tree.path)
            configure(tree.path, spec.arch, trusted)
            _name(tree.path, release)
            _configure(tools, tree.path, release.epoch)
            _sweep(tree.path, spec.remove)
            pack(tree.path, path, release.epoch, tools)

    return cache.kept(f"tree-{spec.arch}", key, f"the phone, version {release.version}", make)


def _unpack(tar: Path, tree: Path) -> None:
    tree.mkdir()
    run(["tar", "-C", tree, "--numeric-owner", "--xattrs", "--xattrs-include=*", "-xpf", tar],
        log=Path(os.devnull))  # fmt: skip


def _install(package: Path, tree: Tree, epoch: int) -> None:
    py3compile = tree.path / "usr/bin/py3compile"
    kept = py3compile.with_suffix(".kept")
    py3compile.rename(kept)
    py3compile.symlink_to("/bin/true")  # emulated it takes a minute; `_compile` does it natively
    try:
        tree.run(["dpkg", "--install", package], paths=[package], env=_dated(epoch))
    finally:
        py3compile.unlink()
        kept.rename(py3compile)


def _compile(tools: Tree, tree: Path, where: tuple[str, ...]) -> None:
    """Compile modules: the result depends on nothing but them, and is never checked again."""
    present = [tree / path for path in where if (tree / path).exists()]
    if present:
        tools.run(
            [PYTHON, "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash",
             "-s", tree, "-p", "/", "-x", r"/(test|lib2to3|bad_.*)/", *present],
            paths=[tree], env={"PYTHONHASHSEED": "0"},
        )  # fmt: skip


def overlay(files: Path, tree: Path) -> None:
    """Lay our files over the tree: owned by root, 0644, 0755 where git says executable.

    What may not be read by everybody has its place in tmpfiles.d or is made by the phone itself.
    """
    for source in sorted(files.rglob("*")):
        target = tree / source.relative_to(files)
        if source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            target.symlink_to(source.readlink())
        elif source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            _place(source, target)


def _place(source: Path, target: Path) -> None:
    if source.name == ".gitkeep":
        return
    if target.is_symlink():
        target.unlink()
    shutil.copyfile(source, target)
    strict = 0o440 if target.parent.name == "sudoers.d" else 0o644
    target.chmod(0o755 if source.stat().st_mode & stat.S_IXUSR else strict)


def _name(tree: Path, release: Release) -> None:
    """Say in os-release which image this is."""
    path = tree / "usr/lib/os-release"
    lines = path.read_text(encoding="utf-8")
    path.write_text(f"{lines}IMAGE_ID=offhook\nIMAGE_VERSION={release.version}\n", encoding="utf-8")


def _dated(epoch: int) -> dict[str, str]:
    """For systemd-sysusers, which writes the day into /etc/shadow."""
    return {"SOURCE_DATE_EPOCH": str(epoch)}


def _configure(tools: Tree, tree: Path, epoch: int) -> None:
    tools.run(["systemd-sysusers", f"--root={tree}"], paths=[tree], env=_dated(epoch))
    tools.run(["systemctl", f"--root={tree}", "preset-all"], paths=[tree])


def _sweep(tree: Path, patterns: tuple[str, ...]) -> None:
    ours = {str(p.relative_to(FILES)) for p in FILES.rglob("*")}
    for pattern in patterns:
        for path in sorted(tree.glob(pattern)):
            name = str(path.relative_to(tree))
            if name in ours or any(each.startswith(name + "/") for each in ours):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def pack(tree: Path, tar: Path, epoch: int, tools: Tree) -> None:
    """A tar that is the same whenever the tree is."""
    tar.touch()
    tools.run(
        [
            "tar", "--create", f"--file={tar}", "--directory", tree, "--sort=name",
            f"--mtime=@{epoch}", "--numeric-owner", "--xattrs", "--xattrs-include=*",
            "--format=posix",
            "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime", ".",
        ],
        paths=[tree, tar],
    )  # fmt: skip


def fat_files(spec: Spec, tar: Path, into: Path) -> None:
    """Take what belongs on the FAT partition out of a tree's tar."""
    if not spec.fat:
        return
    listed = run(["tar", "-tf", tar], log=Path(os.devnull)).splitlines()
    wanted = [
        name for name in listed
        if any(fnmatch.fnmatch(name, f"./{pattern}") for pattern in spec.fat)
    ]  # fmt: skip
    missing = [p for p in spec.fat if not any(fnmatch.fnmatch(n, f"./{p}") for n in wanted)]
    if missing:
        raise BuildError(f"nothing in the tree matches {missing} of image.toml's [fat]")
    for name in wanted:
        out = into / Path(name).name
        run(["tar", "-xf", tar, "--to-command", f"cat >{out}", name], log=Path(os.devnull))
