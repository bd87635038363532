"""What is to become of the data partition: a few files, all or none.

    stage    written to one file, synced, renamed: from here on it will happen
    apply    each file replaced by one of its own; a second time changes nothing
    clear    done

A power cut before the rename leaves everything as it was; after it, the next boot applies again.
"""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from offhook.appliance import quick
from offhook.appliance.erase import Span
from offhook.service.files import sync_directory, write_atomically

STAGED: Final = Path(quick.STAGED).name


@dataclass(frozen=True, slots=True)
class Write:
    """A file with this content."""

    path: str
    """Below the data partition, without a slash in front."""
    content: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link to `target`."""

    path: str
    target: str


@dataclass(frozen=True, slots=True)
class Remove:
    """No such file."""

    path: str


Change = Write | Link | Remove


@dataclass(frozen=True, slots=True)
class Staged:
    """Changes that will happen, and what is then to be done on the card."""

    changes: tuple[Change, ...]
    before: str = ""
    """Digest of the settings file with its secrets …"""
    after: str = ""
    """… and without."""
    spans: tuple[Span, ...] = ()
    report: str = ""
    hostname: str = ""
    trouble: int = 0


def stage(directory: Path, staged: Staged) -> None:
    """Make it certain.  Raises `OSError`."""
    document = {
        "changes": [_described(change) for change in staged.changes],
        "before": staged.before,
        "after": staged.after,
        "spans": [[span.offset, span.length, span.quotes] for span in staged.spans],
        "report": staged.report,
        "hostname": staged.hostname,
        "trouble": staged.trouble,
    }
    write_atomically(directory / STAGED, json.dumps(document).encode())


def staged(directory: Path) -> Staged | None:
    """What a power cut interrupted.  Raises `OSError`; a file that is none of ours is ignored."""
    try:
        document = json.loads((directory / STAGED).read_bytes())
        return Staged(
            changes=tuple(_change(each) for each in document["changes"]),
            before=document["before"],
            after=document["after"],
            spans=tuple(Span(*each) for each in document["spans"]),
            report=document["report"],
            hostname=document["hostname"],
            trouble=document["trouble"],
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def clear(directory: Path) -> None:
    """All is done.  Raises `OSError`."""
    (directory / STAGED).unlink(missing_ok=True)
    sync_directory(directory)


def apply(data: Path, changes: tuple[Change, ...]) -> None:
    """Bring every file to where it should be; those that are there already are not written again.

    Raises `OSError`.
    """
    for change in changes:
        path = data / change.path
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        match change:
            case Write(_, content, mode):
                if not _is_file(path, content, mode):
                    write_atomically(path, content, mode)
            case Link(_, target):
                _link(path, target)
            case Remove():
                path.unlink(missing_ok=True)
                sync_directory(path.parent)


def _is_file(path: Path, content: bytes, mode: int) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    return path.stat().st_mode & 0o7777 == mode and path.read_bytes() == content


def _link(path: Path, target: str) -> None:
    if path.is_symlink() and os.readlink(path) == target:
        return
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(path)
    sync_directory(path.parent)


def _described(change: Change) -> Mapping[str, str | int]:
    match change:
        case Write(path, content, mode):
            return {"path": path, "content": base64.b64encode(content).decode(), "mode": mode}
        case Link(path, target):
            return {"path": path, "target": target}
        case Remove(path):
            return {"path": path}


def _change(document: Mapping[str, str | int]) -> Change:
    path = str(document["path"])
    if "content" in document:
        content = base64.b64decode(str(document["content"]))
        return Write(path, content, int(document["mode"]))
    return Link(path, str(document["target"])) if "target" in document else Remove(path)
