"""`offhook update`: a signed bundle into the slot that does not run.

source --path or URL--> checks --> `rauc install` --> the other slot --> restart, on trial
"""

import argparse
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from offhook.cli.client import ClientError
from offhook.cli.doctor.board import see_power
from offhook.cli.doctor.examination import ask
from offhook.cli.doctor.finding import rows, table
from offhook.cli.doctor.slots import see_slots
from offhook.cli.doctor.storage import see_disk
from offhook.cli.journal import entries, text
from offhook.cli.machine import Machine
from offhook.cli.person import agree, need_root, terminal
from offhook.cli.show import table as columns
from offhook.cli.update.checks import Facts, against
from offhook.cli.update.source import bundle, is_url, stick
from offhook.cli.update.words import meaning
from offhook.text import printable

MORE: Final = (
    "Writes a new system into the slot that does not run; calls and dial tone go on meanwhile.  "
    "The next start takes it on trial: if the phone does not work with it, it goes back by itself."
)
EXAMPLES: Final = """\
examples:
  sudo offhook update /tmp/offhook-0.2.0-arm64.raucb
  sudo offhook update https://updates.example.org/offhook-0.2.0-arm64.raucb
  sudo offhook update --usb --yes --restart idle
  sudo offhook update --status
"""
NEXT: Final = """\
The new system starts with the next restart, on trial.  It must give dial tone and, where there is a
network, register within five minutes; else, or if it does not start three times, the phone goes
back to this one by itself.  Settings, calls and keys stay.  Afterwards: offhook update --status"""
WAIT: Final = 5.0  # seconds between two looks whether the phone is idle
_PROGRESS: Final = re.compile(r"^\s*(\d{1,3})% (.*)$")
_NOISE: Final = re.compile(r"rauc-Message:|(?:installing|idle)$|Installing `.*` failed$|exit ")
_FETCH: Final = re.compile(r"request failed: (.*?)(?: \(retrying.*)?$")
_BUS: Final = ("de.pengutronix.rauc", "/", "de.pengutronix.rauc.Installer")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What may stand behind the word."""
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("bundle", nargs="?", metavar="FILE|URL", help="the bundle (*.raucb)")
    what.add_argument("--usb", action="store_true", help="the newest bundle on a USB stick")
    what.add_argument("--status", action="store_true", help="both slots, and an update that runs")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--now", action="store_true", help="although a call goes on, the voltage is low …"
    )
    parser.add_argument(
        "--restart", choices=("now", "idle", "later"), default="later",
        help="afterwards: at once, when nobody uses the phone, or when you say so (later)",
    )  # fmt: skip


def command(chosen: argparse.Namespace) -> int:
    """`offhook update`."""
    machine = Machine()
    need_root(machine, "update …")
    if chosen.status:
        return _status(machine, as_json=chosen.json)
    place: AbstractContextManager[str] = (
        stick(machine) if chosen.usb else bundle(machine, chosen.bundle)
    )
    with place as opened:
        _install(machine, opened, chosen)
    print(NEXT)
    _restart(machine, chosen)
    return 0


def _install(machine: Machine, opened: str, chosen: argparse.Namespace) -> None:
    about = _about(machine, opened)
    print(about)
    reasons = list(against(_facts(machine, chosen.socket)))
    for reason in reasons:
        print(f"  {reason}")
    if reasons and not chosen.now:
        raise ClientError("offhook: not installed; --now does it all the same")
    if not chosen.yes:
        agree("Install it?")
    install(machine, opened)


def _facts(machine: Machine, control: Path) -> Facts:
    return Facts(
        ask(control, machine), see_power(machine), see_slots(machine), see_disk(machine).space
    )


def _about(machine: Machine, opened: str) -> str:
    """What the bundle says of itself, its signature checked.  Raises `ClientError`."""
    if is_url(opened):
        return f"From {printable(opened, 200)}"
    ran = machine.run(("rauc", "info", "--output-format=json", opened), 120.0)
    if ran is None:
        raise ClientError("offhook: there is no RAUC here: only a phone of ours has two slots")
    if ran.code:
        raise refused(ran.err.splitlines())
    told = table(ran.json)
    running = next((each for each in see_slots(machine).slots if each.booted), None)
    now = f" (this phone runs {printable(running.version)})" if running and running.version else ""
    words = printable(str(told.get("description") or told.get("compatible") or ""), 100)
    return f"{opened}: version {printable(str(told.get('version')))}, {words}{now}"


def refused(said: list[str]) -> ClientError:
    """What to tell when RAUC did not do it: what it means, and its own words."""
    told = [line.strip() for line in said if line.strip() and not _NOISE.match(line)]
    last = [printable(line.removeprefix("LastError: "), 300) for line in told[-2:]]
    words = meaning(told) or "RAUC refused; its words:"
    return ClientError("\n".join((f"offhook: not installed.  {words}", *(f"  {x}" for x in last))))


def install(machine: Machine, opened: str) -> None:
    """Run RAUC with one line of progress.  Raises `ClientError`."""
    progress, said = Progress(), []
    try:
        for line in machine.stream(("rauc", "install", opened)):
            if found := _PROGRESS.match(line):
                progress.show(int(found[1]), found[2])
            else:
                said.append(line)
    except OSError as error:
        raise ClientError(f"offhook: {error}") from error
    except KeyboardInterrupt:
        raise ClientError(
            "\noffhook: RAUC goes on by itself; see offhook update --status"
        ) from None
    finally:
        progress.end()
    if not said or said[-1] != "exit 0":
        raise refused([*said[:-1], *(_fetching(machine) if is_url(opened) else ())])
    print("Installed.")


def _fetching(machine: Machine) -> list[str]:
    """Why a server was not read from: RAUC's fetcher tells that to the journal alone."""
    records = entries(machine, "-u", "rauc.service", "--since=-10min", "-n", "100")
    found = [_FETCH.search(text(each, "MESSAGE")) for each in records]
    return [each[1] for each in found if each][-1:]


