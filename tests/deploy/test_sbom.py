"""The bill of materials: complete, the same for the same tree, and what CycloneDX allows."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from builder import cache, contents, licences, sbom

EPOCH = 1_795_370_000
STATUS = """\
Package: offhook
Status: install ok installed
Architecture: arm64
Version: 0.1.0

Package: libstdc++6
Status: install ok installed
Architecture: arm64
Multi-Arch: same
Source: gcc-14 (14.2.0-19)
Version: 1:14.2.0-19~bpo1+b1
Description: library
 with a line more

Package: gone
Status: deinstall ok config-files
Architecture: arm64
Version: 1

Package: bash
Status: install ok installed
Architecture: arm64
Version: 5.2.37-2
"""
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: somebody
License: GPL-3+ and Expat

Files: a b
Copyright: other
License: BSD-3-clause or LGPL-2.1+, or permissive

License: GPL-3+
 The text, which says
 License: nothing
"""
PYTHON = json.dumps(
    [
        {
            "name": "audioop-lts",
            "version": "0.2.2",
            "file": "audioop_lts-0.2.2.whl",
            "sha256": "ab" * 32,
        }
    ]
)
TEXTS = {
    contents.STATUS: STATUS,
    contents.OS_RELEASE: 'ID=debian\nVERSION_ID="13"\n',
    contents.PYTHON: PYTHON,
    "usr/share/doc/bash/copyright": COPYRIGHT,
    "usr/share/doc/libstdc++6/copyright": "This is free software, says a letter.",
    "usr/lib/offhook/audioop_lts-0.2.2.dist-info/METADATA": "License-Expression: PSF-2.0\n",
}


def _bill(texts: dict[str, str] = TEXTS) -> Any:  # noqa: ANN401  # a JSON document
    return sbom.bill(texts, "arm64", "0.1.0", EPOCH)


def _component(name: str) -> Any:  # noqa: ANN401  # a part of it
    [found] = [each for each in _bill()["components"] if each["name"] == name]
    return found


def _valid(document: object) -> None:
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document))
    assert problem is None, problem


def test_cyclonedx_allows_it() -> None:
    _valid(_bill())


def test_every_installed_package_is_in_it_and_no_other() -> None:
    names = [each["name"] for each in _bill()["components"]]
    assert sorted(names) == ["audioop-lts", "bash", "libstdc++6", "offhook"]


def test_it_is_the_same_for_the_same_tree_and_another_for_another() -> None:
    assert _bill() == _bill(dict(reversed(TEXTS.items())))
    assert _bill()["serialNumber"] != _bill(TEXTS | {contents.PYTHON: "[]"})["serialNumber"]


def test_a_package_of_debian_has_the_address_by_which_tools_look_for_flaws() -> None:
    purl = PackageURL.from_string(_component("libstdc++6")["purl"])
    assert (purl.type, purl.namespace, purl.name) == ("deb", "debian", "libstdc++6")
    assert purl.version == "1:14.2.0-19~bpo1+b1"
    assert purl.qualifiers == {
        "arch": "arm64", "distro": "debian-13", "upstream": "gcc-14@14.2.0-19",
    }  # fmt: skip


def test_our_own_package_is_not_said_to_be_debians() -> None:
    assert _component("offhook")["purl"] == "pkg:deb/offhook/offhook@0.1.0?arch=arm64"


def test_a_python_package_has_its_checksum_and_is_part_of_ours() -> None:
    part = _component("audioop-lts")
    assert part["purl"] == "pkg:pypi/audioop-lts@0.2.2"
    assert part["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    assert part["licenses"] == [{"license": {"id": "PSF-2.0"}}]
    inside = {each["ref"]: each["dependsOn"] for each in _bill()["dependencies"]}
    assert inside[_component("offhook")["bom-ref"]] == [part["bom-ref"]]


def test_licences_are_told_when_a_machine_can_read_them() -> None:
    assert _component("bash")["licenses"] == [
        {"license": {"id": "BSD-3-Clause"}},
        {"license": {"id": "GPL-3.0-or-later"}},
        {"license": {"id": "LGPL-2.1-or-later"}},
        {"license": {"id": "MIT"}},
        {"license": {"name": "permissive"}},
    ]
    assert "licenses" not in _component("libstdc++6")


@pytest.mark.parametrize(
    ("debian", "spdx"),
    [
        ("GPL-2", "GPL-2.0-only"), ("GPL-2+", "GPL-2.0-or-later"), ("LGPL-2.1", "LGPL-2.1-only"),
        ("gpl-3.0+", "GPL-3.0-or-later"), ("Expat", "MIT"), ("zlib", "Zlib"),
        ("LGPLv2+", "LGPL-2.0-or-later"),
        ("GPL-2+ with OpenSSL exception", None), ("LGPL", None), ("GPL-7", None), ("BSD", None),
    ],
)  # fmt: skip
def test_a_licence_gets_spdxs_name_only_when_it_is_certain(debian: str, spdx: str | None) -> None:
    assert licences.spdx(debian) == spdx


def _tar(path: Path, files: dict[str, str], links: dict[str, str]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
        for name, target in links.items():
            member = tarfile.TarInfo(f"./{name}")
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return path


def test_a_copyright_file_is_found_through_links_of_files_and_directories(tmp_path: Path) -> None:
    tar = _tar(
        tmp_path / "tree.tar",
        {"usr/share/doc/a/copyright": "A", contents.STATUS: STATUS, "etc/passwd": "secret"},
        {
            "usr/share/doc/b": "a",
            "usr/share/doc/c/copyright": "../b/copyright",
            "usr/share/doc/d": "/usr/share/doc/c",
            "usr/share/doc/lost": "nowhere",
            "usr/share/doc/round": "round",
        },
    )
    assert contents.read(tar) == {
        contents.STATUS: STATUS,
        **{f"usr/share/doc/{name}/copyright": "A" for name in "abcd"},
    }


# --- the tree that is flashed ------------------------------------------------------------------

TREES = sorted(cache.root().glob("tree-*-????????????"), key=lambda path: path.stat().st_mtime)


@pytest.mark.image
@pytest.mark.skipif(not TREES, reason="no tree here: python3 -m builder tree --arch amd64")
def test_the_bill_of_a_real_tree_is_valid_and_names_what_the_phone_needs() -> None:
    document: Any = sbom.bill(contents.read(TREES[-1]), "amd64", "0.1.0", EPOCH)
    _valid(document)
    by_name = {each["name"]: each for each in document["components"]}
    assert {"offhook", "libbcg729-0", "gpiozero", "lgpio", "systemd-python"} <= set(by_name)
    assert len(by_name) > 150
    assert all(unquote(PackageURL.from_string(each["purl"]).name) for each in by_name.values())
    licensed = [name for name, each in by_name.items() if "licenses" in each]
    assert {"offhook", "gpiozero", "systemd"} <= set(licensed)
    assert len(licensed) > 0.8 * len(by_name)
