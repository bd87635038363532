"""`offhook config apply`: check the settings, restart the phone, wait until it registers."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from offhook.cli.client import ClientError
from offhook.cli.doctor import lines
from offhook.cli.doctor.examination import ask
from offhook.cli.doctor.exchange import judge_registration, see_registration
from offhook.cli.doctor.finding import SERVICE, Level, Phone, rows
from offhook.cli.machine import Machine
from offhook.cli.person import need_root
from offhook.service.config import DEFAULT_PATH
from offhook.service.config_check import check

MORE: Final = (
    "Checks /etc/offhook/offhook.toml, restarts the phone with it, and waits until it is "
    "registered or says why not.  A file with a fault changes nothing."
)
PATIENCE: Final = 20.0  # seconds for a registration
STEP: Final = 0.5
RESTART: Final = 40.0  # seconds for systemctl


def arguments(parser: argparse.ArgumentParser) -> None:
    """What may stand behind the word."""
    parser.add_argument("--now", action="store_true", help="although a call goes on")


def command(chosen: argparse.Namespace) -> int:
    """`offhook config apply`."""
    machine = Machine()
    need_root(machine, "config apply")
    _checked(DEFAULT_PATH)
    before = ask(chosen.socket, machine)
    if rows(before.status.get("calls")) and not chosen.now:
        raise ClientError("offhook: a call is going on; wait until it ends, or say --now")
    ran = machine.run(("systemctl", "restart", SERVICE), RESTART)
    if ran is None or ran.code:
        why = "there is no systemctl here" if ran is None else ran.said
        raise ClientError(f"offhook: not restarted: {why}\nSee: offhook logs -n 30")
    return told(settled(lambda: ask(chosen.socket, machine)))


def _checked(path: Path) -> None:
    """The service gets the password as a credential; root reads the same file."""
    if problems := check(path):
        raise ClientError("\n".join((*map(str, problems), "offhook: nothing was changed")))


def settled(
    look: Callable[[], Phone],
    wait: Callable[[float], object] = time.sleep,
    patience: float = PATIENCE,
) -> Phone:
    """Look until it is registered, or has a reason why not that time will not mend."""
    for _ in range(int(patience / STEP)):
        phone = look()
        words = phone.text("registration")
        if phone.status.get("registered") is True or words[:1] in tuple("3456"):
            return phone
        wait(STEP)
    return look()


def told(phone: Phone) -> int:
    """Two lines; 1 if it did not register."""
    if phone.silent:
        raise ClientError(f"offhook: the phone does not answer: {phone.silent}\nSee: offhook logs")
    findings = list(judge_registration(see_registration(phone)))
    print("\n".join(lines(findings)))
    return int(any(each.level is Level.BAD for each in findings))
