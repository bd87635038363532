"""The phone's Python packages, for Debian's Python: fetched, checked, compiled if need be."""

import hashlib
import importlib.util
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from builder import cache
from builder.say import BuildError, run, stage
from builder.spec import ROOT
from builder.toolbox import Tree
from builder.tree import work

PYTHON: Final = "3.13"  # Debian 13's
WHEELS: Final = ROOT / "deploy" / "deb" / "wheels.txt"
SDISTS: Final = ROOT / "deploy" / "deb" / "sdists.txt"
LISTED: Final = "python-packages.json"
"""Beside the packages: name, version, file and checksum of each release they came from."""
TRIPLETS: Final[Mapping[str, str]] = {"arm64": "aarch64-linux-gnu", "amd64": "x86_64-linux-gnu"}
_MACHINES: Final[Mapping[str, str]] = {"arm64": "aarch64", "amd64": "x86_64"}
# A wheel says which C library it was linked with; Debian 13 has a newer one.
_PLATFORMS: Final = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
_UNUSED: Final = (
    "*.data", "*.dist-info/RECORD", "*.dist-info/WHEEL", "*.dist-info/top_level.txt",
    "*.dist-info/metadata.json", "*.dist-info/DESCRIPTION.rst",
    "*.dist-info/licenses", "*.dist-info/LICENSE*",  # the package's copyright file has them
    "gpiozerocli", "systemd/test", "serial/tools", "**/*.pyi", "**/py.typed",
)  # fmt: skip
# Files are found in the order of the disk, and linked in that order; so say which.
_UNSORTED: Final = "Path('src').glob('lg*.c')"
_SORTED: Final = "sorted(Path('src').glob('lg*.c'))"


def libraries(arch: str, epoch: int, tools: Tree) -> Path:
    """A directory to import all packages from, with `python-packages.json`."""
    fetched = fetch(arch, tools.log)
    key = cache.digest([fetched.name, tools.path.name, str(epoch), Path(__file__)])

    def make(path: Path) -> None:
        path.mkdir()
        with work(path.parent) as directory:
            built = [_compile(each, directory, arch, epoch, tools) for each in _sdists(fetched)]
            for wheel in sorted([*fetched.glob("*.whl"), *built], key=lambda wheel: wheel.name):
                unpack(wheel, path)
        trim(path)
        _strip(path, arch, tools)
        (path / LISTED).write_text(listed(fetched.iterdir()), encoding="utf-8")

    return cache.kept(f"libraries-{arch}", key, "Python packages: compiling", make)


def fetch(arch: str, log: Path) -> Path:
    """A directory with the files that wheels.txt and sdists.txt name; needs the network once."""
    key = cache.digest([arch, WHEELS, SDISTS, Path(__file__)])

    def make(path: Path) -> None:
        if importlib.util.find_spec("pip") is None:
            raise BuildError(f"{sys.executable} has no pip.  On Debian: apt install python3-pip")
        path.mkdir()
        platforms = [f"--platform={each}_{_MACHINES[arch]}" for each in _PLATFORMS]
        abis = [f"--abi={each}" for each in (f"cp{PYTHON.replace('.', '')}", "abi3", "none")]
        _download(
            WHEELS, path, log,
            "--only-binary=:all:", f"--python-version={PYTHON}", *abis, *platforms,
        )  # fmt: skip
        _download(SDISTS, path, log, "--no-binary=:all:")

    return cache.kept(f"packages-{arch}", key, "Python packages: fetching", make)


def _download(requirements: Path, into: Path, log: Path, *options: str) -> None:
    run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet",
         "--no-deps", "--require-hashes", f"--dest={into}", *options,
         f"--requirement={requirements}"],
        # pip asks a source for its name and version, which asks pkg-config about this machine
        log=log, env={**os.environ, "PKG_CONFIG": "true"},
    )  # fmt: skip


def _sdists(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.tar.gz"))


def _compile(sdist: Path, directory: Path, arch: str, epoch: int, tools: Tree) -> Path:
    """The wheel of a source archive."""
    run(["tar", "-C", directory, "--no-same-owner", "-xf", sdist], log=tools.log)
    source = directory / sdist.name.removesuffix(".tar.gz")
    if source.name.startswith("lgpio-"):
        _sort_sources(source / "setup.py")
    before = set(directory.glob("*.whl"))
    with stage("compile", source.name):
        tools.run(
            ["python3", "-m", "pip", "wheel", "--quiet", "--no-index", "--no-build-isolation",
             "--no-deps", "--no-cache-dir", f"--wheel-dir={directory}", source],
            paths=[directory], env={**environment(arch), "SOURCE_DATE_EPOCH": str(epoch)},
        )  # fmt: skip
    (wheel,) = set(directory.glob("*.whl")) - before
    return wheel


def environment(arch: str) -> dict[str, str]:
    """What makes setuptools compile for `arch`, and the result the same wherever it is done."""
    triplet = TRIPLETS[arch]
    return {
        "CC": f"{triplet}-gcc",
        "CFLAGS": "-g0 -fstack-protector-strong -D_FORTIFY_SOURCE=2 -Wno-error=date-time",
        "LDFLAGS": "-Wl,-z,relro -Wl,-z,now",
        "_PYTHON_HOST_PLATFORM": f"linux-{_MACHINES[arch]}",
        "_PYTHON_SYSCONFIGDATA_NAME": f"_sysconfigdata__{triplet}",
        "PKG_CONFIG_LIBDIR": f"/usr/lib/{triplet}/pkgconfig:/usr/share/pkgconfig",
        "PYPI": "1",  # lgpio: link the C library in
    }


def _sort_sources(setup: Path) -> None:
    text = setup.read_text(encoding="utf-8")
    if _UNSORTED not in text:
        raise BuildError(f"{setup.parent.name} gathers its sources in another way than we know")
    setup.write_text(text.replace(_UNSORTED, _SORTED), encoding="utf-8")


def unpack(wheel: Path, into: Path) -> None:
    """Lay out what is in a wheel; no file of another may be there already."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if (into / name).is_file():
                raise BuildError(f"{wheel.name} brings {name}, which another package has")
        archive.extractall(into)


def trim(tree: Path) -> None:
    """Remove what a phone never imports."""
    for pattern in _UNUSED:
        for path in sorted(tree.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    for module in tree.rglob("*.py"):
        text = module.read_bytes()
        if text.startswith(b"#!"):  # modules are no programs
            module.write_bytes(b"#" + text[2:])


def _strip(tree: Path, arch: str, tools: Tree) -> None:
    tools.run(
        [f"{TRIPLETS[arch]}-strip", "--strip-unneeded", "--remove-section=.comment",
         "--remove-section=.note", *sorted(tree.rglob("*.so"))],
        paths=[tree],
    )  # fmt: skip


def listed(files: Iterable[Path]) -> str:
    """`python-packages.json` for released files: wheels and source archives."""
    rows = []
    for file in sorted(files):
        source = file.name.removesuffix(".tar.gz")  # its name may have hyphens, a wheel's has none
        name, version = source.rsplit("-", 1) if source != file.name else source.split("-")[:2]
        rows.append({
            "name": name.replace("_", "-").lower(), "version": version, "file": file.name,
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        })  # fmt: skip
    return json.dumps(rows, indent=1) + "\n"
