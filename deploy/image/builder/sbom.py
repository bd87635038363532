"""The bill of materials of an image: CycloneDX 1.6, one component for every package in it."""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from builder import licences
from builder.contents import OS_RELEASE, PYTHON, STATUS, read
from builder.say import stage

if TYPE_CHECKING:
    from builder.build import Build

Component = dict[str, object]

_NAMESPACE: Final = uuid.UUID("0ff400c1-0000-5000-8000-000000000000")
_OURS: Final = "offhook"  # packages that no distribution has


def make(build: "Build", tree: Path) -> Path:
    """Write the bill of the tree in the tar `tree`; beside the other results."""
    path = build.named("cdx.json")
    with stage("sbom", path.name):
        document = bill(read(tree), build.spec.arch, build.release.version, build.release.epoch)
        path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path


def bill(texts: Mapping[str, str], arch: str, version: str, epoch: int) -> Component:
    """The document for a tree whose telling files are `texts`; the same for the same tree."""
    distro = _distro(texts.get(OS_RELEASE, ""))
    debian = sorted(
        (_debian(each, distro, texts) for each in installed(texts[STATUS])),
        key=lambda component: str(component["bom-ref"]),
    )
    python = [_python(each, texts) for each in json.loads(texts.get(PYTHON, "[]"))]
    image = f"pkg:generic/offhook-image@{quote(version)}?arch={arch}"
    body = [*debian, *python]
    serial = uuid.uuid5(_NAMESPACE, json.dumps([image, epoch, body], sort_keys=True))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "firmware", "bom-ref": image, "purl": image,
                "name": "offhook-image", "version": version,
            },
        },
        "components": body,
        "dependencies": [*_dependencies(image, debian, python)],
    }  # fmt: skip


def _dependencies(
    image: str, debian: Iterable[Component], python: Iterable[Component]
) -> Iterator[Component]:
    """The image holds Debian's packages; ours holds Python's."""
    refs = [each["bom-ref"] for each in debian]
    inside = [each["bom-ref"] for each in python]
    yield {"ref": image, "dependsOn": refs}
    for ref in refs:
        if str(ref).startswith(f"pkg:deb/{_OURS}/"):
            yield {"ref": ref, "dependsOn": inside}


def installed(status: str) -> Iterator[dict[str, str]]:
    """The fields of each installed package in dpkg's status file."""
    for paragraph in status.split("\n\n"):
        fields = licences.fields(paragraph)
        if fields.get("Status", "").endswith(" installed"):
            yield fields


def _debian(fields: Mapping[str, str], distro: str, texts: Mapping[str, str]) -> Component:
    name, version = fields["Package"], fields["Version"]
    source, _, between = fields.get("Source", name).partition(" ")
    source_version = between.strip("()") or version
    vendor, qualifiers = (_OURS, []) if name == _OURS else ("debian", [f"distro={distro}"])
    qualifiers = [f"arch={fields['Architecture']}", *qualifiers]
    if (source, source_version) != (name, version):
        qualifiers.append(f"upstream={quote(source)}%40{quote(source_version)}")
    purl = f"pkg:deb/{vendor}/{quote(name)}@{quote(version)}?{'&'.join(qualifiers)}"
    return {
        "type": "library", "bom-ref": purl, "purl": purl, "name": name, "version": version,
        **_licensed(licences.of_debian(texts.get(f"usr/share/doc/{name}/copyright", ""))),
        "properties": [
            {"name": "offhook:debian:architecture", "value": fields["Architecture"]},
            {"name": "offhook:debian:source", "value": f"{source} {source_version}"},
        ],
    }  # fmt: skip


def _python(row: Mapping[str, str], texts: Mapping[str, str]) -> Component:
    name, version = row["name"], row["version"]
    directory = f"usr/lib/offhook/{name.replace('-', '_')}-{version}.dist-info"
    purl = f"pkg:pypi/{quote(name)}@{quote(version)}"
    return {
        "type": "library", "bom-ref": purl, "purl": purl, "name": name, "version": version,
        **_licensed(licences.of_python(texts.get(f"{directory}/METADATA", ""))),
        "hashes": [{"alg": "SHA-256", "content": row["sha256"]}],
        "properties": [{"name": "offhook:python:file", "value": row["file"]}],
    }  # fmt: skip


def _licensed(names: Iterable[str]) -> Component:
    """The `licenses` of a component; nothing when none is known."""
    known = [licences.spdx(name) for name in names]
    rows = [{"license": {"id": spdx} if spdx else {"name": name}}
            for name, spdx in zip(names, known, strict=True)]  # fmt: skip
    unique = {json.dumps(row): row for row in rows}
    return {"licenses": [unique[key] for key in sorted(unique)]} if unique else {}


def _distro(os_release: str) -> str:
    words = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    return f"{words.get('ID', 'debian')}-{words.get('VERSION_ID', 'unknown')}".replace('"', "")