@dataclass(slots=True)
class Progress:
    """One line that is written over; without a terminal, a line for every tenth."""

    over: bool | None = None
    _last: int = -1

    def show(self, percent: int, words: str) -> None:
        """So far."""
        self.over = terminal() if self.over is None else self.over
        line = f"{percent:3}%  {printable(words, 60)}"
        if self.over:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{line[:width]:<{width}}", end="", flush=True)
        elif percent // 10 != self._last // 10:
            print(line, flush=True)
        self._last = percent

    def end(self) -> None:
        """Go on below."""
        if self.over and self._last >= 0:
            print()


def _restart(machine: Machine, chosen: argparse.Namespace) -> None:
    if chosen.restart == "later":
        print("Restart when it suits: sudo systemctl reboot")
        return
    if chosen.restart == "idle":
        print("Waiting until nobody uses the phone; Ctrl-C leaves the restart to you.")
        while _busy(machine, chosen.socket):
            time.sleep(WAIT)
    print("Restarting.")
    machine.run(("systemctl", "reboot"), 30.0)


def _busy(machine: Machine, control: Path) -> bool:
    phone = ask(control, machine)
    return bool(rows(phone.status.get("calls"))) or phone.status.get("lifted") is True


def _status(machine: Machine, *, as_json: bool) -> int:
    facts = see_slots(machine)
    if as_json:
        ran = machine.run(("rauc", "status", "--detailed", "--output-format=json-pretty"), 15.0)
        print(ran.out.strip() if ran and not ran.code else "{}")
        return 0 if ran and not ran.code else 1
    if not facts.there or facts.trouble:
        raise ClientError(f"offhook: {facts.trouble or 'there is no RAUC here'}")
    print("\n".join(_slots(machine)))
    return 0


def _slots(machine: Machine) -> Iterator[str]:
    facts = see_slots(machine)
    rows_ = [("slot", "version", "state", "installed", "")]
    for each in facts.slots:
        left = "" if each.tries is None else f", {each.tries} tries left"
        state = {True: "good", False: "bad", None: "?"}[each.good]
        notes = ("runs" if each.booted else "", "next" if each.name == facts.primary else "")
        rows_.append(
            (each.name, printable(each.version) or "?", f"{state}{left}",
             printable(each.installed), " ".join(filter(None, notes)))
        )  # fmt: skip
    yield columns(rows_)
    yield from _running(machine)


def _running(machine: Machine) -> Iterator[str]:
    """What RAUC does now, or failed at last."""
    told: Mapping[str, object] = {
        name: table(machine.asked("busctl", "--json=short", "get-property", *_BUS, name)).get(
            "data"
        )
        for name in ("Operation", "Progress", "LastError")
    }
    progress = told["Progress"]
    if told["Operation"] == "installing" and isinstance(progress, list) and len(progress) > 1:
        yield f"installing: {progress[0]}%  {printable(str(progress[1]), 80)}"
    elif error := str(told["LastError"] or ""):
        yield f"last update failed.  {meaning([error])}"
        yield f"  {printable(error, 300)}"
