"""The phone as a Debian package, for Debian 13 and the Raspberry Pi OS made of it."""

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from builder.changelog import debian_changelog
from builder.say import stage
from builder.spec import ROOT
from builder.tree import Release, work
from builder.wheels import libraries

if TYPE_CHECKING:
    from builder.build import Build

DEPLOY: Final = ROOT / "deploy"
DEB: Final = DEPLOY / "deb"
FIRMWARE: Final = ROOT / "firmware" / "offhook"
HOME: Final = "usr/lib/offhook"
LEFT_OUT: Final = ("lab", "__pycache__")  # the lab is for desks, and wants more packages
_OPT: Final = "/opt/offhook/bin/"
_OPT_REMARK: Final = "Installed by `make install` to /opt/offhook; settings in"
# What goes where: path in the package, source, mode.
PLACES: Final[tuple[tuple[str, Path, int], ...]] = (
    ("usr/bin/offhook", DEB / "offhook", 0o755),
    ("usr/bin/offhookd", DEB / "offhookd", 0o755),
    (f"{HOME}/appliance", DEB / "appliance", 0o755),
    ("usr/lib/systemd/system/offhookd.service", DEPLOY / "systemd/offhookd.service", 0o644),
    ("usr/lib/sysusers.d/offhook.conf", DEPLOY / "systemd/offhook.sysusers", 0o644),
    ("usr/lib/udev/rules.d/60-offhook.rules", DEPLOY / "udev/60-offhook.rules", 0o644),
    ("etc/offhook/offhook.toml", DEPLOY / "offhook.toml", 0o644),
    ("usr/share/man/man1/offhook.1", DEB / "offhook.1", 0o644),
    ("usr/share/man/man8/offhookd.8", DEB / "offhookd.8", 0o644),
    ("usr/share/doc/offhook/copyright", DEB / "copyright", 0o644),
    ("DEBIAN/postinst", DEB / "postinst", 0o755),
    ("DEBIAN/prerm", DEB / "prerm", 0o755),
    ("DEBIAN/postrm", DEB / "postrm", 0o755),
)
_PACKED: Final = ("usr/share/man/man*/*", "usr/share/doc/offhook/changelog")


def make(build: "Build") -> Path:
    """Build the package and have lintian look at it; `build.out`/offhook_VERSION_ARCH.deb."""
    result = build.out / f"offhook_{build.release.version}_{build.spec.arch}.deb"
    packages = libraries(build.spec.arch, build.spec.epoch, build.tools)
    with stage("deb", result.name), work(build.out) as directory:
        tree = directory / "tree"
        lay_out(tree, packages, build.release)
        _control(directory, tree, build)
        _pack(tree, directory / result.name, build)
        (directory / result.name).replace(result)
    return result


def lay_out(tree: Path, packages: Path, release: Release) -> None:
    """Everything that the package installs, and its scripts."""
    shutil.copytree(packages, tree / HOME)
    shutil.copytree(
        FIRMWARE, tree / HOME / "offhook", ignore=shutil.ignore_patterns(*LEFT_OUT, "*.pyc")
    )
    for name, source, _ in PLACES:
        _write(tree / name, source.read_text(encoding="utf-8"))
    _change(tree / "usr/lib/systemd/system/offhookd.service", unit)
    _change(tree / "etc/offhook/offhook.toml", without_account)
    _change(tree / HOME / "offhook/service/version.py", lambda text: stamped(text, release.version))
    _write(tree / HOME / f"offhook-{release.version}.dist-info/METADATA", metadata(release.version))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    _write(
        tree / "usr/share/doc/offhook/changelog",
        debian_changelog(changes, release.version, release.epoch, maintainer()),
    )
    _write(tree / "DEBIAN/conffiles", "/etc/offhook/offhook.toml\n")


def unit(text: str) -> str:
    """The unit of `make install`, for programs in /usr/bin."""
    return text.replace(_OPT, "/usr/bin/").replace(_OPT_REMARK, "Settings in")


