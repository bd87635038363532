"""`offhook factory-reset`: as new, after the name of the phone was typed."""

import argparse
import socket
from typing import Final

from offhook.cli.client import ClientError
from offhook.cli.machine import Machine
from offhook.cli.person import Asker, answer, need_root

MORE: Final = (
    "Makes the phone as it came from the factory: the data partition is made anew at the next "
    "start, which follows at once.  The account, the Wi-Fi, the call log, the journal, SSH keys "
    "and this login are gone; both system slots stay as they are.  Settings come back only from "
    "an offhook.toml on the card's boot partition."
)
RESETTER: Final = "/usr/lib/offhook/appliance"
PATIENCE: Final = 60.0  # seconds


def arguments(parser: argparse.ArgumentParser) -> None:
    """What may stand behind the word."""
    parser.add_argument("--yes", action="store_true", help="do not ask for the phone's name")


def command(chosen: argparse.Namespace) -> int:
    """`offhook factory-reset`."""
    machine = Machine()
    need_root(machine, "factory-reset")
    reset(machine, socket.gethostname(), sure=chosen.yes)
    return 0


def reset(machine: Machine, name: str, *, sure: bool, ask: Asker = answer) -> None:
    """Ask, and leave the rest to the appliance's own tool.  Raises `ClientError`."""
    if not machine.image:
        raise ClientError(
            "offhook: this is not a phone of ours but a machine with the phone installed; nothing "
            "was changed.  Its settings lie in /etc/offhook, its calls in /var/lib/offhook."
        )
    if not sure:
        _confirm(name, ask)
    ran = machine.run((RESETTER, "reset"), PATIENCE)
    if ran is None or ran.code:
        why = "its tool is missing" if ran is None else ran.said
        raise ClientError(f"offhook: nothing was changed: {why}")
    print("The phone forgets everything and starts again.")


def _confirm(name: str, ask: Asker) -> None:
    print(f"Account, Wi-Fi, calls, journal and SSH keys of {name} will be gone for good.")
    typed = ask("Type the phone's name to go on: ")
    if typed is None:
        raise ClientError("offhook: nobody is there to answer; say --yes")
    if typed != name:
        raise ClientError("offhook: that is not its name; nothing was changed")
