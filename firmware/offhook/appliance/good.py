"""Whether this system may be started again: asked at every boot, answered by the phone itself.

    boot ──► dial tone possible? ──► registered, if it must be ──► mark-good: the counter is full
                     │ never, on trial
                     └──► restart: the counter falls, and at zero the other slot is taken

**On trial** is a slot that an update was written to and that was never good since.  The first one,
as flashed, is not: there is no other to go back to, and a wrong password is no reason to restart.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final

from offhook.appliance.exits import DISK, DONE, FAILED
from offhook.appliance.say import say
from offhook.appliance.tools import run as run_tool
from offhook.cli.client import Client, ClientError
from offhook.notes import Severity
from offhook.service.control_protocol import Json
from offhook.service.files import write_atomically
from offhook.service.where import control_socket
from offhook.units import Seconds

PATIENCE: Final = Seconds(300)
"""A system on trial that is not good by then is restarted."""
NETWORK_TIME: Final = Seconds(90)
"""How long a system on trial is given to find a network before it counts as being without."""
HARDWARE_TIME: Final = Seconds(120)
"""A system that was good before is good again without its sound card or pins, after this long."""
LOOK: Final = Seconds(1)

RECORDS: Final = Path("data/rauc")


class Verdict(Enum):
    """On one look."""

    WAIT = auto()
    GOOD = auto()
    GOOD_WITHOUT = auto()  # hardware is missing, but that is not the system's fault
    HOPELESS = auto()


@dataclass(frozen=True, slots=True)
class Health:
    """What the phone says of itself."""

    answers: bool = False
    troubles: tuple[str, ...] = ()
    """What keeps it from giving dial tone."""
    account: bool = True
    network: bool = False
    registered: bool = False


def decide(health: Health, waited: Seconds, *, trial: bool) -> Verdict:
    """The whole rule."""
    ready = health.answers and not health.troubles
    if ready and (not trial or health.registered or not health.account):
        return Verdict.GOOD
    if ready and not health.network and waited >= NETWORK_TIME:
        return Verdict.GOOD
    if health.answers and not trial and waited >= HARDWARE_TIME:
        return Verdict.GOOD_WITHOUT
    return Verdict.HOPELESS if waited >= PATIENCE else Verdict.WAIT


def health(status: Mapping[str, Json]) -> Health:
    """The answer to `status` of the control socket."""
    service = status.get("service")
    told = service if isinstance(service, Mapping) else {}
    troubles = told.get("hardware")
    found = [str(each) for each in troubles] if isinstance(troubles, list) else ["no report"]
    if told.get("voice") != "alive":
        found.append("the voice runner is silent")
    if sound := status.get("sound_trouble"):
        found.append(str(sound))
    return Health(
        answers=True,
        troubles=tuple(found),
        account=status.get("set_up") is not False,
        network=status.get("local") is not None,
        registered=status.get("registered") is True,
    )


@dataclass(frozen=True, slots=True)
class Slot:
    """The one that runs."""

    name: str
    installed: str
    """When and what an update wrote into it; empty: as flashed."""


def slot(document: object) -> Slot:
    """From `rauc status --output-format=json --detailed`.  Raises ValueError."""
    try:
        booted = document["booted"]  # type: ignore[index]  # KeyError and TypeError are told
        found = [each for entry in document["slots"] for each in entry.values()]  # type: ignore[index]
        [mine] = [each for each in found if each.get("bootname") == booted]
        status = mine.get("slot_status") or {}
        installed = (status.get("installed") or {}).get("timestamp", "")
        checksum = (status.get("checksum") or {}).get("sha256", "")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not as expected: {error!r}") from error
    return Slot(str(booted), f"{installed} {checksum}".strip() if installed else "")


@dataclass(frozen=True, slots=True)
class Tools:
    """What the rule needs of the world; a test has its own."""

    ask: Callable[[], Health]
    run: Callable[[Sequence[str]], str]
    """A command's output.  Raises `OSError`."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def run(root: Path, tools: Tools | None = None) -> int:
    """Wait, judge, tell RAUC; the exit code."""
    tools = tools or Tools(_ask, run_tool)
    try:
        mine = slot(json.loads(tools.run(["rauc", "status", "--output-format=json", "--detailed"])))
        record = root / RECORDS / f"good-{mine.name}"
        trial = bool(mine.installed) and _recorded(record) != mine.installed
        verdict, last = _watch(tools, trial=trial)
        if verdict is Verdict.HOPELESS:
            return _hopeless(tools, mine, last, trial=trial)
        tools.run(["rauc", "status", "mark-good"])
        if _recorded(record) != mine.installed:
            record.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(record, f"{mine.installed}\n".encode(), 0o644)
    except (OSError, ValueError) as error:
        say("slot not judged", Severity.ERROR, error=str(error))
        return DISK if isinstance(error, OSError) else FAILED
    without = "; ".join(last.troubles)
    say("slot is good", Severity.NOTICE, slot=mine.name, without=without or "nothing")
    return DONE


def _watch(tools: Tools, *, trial: bool) -> tuple[Verdict, Health]:
    began = tools.clock()
    while True:
        last = tools.ask()
        verdict = decide(last, Seconds(tools.clock() - began), trial=trial)
        if verdict is not Verdict.WAIT:
            return verdict, last
        tools.sleep(LOOK)


def _hopeless(tools: Tools, mine: Slot, last: Health, *, trial: bool) -> int:
    why = "; ".join(last.troubles) or ("not registered" if last.answers else "offhookd is silent")
    instead = "restarting" if trial else "waiting for whoever looks"
    say("slot is not good", Severity.ERROR, slot=mine.name, why=why, instead=instead)
    if trial:
        tools.run(["systemctl", "reboot"])
    return FAILED


def _recorded(record: Path) -> str:
    try:
        return record.read_text("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""


def _ask() -> Health:
    try:
        client = Client.connect(control_socket())
    except ClientError:
        return Health()
    try:
        return health(client.ask("status"))
    except ClientError:
        return Health()
    finally:
        client.close()
