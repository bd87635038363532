"""The signed update (RAUC, format verity), and what a phone needs to judge one."""

import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from builder.keys import Keys, certificates, find, keyring
from builder.say import BuildError, stage
from builder.spec import IMAGE
from builder.toolbox import Tree

if TYPE_CHECKING:
    from builder.build import Build

_CONF: Final = Path("etc/rauc/system.conf")
_KEYRING: Final = Path("etc/rauc/keyring.pem")
_BLOCK: Final = "256K"
_MANIFEST: Final = """\
[update]
compatible={compatible}
version={version}
description=Offhook {version} for {arch}

[bundle]
format=verity

[image.root]
filename=root.ext4
"""
# What `rauc bundle` needs to judge its own work by the rule of files/etc/rauc/system.conf.
_JUDGE: Final = """\
[system]
compatible=none
bootloader=noop
statusfile=per-slot

[keyring]
check-purpose=codesign
use-bundle-signing-time=true
"""


@dataclass(frozen=True, slots=True)
class Update:
    """What image.toml says of updates."""

    minimum: str
    """No phone with this image takes an older version."""
    compression: int
    """zstd's level for bundles."""


def load(path: Path = IMAGE / "image.toml") -> Update:
    """The section ``[update]``.  Raises `KeyError` or `TypeError` when it is incomplete."""
    return Update(**tomllib.loads(path.read_text(encoding="utf-8"))["update"])


def compatible(arch: str) -> str:
    """The word by which a phone knows bundles made for it."""
    return f"offhook-{arch}"


@dataclass(frozen=True, slots=True)
class Trust:
    """Which bundles a phone takes, besides that they must be made for its board."""

    minimum: str
    keyring: str


def trust(tools: Tree) -> Trust:
    """As image.toml and the keys of this build have it."""
    return Trust(load().minimum, keyring(tools, find(tools).ca))


def configure(root: Path, arch: str, trusted: Trust) -> None:
    """Tell the tree at `root` which bundles it takes.  Depends on the arguments alone."""
    text = (IMAGE / "files" / _CONF).read_text(encoding="utf-8")
    for word, value in (("@COMPATIBLE@", compatible(arch)), ("@MINIMUM@", trusted.minimum)):
        if word not in text:
            raise BuildError(f"files/{_CONF} lacks {word}")
        text = text.replace(word, value)
    for path, content in ((_CONF, text), (_KEYRING, trusted.keyring)):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, encoding="utf-8")
        (root / path).chmod(0o644)


def make(build: "Build", image: Path) -> Path:
    """The stage ``bundle``: the root file system `image`, signed, beside the other results."""
    out = build.named("raucb")
    keys = find(build.tools)
    with stage("bundle", out.name):
        bundle(build.tools, keys, image, arch=build.spec.arch, version=build.release.version,
               out=out, compression=load().compression)  # fmt: skip
    return out


def bundle(
    tools: Tree, keys: Keys, image: Path, *, arch: str, version: str, out: Path, compression: int
) -> None:
    """Sign the root file system `image` as version `version`, for boards of `arch`.

    The finished bundle is checked against `keys.ca` as a phone would.  Raises `BuildError`.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    work = out.with_name(out.name + ".work")
    shutil.rmtree(work, ignore_errors=True)
    content, new = work / "content", work / "new.raucb"
    content.mkdir(parents=True)
    manifest = _MANIFEST.format(compatible=compatible(arch), version=version, arch=arch)
    (content / "manifest.raucm").write_text(manifest, encoding="utf-8")
    _link(image, content / "root.ext4")
    trusted = work / "ca.pem"
    trusted.write_text(keyring(tools, keys.ca), encoding="utf-8")
    (work / "rauc.conf").write_text(_JUDGE, encoding="ascii")
    squash = f"-comp zstd -Xcompression-level {compression} -b {_BLOCK} -quiet"
    try:
        tools.run(
            [
                "rauc", f"--conf={work / 'rauc.conf'}", "bundle", f"--signing-keyring={trusted}",
                *_signer(keys, work), f"--key={keys.key}", f"--mksquashfs-args={squash}",
                content, new,
            ],
            paths=[work, keys.directory],
        )  # fmt: skip
        new.rename(out)
    finally:
        shutil.rmtree(work)


def _signer(keys: Keys, work: Path) -> list[str]:
    """Options that name the signing certificate and those between it and the CA, one file each."""
    options = []
    for number, certificate in enumerate(certificates(keys.signer)):
        path = work / f"signer{number}.pem"
        path.write_text(certificate, encoding="ascii")
        options.append(f"--{'intermediate' if number else 'cert'}={path}")
    return options


def _link(image: Path, name: Path) -> None:
    """The same file under another name; a copy where the file systems differ."""
    try:
        name.hardlink_to(image)
    except OSError:
        shutil.copyfile(image, name)
