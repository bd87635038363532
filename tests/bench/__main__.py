"""All measurements, one after another, into RESULTS.md; fails if a condition does.

make bench                       everything, about ten minutes
make bench ARGS="cost growth"    only these; printed, RESULTS.md stays as it is
"""

import importlib
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.table import Kind, Table

RESULTS: Final = Path(__file__).with_name("RESULTS.md")
MEASURES: Final = (
    "cost", "mouth_to_ear", "loopback", "signalling", "growth", "isolation", "conceal", "playout",
)  # fmt: skip
TOOLS: Final = ("baresip-core", "kamailio", "libspandsp2", "libasound2", "libbcg729-0")
INTRODUCTION: Final = """# Measured

By `make bench`, on {date} UTC, version {version}, in {minutes:.0f} minutes.

{machine}. The phones run on loopback, each with a sound card that is a few lines of C
(`tests/support/alsa/pcm_testline.c`). Absolute figures hold for such a machine only: compare within
one run. Other programs may have run beside it: the load before it began was {load:.1f}.
"""


def main(wanted: list[str]) -> int:
    began, load = time.monotonic(), os.getloadavg()[0]
    tables = dict(measured(wanted or MEASURES))
    minutes = (time.monotonic() - began) / 60
    if not wanted:
        RESULTS.write_text("\n".join(document(tables, minutes, load)))
    failed = [each for each in conditions(tables.values()) if "**" in each]
    print("\n".join(["", *conditions(tables.values())]))
    return 1 if failed else 0


def measured(names: Iterable[str]) -> Iterator[tuple[str, Table]]:
    for name in names:
        began = time.monotonic()
        print(f"{name} …", flush=True)
        table: Table = importlib.import_module(f"bench.{name}").run()
        print(f"{table}\n{name}: {time.monotonic() - began:.0f} s\n", flush=True)
        yield name, table


def verdicts(tables: Iterable[Table], kind: Kind) -> list[str]:
    return [str(each) for table in tables for each in table.verdicts if each.kind is kind]


def conditions(tables: Iterable[Table]) -> list[str]:
    return verdicts(tables, Kind.CONDITION)


def document(tables: dict[str, Table], minutes: float, load: float) -> Iterator[str]:
    yield INTRODUCTION.format(
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M}", version=version(), minutes=minutes,
        machine=machine(), load=load,
    )  # fmt: skip
    yield "| | what | measured | limit | |\n| --- | --- | --- | --- | --- |"
    yield from verdicts(tables.values(), Kind.CONDITION)
    yield from verdicts(tables.values(), Kind.AIM)
    yield ""
    for name, table in tables.items():
        yield f"{table}\n`make bench ARGS={name}` · [`{name}.py`]({name}.py)\n"


def version() -> str:
    git = ("git", "-C", str(RESULTS.parent), "describe", "--always", "--dirty")
    return subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip() or "?"


def machine() -> str:
    """Processor, kernel, system and the versions of what we compare with."""
    cpu = Path("/proc/cpuinfo").read_text().partition("model name\t: ")[2].partition("\n")[0]
    packages = subprocess.run(
        ("dpkg-query", "-W", "-f", "${Package} ${Version}, ", *TOOLS),
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return (
        f"{os.cpu_count()} × {cpu or platform.machine()}, {system}, Linux {platform.release()}, "
        f"Python {platform.python_version()}, {packages.rstrip(', ')}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
