"""image.toml, checked and typed."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

IMAGE: Final = Path(__file__).resolve().parent.parent
ROOT: Final = IMAGE.parent.parent
ARCHITECTURES: Final = ("arm64", "amd64")


@dataclass(frozen=True, slots=True)
class Disk:
    """Sizes in MiB; `environment` in bytes from the start of the disk."""

    id: str
    environment: int
    start_mib: int
    boot_mib: int
    root_mib: int
    data_mib: int
    label: str
    serial: str
    root_uuid: str
    data_uuid: str
    hash_seed: str

    def partition(self, number: int) -> str:
        """PARTUUID of partition `number`, 1 to 4."""
        return f"{self.id}-{number:02d}"


@dataclass(frozen=True, slots=True)
class Spec:
    """What one architecture's image is made of."""

    arch: str
    release: str
    suites: tuple[str, ...]
    borrowed: str
    security: str
    components: tuple[str, ...]
    epoch: int
    packages: tuple[str, ...]
    tools: tuple[str, ...]
    exclude: tuple[str, ...]
    include: tuple[str, ...]
    remove: tuple[str, ...]
    fat: tuple[str, ...]
    disk: Disk


def load(arch: str, path: Path = IMAGE / "image.toml") -> Spec:
    """The specification for `arch`; `KeyError` or `TypeError` when image.toml is incomplete."""
    document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    base, packages, trim = document["base"], document["packages"], document["trim"]
    return Spec(
        arch=arch,
        release=base["release"],
        suites=tuple(base["suites"]),
        borrowed=base["borrowed"],
        security=base["security"],
        components=tuple(base["components"]),
        epoch=base["epoch"],
        packages=(*packages["common"], *packages[arch]),
        tools=(*packages["toolbox"], *packages["toolbox_arm64"]),
        exclude=tuple(trim["exclude"]),
        include=tuple(trim["include"]),
        remove=tuple(trim["remove"]),
        fat=tuple(document["fat"][arch]),
        disk=Disk(**document["disk"]),
    )
