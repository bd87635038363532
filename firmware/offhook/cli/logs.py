"""`offhook logs`: the phone's lines of the journal, in columns."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Final

from offhook.cli.client import ClientError
from offhook.cli.journal import SEVERITIES, UNITS, Columns, Record, find_call, of_call, parse
from offhook.cli.machine import Machine

MORE: Final = (
    "The phone's lines in the journal: time, severity, call, words.  The third column is the "
    "beginning of the call's id, good for --call.  Needs root or the group systemd-journal."
)
EXAMPLES: Final = """\
examples:
  offhook logs -f                       watch
  offhook logs --severity warning       what went wrong
  offhook logs --call last              everything around the last call
  offhook logs --call 3f2a91c0          … around that one
  offhook logs --since "1 hour ago"     or "today", or "2026-11-22 14:00"
"""
DEFAULT: Final = 100  # lines
NOT_READ: Final = (
    "offhook: the journal cannot be read: {}.\nUse sudo, or join the group: "
    "sudo usermod -aG systemd-journal $USER (then log in again)"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What may stand behind the word."""
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--call", metavar="ID", help='around one call: "last", or how its id begins')
    which.add_argument("-f", "--follow", action="store_true", help="go on as lines come")
    parser.add_argument("--severity", choices=SEVERITIES, help="this and worse")
    parser.add_argument("--since", metavar="TIME", help="as journalctl understands it")
    parser.add_argument(
        "-n", dest="limit", type=_count, metavar="N",
        help=f"how many ({DEFAULT}; with --since or --call: all)",
    )  # fmt: skip
    parser.add_argument("--all", action="store_true", help="the whole system's, not only ours")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text[:9]) < 1_000_000:
        raise argparse.ArgumentTypeError("a whole number from 1 to 999999")
    return int(text)


def command(chosen: argparse.Namespace) -> int:
    """`offhook logs`."""
    machine = Machine()
    if chosen.call:
        records: Iterable[Record] = pick(machine, chosen)
    elif chosen.follow:
        records = _followed(machine, words(chosen))
    else:
        records = _read(machine, words(chosen))
    columns = Columns()
    for record in records:
        lines = [json.dumps(record)] if chosen.json else columns.lines(record)
        print("\n".join(lines), flush=chosen.follow)
    return 0


def words(chosen: argparse.Namespace) -> list[str]:
    """The journalctl command that fits."""
    limit = chosen.limit or (None if chosen.since else DEFAULT)
    worst = {"error": "err"}.get(chosen.severity, chosen.severity)
    return [
        "journalctl", "-q", "--no-pager", "-o", "json",
        *(() if chosen.all else UNITS),
        *(["-p", worst] if worst else ()),
        *([f"--since={chosen.since}"] if chosen.since else ()),
        *(["-n", str(limit)] if limit else ()),
        *(["-f"] if chosen.follow else ()),
    ]  # fmt: skip


def pick(machine: Machine, chosen: argparse.Namespace) -> list[Record]:
    """The lines around one call.  Raises `ClientError`."""
    call = find_call(machine, chosen.call)
    if not call:
        known = "" if chosen.call == "last" else f" whose id begins with {chosen.call!a}"
        raise ClientError(f"offhook: the journal holds no call{known} (sudo offhook logs …?)")
    worst = SEVERITIES.index(chosen.severity or "debug") + 3
    found = [each for each in of_call(machine, call) if _level(each) <= worst]
    print(f"call {call!a}", file=sys.stderr)
    return found[-chosen.limit :] if chosen.limit else found


def _level(record: Record) -> int:
    level = str(record.get("PRIORITY", ""))
    return int(level) if level in tuple("01234567") else 6


def _read(machine: Machine, command: list[str]) -> Iterator[Record]:
    ran = machine.run(command, 60.0)
    if ran is None:
        raise ClientError(NOT_READ.format("there is no journalctl here"))
    found = [record for line in ran.out.splitlines() if (record := parse(line)) is not None]
    if ran.code and not found:
        raise ClientError(NOT_READ.format(ran.said.rstrip(".")), 4)
    return iter(found)


def _followed(machine: Machine, command: list[str]) -> Iterator[Record]:
    try:
        for line in machine.stream(command):
            if (record := parse(line)) is not None:
                yield record
            elif line.startswith("exit ") and line != "exit 0":
                raise ClientError(NOT_READ.format(f"journalctl ended with {line}"), 4)
    except OSError as error:
        raise ClientError(NOT_READ.format(error)) from error