def without_account(settings: str) -> str:
    """The settings with the example's account commented out: the phone says it is not set up."""
    return re.sub(r"(?m)^(\[account\]|user = |domain = )", r"#\1", settings)


def stamped(module: str, version: str) -> str:
    """service/version.py saying which version was packed."""
    return re.sub(r'(?m)^VERSION: Final = ".*"$', f'VERSION: Final = "{version}"', module)


def metadata(version: str) -> str:
    """What Python tools ask for."""
    return (
        f"Metadata-Version: 2.4\nName: offhook\nVersion: {version}\n"
        "Summary: Firmware that turns a Raspberry Pi into a SIP desk phone\n"
        "License-Expression: GPL-3.0-or-later\nRequires-Python: >=3.11\n"
    )


def maintainer() -> str:
    """Who is named in deploy/deb/control."""
    control = (DEB / "control").read_text(encoding="utf-8")
    (name,) = re.findall(r"(?m)^Maintainer: (.+)$", control)
    return str(name)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _change(path: Path, how: Callable[[str], str]) -> None:
    path.write_text(how(path.read_text(encoding="utf-8")), encoding="utf-8")


def _control(directory: Path, tree: Path, build: "Build") -> None:
    """DEBIAN/control: what deploy/deb/control says, with the libraries that are really needed."""
    _write(directory / "debian/control", (DEB / "control").read_text(encoding="utf-8"))
    shutil.copy(tree / "usr/share/doc/offhook/changelog", directory / "debian/changelog")
    settle(tree, build.release.epoch)
    env = {"DEB_HOST_ARCH": build.spec.arch, "SOURCE_DATE_EPOCH": str(build.release.epoch)}
    packed = sorted(path for pattern in _PACKED for path in tree.glob(pattern))
    build.tools.run(["gzip", "-9n", *packed], paths=[directory], env=env)
    build.tools.run(
        ["dpkg-shlibdeps", "-Tdebian/substvars", *sorted((tree / HOME).rglob("*.so"))],
        paths=[directory], cwd=directory, env=env,
    )  # fmt: skip
    (tree / "DEBIAN/md5sums").write_text(md5sums(tree), encoding="utf-8")
    build.tools.run(
        ["dpkg-gencontrol", "-poffhook", f"-P{tree}", "-Tdebian/substvars",
         "-fdebian/files", f"-O{tree}/DEBIAN/control"],
        paths=[directory], cwd=directory, env=env,
    )  # fmt: skip


def settle(tree: Path, epoch: int) -> None:
    """One date and the plain modes for everything, whoever checked it out and how."""
    scripts = {tree / name for name, _, mode in PLACES if mode == 0o755}
    for path in [tree, *sorted(tree.rglob("*"))]:
        path.chmod(0o755 if path.is_dir() or path in scripts else 0o644)
        os.utime(path, (epoch, epoch))


def md5sums(tree: Path) -> str:
    """DEBIAN/md5sums, which lists no settings."""
    files = [path for path in sorted(tree.rglob("*")) if path.is_file()]
    rows = [(path, path.relative_to(tree)) for path in files]
    return "".join(
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {name}\n"
        for path, name in rows
        if name.parts[0] not in ("DEBIAN", "etc")
    )


def _pack(tree: Path, result: Path, build: "Build") -> None:
    settle(tree, build.release.epoch)
    env = {"SOURCE_DATE_EPOCH": str(build.release.epoch)}
    build.tools.run(
        ["dpkg-deb", "--root-owner-group", "--threads-max=1", "-Zxz", "--build", tree, result],
        paths=[result.parent], env=env,
    )  # fmt: skip
    build.tools.run(
        ["lintian", "--no-cfg", "--profile=debian", "--allow-root", "--fail-on=error,warning",
         "--tag-display-limit=0", result],
        paths=[result.parent],
    )  # fmt: skip
