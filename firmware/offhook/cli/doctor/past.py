"""What the journal remembers: crashes, stuck keys, how the boot before ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from offhook.cli.doctor.finding import SERVICE, Finding, Phone, none, ok, warn
from offhook.cli.journal import Record, entries, text, time
from offhook.cli.machine import Machine
from offhook.service.journal import message_id
from offhook.text import printable

STOPPED: Final = "9d1aaa27d60140bd96365438aad20286"
"""systemd's MESSAGE_ID of "stopped": in every journal of a boot that ended in order."""
WATCHDOG_BIT: Final = 0x20
"""WDIOF_CARDRESET of linux/watchdog.h."""


def stuck_keys(machine: Machine) -> tuple[str, ...]:
    """Those of the last hour of this boot."""
    found = entries(machine, "-b", "--since=-1h", f"MESSAGE_ID={message_id('key is stuck')}")
    return tuple(dict.fromkeys(text(each, "OFFHOOK_KEY") for each in found))


@dataclass(frozen=True, slots=True)
class Past:
    """What went wrong before."""

    readable: bool = True
    root: bool = True
    crash: str = ""
    """The last one: when and where; empty when the journal knows of none."""
    abrupt: bool = False
    """The boot before this one ended without a word: power cut, hang or watchdog."""
    boots: int = 0


def past(machine: Machine, _phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_past(see_past(machine))


def see_past(machine: Machine) -> Past:
    """Search the journal."""
    boots = machine.asked("journalctl", "-q", "--list-boots", "-o", "json")
    if not isinstance(boots, list) or not boots:
        return Past(readable=False, root=machine.uid == 0)
    crashes = entries(machine, "-n", "60", f"MESSAGE_ID={message_id('crash')}")
    abrupt = len(boots) > 1 and not _orderly(machine)
    return Past(crash=_crash(crashes), abrupt=abrupt, boots=len(boots))


def _crash(records: list[Record]) -> str:
    """The last line of the last traceback names the error."""
    if not records:
        return ""
    last = records[-1]
    return f"{time(last):%Y-%m-%d %H:%M:%S} {printable(text(last, 'OFFHOOK_TEXT'), 120)}"


def _orderly(machine: Machine) -> bool:
    return bool(
        entries(machine, "-b", "-1", "-n", "1", "UNIT=multi-user.target", f"MESSAGE_ID={STOPPED}")
    )


def judge_past(facts: Past) -> Iterator[Finding]:
    """Nothing of it is bad now."""
    if not facts.readable:
        if facts.root:
            yield none("last crash", "there is no journal")
        else:
            yield none("last crash", "the journal may not be read", "sudo offhook doctor")
        return
    if facts.crash:
        yield warn("last crash", facts.crash, "Send an offhook report to whoever makes the phone.")
    else:
        yield ok("last crash", f"none in the journal of {facts.boots} starts")
    if facts.abrupt:
        yield warn(
            "last start", "the run before ended abruptly: power cut, hang or watchdog",
            "Normal after pulling the plug; else look at its end: journalctl -b -1 -e",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Watchdog:
    """The hardware's, that systemd feeds, and the service's."""

    identity: str = ""
    active: bool = False
    fired: bool = False
    """The last start was its doing, as far as the chip tells."""
    killed: int = 0
    """Times systemd's own watchdog ended offhookd since the start."""


def watchdog(machine: Machine, _phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_watchdog(see_watchdog(machine), machine.image)


def see_watchdog(machine: Machine) -> Watchdog:
    """The first one, which is the one that systemd feeds."""
    at = "sys/class/watchdog/watchdog0"
    killed = entries(machine, "-b", f"UNIT={SERVICE}", "_PID=1")
    return Watchdog(
        machine.read(f"{at}/identity"),
        machine.read(f"{at}/state") == "active",
        bool((machine.number(f"{at}/bootstatus") or 0) & WATCHDOG_BIT),
        sum("Watchdog timeout" in text(each, "MESSAGE") for each in killed),
    )


def judge_watchdog(facts: Watchdog, image: bool) -> Iterator[Finding]:
    """On the image it must be fed."""
    name = printable(facts.identity) or "none"
    if facts.killed:
        yield warn(
            "watchdog", f"offhookd hung and was ended {facts.killed}x since the start",
            "Send an offhook report to whoever makes the phone.",
        )  # fmt: skip
    elif facts.fired:
        yield warn(
            "watchdog", f"{name}: it made the last start",
            "The machine hung: look at the end of the run before: journalctl -b -1 -e",
        )  # fmt: skip
    elif facts.active:
        yield ok("watchdog", f"{name}, fed")
    elif image:
        yield warn(
            "watchdog", f"{name}, not in use: a machine that hangs stays so",
            "systemctl show -p RuntimeWatchdogUSec -p WatchdogDevice; dmesg | grep -i watchdog",
        )  # fmt: skip
    else:
        yield none("watchdog", f"{name}, not in use")
