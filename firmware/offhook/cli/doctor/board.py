"""The board itself: power, temperature, memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from offhook.cli.doctor.finding import Finding, Phone, bad, none, ok, warn
from offhook.cli.machine import Machine

THROTTLED: Final = "sys/devices/platform/soc/soc:firmware/get_throttled"
NOW: Final = {0: "undervoltage", 1: "clock capped", 2: "throttled", 3: "slowed by heat"}
"""Bits of the firmware's word; sixteen places higher: it happened since the start."""
HOT: Final = 75.0  # °C: five before the firmware slows the board down
TOO_HOT: Final = 82.0
LITTLE: Final = 48 << 20  # bytes of memory
SUPPLY: Final = (
    "Use the official supply of this board (5.1 V; 3 A for a Pi 4, 5 A for a Pi 5) and a short, "
    "thick cable; take away what else draws on its USB sockets."
)


@dataclass(frozen=True, slots=True)
class Power:
    """What is known of the supply."""

    model: str = ""
    alarm: bool | None = None
    """The voltage sensor's: below 4.63 V within the last seconds."""
    throttled: int | None = None
    """The firmware's word, where the kernel passes it on."""
    dips: int = 0
    """Times the kernel logged since the start."""


def power(machine: Machine, _phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_power(see_power(machine))


def see_power(machine: Machine) -> Power:
    """The sensor, the firmware's word, the kernel's log."""
    alarm = None
    for name in machine.find("sys/class/hwmon/hwmon*/name"):
        if machine.read(name) == "rpi_volt":
            told = machine.number(f"{name.removesuffix('name')}in0_lcrit_alarm")
            alarm = None if told is None else told != 0
    word = machine.read(THROTTLED).removeprefix("0x")
    dips = machine.said(
        "journalctl", "-k", "-b", "-q", "-o", "cat", "--no-pager", "-g", "ndervoltage detected"
    )
    throttled = int(word, 16) if word and all(c in "0123456789abcdefABCDEF" for c in word) else None
    return Power(machine.model, alarm, throttled, len(dips.splitlines()))


def judge_power(facts: Power) -> Iterator[Finding]:
    """Now is bad; since the start is a warning."""
    word = facts.throttled or 0
    now = [name for bit, name in NOW.items() if word >> bit & 1]
    was = [name for bit, name in NOW.items() if word >> (bit + 16) & 1]
    if facts.alarm and "undervoltage" not in now:
        now.insert(0, "undervoltage")
    if facts.dips and "undervoltage" not in was:
        was.insert(0, "undervoltage")
    if now:
        yield bad("power", f"{', '.join(now)} now", _power_remedy(now))
    elif was:
        times = f" ({facts.dips}x in the kernel's log)" if facts.dips else ""
        yield warn("power", f"{', '.join(was)} since the start{times}", _power_remedy(was))
    elif facts.alarm is None and facts.throttled is None:
        yield none("power", "this machine does not tell its voltage")
    else:
        yield ok("power", "no undervoltage, not throttled")


def _power_remedy(states: list[str]) -> str:
    return SUPPLY if "undervoltage" in states else "Give the board air or a heat sink."


@dataclass(frozen=True, slots=True)
class Temperature:
    """The warmest zone, °C."""

    celsius: float | None = None


def temperature(machine: Machine, _phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_temperature(see_temperature(machine))


def see_temperature(machine: Machine) -> Temperature:
    """All thermal zones."""
    zones = map(machine.number, machine.find("sys/class/thermal/thermal_zone*/temp"))
    return Temperature(max((each / 1000 for each in zones if each is not None), default=None))


def judge_temperature(facts: Temperature) -> Iterator[Finding]:
    """The firmware slows the board at 80 °C and 85 °C."""
    if facts.celsius is None:
        yield none("temperature", "no sensor")
        return
    shown = f"{facts.celsius:.0f} °C"
    remedy = "Give the board air or a heat sink; keep it out of the sun."
    if facts.celsius >= TOO_HOT:
        yield bad("temperature", f"{shown}: the board slows itself down", remedy)
    elif facts.celsius >= HOT:
        yield warn("temperature", f"{shown}: it slows down at 80 °C", remedy)
    else:
        yield ok("temperature", shown)


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes, and how often the kernel had to kill."""

    total: int = 0
    available: int = 0
    killed: int = 0


def memory(machine: Machine, _phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_memory(see_memory(machine))


def see_memory(machine: Machine) -> Memory:
    """From /proc."""
    info = _table(machine.read("proc/meminfo").replace(":", ""))
    killed = _table(machine.read("proc/vmstat")).get("oom_kill", 0)
    return Memory(info.get("MemTotal", 0) << 10, info.get("MemAvailable", 0) << 10, killed)


def judge_memory(facts: Memory) -> Iterator[Finding]:
    """The phone needs about 40 MB."""
    if not facts.total:
        yield none("memory", "this machine does not tell")
        return
    shown = f"{facts.available >> 20} MB of {facts.total >> 20} MB free"
    look = "See what uses it: systemd-cgtop -m -n 1"
    if facts.available < LITTLE:
        yield bad("memory", shown, look)
    elif facts.killed:
        yield warn("memory", f"{shown}; {facts.killed} programs killed for want of it", look)
    else:
        yield ok("memory", shown)


def _table(text: str) -> dict[str, int]:
    """Lines "name number …"."""
    words = (line.split() for line in text.splitlines())
    return {each[0]: int(each[1]) for each in words if len(each) > 1 and each[1].isdecimal()}
