"""The files of a tree that say what is in it, read from its tar."""

import posixpath
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

STATUS: Final = "var/lib/dpkg/status"
OS_RELEASE: Final = "usr/lib/os-release"
PYTHON: Final = "usr/lib/offhook/python-packages.json"
_TELLING: Final = re.compile(
    rf"{STATUS}|{OS_RELEASE}|{PYTHON}"
    r"|usr/lib/offhook/[^/]+\.dist-info/METADATA"
    r"|usr/share/doc/[^/]+(?:/copyright)?"  # a package's directory may be a link to another's
)
_LINKS: Final = 8  # followed, one after another


def read(tar: Path) -> dict[str, str]:
    """The text of each telling file by its path, links followed."""
    texts: dict[str, str] = {}
    links: dict[str, str] = {}
    with tarfile.open(tar) as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if _TELLING.fullmatch(name) is None:
                continue
            if member.issym():
                links[name] = posixpath.normpath(
                    posixpath.join("/", posixpath.dirname(name), member.linkname)
                ).lstrip("/")
            elif member.islnk():
                links[name] = member.linkname.removeprefix("./")
            elif (file := archive.extractfile(member)) is not None:
                texts[name] = file.read().decode("utf-8", "replace")
    return texts | dict(_linked(texts, links))


def _linked(texts: Mapping[str, str], links: Mapping[str, str]) -> list[tuple[str, str]]:
    found = []
    for link in links:
        name = link if link.endswith("/copyright") else f"{link}/copyright"
        end = _end(name, links)
        if end in texts:
            found.append((name, texts[end]))
    return found


def _end(name: str, links: Mapping[str, str]) -> str:
    """Where a copyright file really lies."""
    for _ in range(_LINKS):
        directory = posixpath.dirname(name)
        if name in links:
            name = links[name]
        elif directory in links:
            name = f"{links[directory]}/copyright"
        else:
            break
    return name
