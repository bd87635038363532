"""The words of `python3 -m offhook.appliance`, and what they end with.

Exit codes: 0 done, or nothing to do; 1 what was given cannot be used, and everything stays as it
was; 2 wrong arguments; 3 the phone or a tool did not do its part; 74 a disk failed.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path


def run(arguments: Sequence[str]) -> int:
    """Run one word; the exit code."""
    chosen = _parser().parse_args(arguments)
    match chosen.word:
        case "provision":
            from offhook.appliance.provision import run as provision  # noqa: PLC0415

            return provision(chosen.root, chosen.card)
        case "good":
            from offhook.appliance.good import run as good  # noqa: PLC0415

            return good(chosen.root)
        case "peers":
            from offhook.appliance.peers import run as peers  # noqa: PLC0415

            return peers(chosen.root)
        case _:
            from offhook.appliance.reset import run as reset  # noqa: PLC0415

            return reset(chosen.root)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python3 -m offhook.appliance", description="Root's work on the phone's own image."
    )
    parser.add_argument(
        "--root", type=Path, default=Path("/"), metavar="DIR", help="another system's root"
    )
    words = parser.add_subparsers(dest="word", required=True, metavar="WORD")
    provision = words.add_parser("provision", help="take over offhook.toml from the card")
    provision.add_argument(
        "--card", type=Path, metavar="DIR", help="the boot partition, already mounted here"
    )
    words.add_parser("good", help="wait for dial tone, then mark this slot as good")
    words.add_parser("peers", help="the exchange's addresses, into the firewall")
    words.add_parser("reset", help="forget everything and start again")
    return parser
