"""The two places for the system, as RAUC and U-Boot know them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from offhook.cli.doctor.finding import Finding, Phone, bad, none, ok, rows, table, warn
from offhook.cli.machine import Machine
from offhook.text import printable

GOOD: Final = "data/rauc/good-"
"""With the slot's name: which installation was good once."""
ROOT: Final = "only root may look"
KEYRING: Final = "etc/rauc/keyring.pem"
"""Whose updates the phone takes; the builder writes each certificate's name above it."""
DEVELOPMENT: Final = "Offhook DEVELOPMENT"
SIGN: Final = (
    "Enough for trials.  For a phone that others rely on make keys and images of your own: "
    "deploy/README.md, Signing."
)
PROVE: Final = (
    "It is marked good when the phone works: systemctl status offhook-good; journalctl -u "
    "offhook-good -b"
)
RESTART: Final = (
    "An update waits for a restart: sudo systemctl reboot.  Without an update: the other slot "
    "failed."
)
FILL: Final = "Install an update, which fills that slot: sudo offhook update FILE"
ATTEMPTS: Final = 3
"""Starts that U-Boot gives a slot; less left means that it has not been marked good since."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One of two places for the system."""

    name: str
    booted: bool = False
    good: bool | None = None
    version: str = ""
    status: str = ""
    """"ok", "pending", "failed" … of the last installation."""
    installed: str = ""
    tries: int | None = None
    """Starts left before U-Boot takes the other slot."""
    trial: bool = False
    """An update was written to it, and it was never good since (`appliance good`)."""


@dataclass(frozen=True, slots=True)
class Slots:
    """What RAUC knows; `there` is False where RAUC is not."""

    there: bool = False
    trouble: str = ""
    booted: str = ""
    primary: str = ""
    """Name of the slot that is started next."""
    slots: tuple[Slot, ...] = ()


def slots(machine: Machine, _phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    yield from judge_slots(see_slots(machine), machine.image)
    yield from judge_keyring(machine.read(KEYRING))


def see_slots(machine: Machine) -> Slots:
    """`rauc status`; on the image only root may ask."""
    if machine.uid and machine.image:
        return Slots(True, ROOT)
    ran = machine.run(("rauc", "status", "--detailed", "--output-format=json"), 15.0)
    if ran is None:
        return Slots()
    told = table(ran.json)
    if ran.code or not told:
        return Slots(True, printable(ran.said, 200))
    counters = machine.properties("fw_printenv")
    found = [
        _slot(name, table(facts), str(told.get("booted")), counters)
        for each in rows(told.get("slots"))
        for name, facts in each.items()
    ]
    made = machine.release("IMAGE_VERSION")
    found = [each and replace(each, trial=_trial(machine, each)) for each in found]
    usable = sorted((each for each in found if each), key=lambda each: each.name)
    return Slots(
        True,
        "",
        str(told.get("booted", "")),
        _primary(told),
        tuple(replace(each, version=made) if each.booted and made else each for each in usable),
    )


def _primary(told: Mapping[str, object]) -> str:
    for each in rows(told.get("slots")):
        for name, facts in each.items():
            if name == told.get("boot_primary"):
                return str(table(facts).get("bootname") or name)
    return ""


def _slot(
    name: str, facts: Mapping[str, object], booted: str, counters: Mapping[str, str]
) -> Slot | None:
    """Only slots that can be started have a boot name."""
    boot = str(facts.get("bootname") or "")
    if not boot:
        return None
    history = table(facts.get("slot_status"))
    return Slot(
        boot,
        facts.get("state") == "booted" or booted in (boot, name),
        {"good": True, "bad": False}.get(str(facts.get("boot_status"))),
        str(table(history.get("bundle")).get("version") or ""),
        str(history.get("status") or ""),
        str(table(history.get("installed")).get("timestamp") or ""),
        int(left) if (left := counters.get(f"BOOT_{boot}_LEFT", "")).isdecimal() else None,
    )


def judge_slots(facts: Slots, image: bool) -> Iterator[Finding]:
    """The one that runs must be good; the other is what an update falls back to."""
    if not facts.there or (facts.trouble and not image):
        yield none("slots", "no RAUC here; the image has two slots")
        return
    if facts.trouble == ROOT:
        yield none("slots", ROOT, "sudo offhook doctor")
        return
    if facts.trouble or not facts.slots:
        yield bad("slots", facts.trouble or "RAUC knows none", "systemctl status rauc; rauc status")
        return
    shown = ", ".join(map(_shown, facts.slots))
    running = next((each for each in facts.slots if each.booted), None)
    if running is None:
        yield bad("slots", f"{shown}; none of them runs", "cat /proc/cmdline: rauc.slot=…")
    else:
        yield _judge_running(running, facts, shown)


def judge_keyring(keyring: str) -> Iterator[Finding]:
    """Development keys lie about on somebody's machine."""
    if DEVELOPMENT in keyring:
        yield warn("updates", "taken from whoever has a development key", SIGN)


def _judge_running(running: Slot, facts: Slots, shown: str) -> Finding:
    if running.trial or running.good is False:
        return warn("slots", f"{shown}; {running.name} is on trial", PROVE)
    if running.tries is not None and running.tries < ATTEMPTS:
        return warn("slots", f"{shown}; not marked good since this start", PROVE)
    if facts.primary and facts.primary != running.name:
        return warn("slots", f"{shown}; {facts.primary} is started next", RESTART)
    if others := [each.name for each in facts.slots if each.good is False and each.installed]:
        bare = f"no way back if {running.name} fails ({' '.join(others)} is bad)"
        return warn("slots", f"{shown}; {bare}", FILL)
    return ok("slots", shown)


def _trial(machine: Machine, each: Slot) -> bool:
    good = machine.read(f"{GOOD}{each.name}")
    return bool(each.installed) and not good.startswith(each.installed)


def _shown(each: Slot) -> str:
    if not each.booted and not each.installed and not each.good:
        return f"{each.name} empty until the first update"
    state = {True: "good", False: "bad", None: ""}[each.good]
    words = (each.name, printable(each.version), state, "running" if each.booted else "")
    return " ".join(filter(None, words))
