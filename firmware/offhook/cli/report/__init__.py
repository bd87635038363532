"""`offhook report`: everything that helps whoever is asked for help, in one file without secrets.

contents --text--> masking --clean text--> archive (manifest first)
"""

import argparse
import os
import socket
import sys
from datetime import datetime
from pathlib import Path
from typing import Final

from offhook.cli.client import ClientError
from offhook.cli.machine import Machine
from offhook.cli.report.archive import pack
from offhook.cli.report.contents import collector, secrets
from offhook.cli.report.masking import Mask
from offhook.text import printable

MORE: Final = (
    "Writes a .tar.xz with the doctor's page, status, settings, calls, the last lines of the "
    "journal, states of units, times of the start, slots and versions.  Passwords, keys and "
    "proofs of them are masked; look yourself before you send it.  Complete only as root."
)
EXAMPLES: Final = """\
examples:
  sudo offhook report                                  in this directory, named by host and time
  ssh admin@phone sudo offhook report - > phone.tar.xz
"""
LINES: Final = 2000


def arguments(parser: argparse.ArgumentParser) -> None:
    """What may stand behind the word."""
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", nargs="?", default="", metavar="FILE", help='"-": standard output')
    parser.add_argument(
        "--mask-numbers", action="store_true", help="numbers and names of callers, too"
    )
    parser.add_argument(
        "-n", dest="lines", type=int, default=LINES, metavar="N", help=f"lines of journal ({LINES})"
    )


def command(chosen: argparse.Namespace) -> int:
    """`offhook report`."""
    machine = Machine()
    data = make(machine, chosen.socket, numbers=chosen.mask_numbers, lines=chosen.lines)
    if chosen.file == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return 0
    path = Path(chosen.file or f"{_name(machine.now())}.tar.xz")
    write(path, data)
    if machine.uid:
        print("Not run as root: some files are empty.", file=sys.stderr)
    print(f"{path}: {len(data) >> 10} KB.  Look into it before you send it: tar xOf {path} | less")
    return 0


def make(machine: Machine, control: Path, *, numbers: bool, lines: int) -> bytes:
    """The archive."""
    source = collector(control, machine, max(1, min(lines, 100_000)))
    own = (source.phone.setting("account", "user"), source.phone.setting("account", "domain"))
    mask = Mask(secrets(machine, source.phone), frozenset(map(str, own)), numbers)
    mask.people(source.calls)
    return pack(_name(machine.now()), source.parts(), mask, machine.now())


def write(path: Path, data: bytes) -> None:
    """Readable for whoever called us, sudo or not, and for nobody else."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ClientError(f"offhook: {path}: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        caller = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
        if os.geteuid() == 0 and all(each.isdecimal() for each in caller):
            os.fchown(file.fileno(), int(caller[0]), int(caller[1]))


def _name(now: datetime) -> str:
    return f"offhook-report-{printable(socket.gethostname(), 40)}-{now:%Y%m%d-%H%M%S}"
