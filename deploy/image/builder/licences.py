"""Names of licences, as packages tell them and as SPDX calls them."""

import re
from collections.abc import Mapping
from email.parser import HeaderParser
from typing import Final

_FORMAT: Final = re.compile(r"(?i)^format(?:-specification)?:.*copyright-format|^format:.*dep-?5")
_JOINED: Final = re.compile(r"\s*(?:,\s*)?\b(?:and/or|and|or)\b\s+|\s*,\s*")
_GNU: Final = re.compile(
    r"(?i)(?P<family>L?GPL|AGPL|GFDL)-?v?(?P<version>\d(?:\.\d)?)(?P<later>\+?)"
)
_GNU_VERSIONS: Final = {"1": "1.0", "2": "2.0", "3": "3.0"}
_KNOWN: Final = (
    "0BSD", "Apache-2.0", "Artistic-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-4-Clause", "BSL-1.0",
    "CC0-1.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "FSFAP", "FSFUL",
    "FSFULLR", "FTL", "HPND", "ISC", "MIT", "MIT-0", "MPL-1.1", "MPL-2.0", "NTP", "OFL-1.1",
    "OpenSSL", "PSF-2.0", "Sleepycat", "Unicode-DFS-2016", "Unlicense", "X11", "Zlib", "curl",
)  # fmt: skip
# Only what is certain: Debian's short names (copyright-format 1.0), and what authors wrote on PyPI.
_ALSO: Final[Mapping[str, str]] = {
    "expat": "MIT", "apache-2": "Apache-2.0", "bsd-2": "BSD-2-Clause", "bsd-3": "BSD-3-Clause",
    "cc0": "CC0-1.0", "psf": "PSF-2.0", "unlicense.org": "Unlicense",
    "lgplv2+": "LGPL-2.0-or-later",
}  # fmt: skip
_BY_NAME: Final = {name.lower(): name for name in _KNOWN} | dict(_ALSO)


def fields(paragraph: str) -> dict[str, str]:
    """A paragraph of a Debian control file; continued lines keep their line breaks."""
    found: dict[str, str] = {}
    key = ""
    for line in paragraph.splitlines():
        if line.startswith((" ", "\t")) and key:
            found[key] += "\n" + line[1:]
        elif ":" in line and not line.startswith("#"):
            key, _, value = line.partition(":")
            key = key.strip()
            found[key] = value.strip()
    return found


def of_debian(copyright_file: str) -> list[str]:
    """The licences in a machine-readable copyright file, sorted; none in another."""
    first, *rest = re.split(r"\n\s*\n", copyright_file.lstrip("\ufeff\n "))
    if not _FORMAT.search(first):
        return []
    named = (fields(paragraph).get("License", "") for paragraph in (first, *rest))
    titles = {text.splitlines()[0].strip() for text in named if text}
    return sorted({part for title in titles for part in _JOINED.split(title) if part})


def of_python(metadata: str) -> list[str]:
    """The licence that a package's METADATA names, if it names one."""
    message = HeaderParser().parsestr(metadata)
    named = message.get("License-Expression") or message.get("License") or ""
    line = str(named).strip().splitlines()[:1]
    return [each for each in line if each and each != "UNKNOWN"]


def spdx(name: str) -> str | None:
    """SPDX's identifier for a licence, when it is certain."""
    if match := _GNU.fullmatch(name):
        family, version = match["family"].upper(), match["version"]
        full = _GNU_VERSIONS.get(version, version)
        if (family, full) in _GNU_FAMILIES:
            return f"{family}-{full}-{'or-later' if match['later'] else 'only'}"
    return _BY_NAME.get(name.lower())


_GNU_FAMILIES: Final = frozenset({
    ("GPL", "1.0"), ("GPL", "2.0"), ("GPL", "3.0"), ("AGPL", "1.0"), ("AGPL", "3.0"),
    ("LGPL", "2.0"), ("LGPL", "2.1"), ("LGPL", "3.0"),
    ("GFDL", "1.1"), ("GFDL", "1.2"), ("GFDL", "1.3"),
})  # fmt: skip
