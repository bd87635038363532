"""A .tar.xz whose first file lists the others."""

import hashlib
import io
import tarfile
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from offhook.cli.report.contents import Part
from offhook.cli.report.masking import Mask
from offhook.service.version import VERSION

MAX_PART: Final = 4 << 20  # characters of a file; of a longer one the end is kept
MANIFEST: Final = "MANIFEST.txt"


def pack(name: str, parts: Iterable[Part], mask: Mask, now: datetime) -> bytes:
    """Mask every part and put them under a directory `name`."""
    clean = [
        Part(each.name, each.what, mask.clean(each.text[-MAX_PART:]).rstrip() + "\n")
        for each in parts
    ]
    head = Part(MANIFEST, "", mask.clean(_manifest(name, clean, mask, now)) + "\n")
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:xz") as archive:
        for part in (head, *clean):
            data = part.text.encode("utf-8", "backslashreplace")
            entry = tarfile.TarInfo(f"{name}/{part.name}")
            entry.size, entry.mtime, entry.mode = len(data), int(now.timestamp()), 0o600
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def _manifest(name: str, parts: list[Part], mask: Mask, now: datetime) -> str:
    people = "masked" if mask.numbers else "shown (--mask-numbers hides them)"
    lines = [
        name,
        f"made {now:%Y-%m-%d %H:%M:%S} UTC by offhook {VERSION}",
        f"numbers and names of callers: {people}",
        "passwords, keys and proofs of them: masked",
        "",
    ]
    for part in parts:
        data = part.text.encode("utf-8", "backslashreplace")
        digest = hashlib.sha256(data).hexdigest()[:16]
        lines.append(f"{part.name:<14} {len(data):>8} bytes  sha256 {digest}…  {part.what}")
    return "\n".join(lines)
