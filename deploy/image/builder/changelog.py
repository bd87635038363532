"""CHANGELOG.md in the form that Debian's tools read."""

import re
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

WIDTH: Final = 78
_HEADING: Final = re.compile(r"\[?(?P<version>[^\]\s]+)\]?(?:\s+-\s+(?P<date>\d{4}-\d\d-\d\d))?$")


def debian_changelog(text: str, version: str, epoch: int, maintainer: str) -> str:
    """A Debian changelog, newest first, whose first entry is `version`.

    What is unreleased belongs to `version` and has the date `epoch`; so has a heading without one.
    """
    entries = []
    for section in re.split(r"(?m)^## ", text)[1:]:
        heading, _, body = section.partition("\n")
        match = _HEADING.match(heading.strip())
        if match is None:
            raise ValueError(f"CHANGELOG.md: what version is {heading!r}?")
        named, day = match["version"], match["date"]
        date = datetime.fromisoformat(f"{day}T00:00+00:00") if day else _date(epoch)
        if named == "Unreleased":
            named = version
        entries.append((named, list(_items(body)), date))
    if not entries or entries[0][0] != version:
        entries.insert(0, (version, ["Version for trials."], _date(epoch)))
    return "\n".join(_entry(*entry, maintainer) for entry in entries if entry[1])


def _date(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def _items(body: str) -> Iterator[str]:
    """The points of a section, each after the name of its group."""
    group = ""
    for block in re.split(r"\n(?=[-#])|\n\s*\n", body):
        line = " ".join(block.split())
        if line.startswith("###"):
            group = line.lstrip("# ") + ": "
        elif line.startswith("- "):
            yield group + line[2:]


def _entry(version: str, items: list[str], date: datetime, maintainer: str) -> str:
    points = "\n".join(
        textwrap.fill(item, WIDTH, initial_indent="  * ", subsequent_indent="    ")
        for item in items
    )
    return (
        f"offhook ({version}) trixie; urgency=medium\n\n{points}\n\n"
        f" -- {maintainer}  {format_datetime(date)}\n"
    )
