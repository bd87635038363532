"""The clock: a Pi has none that runs without power."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from offhook.cli.doctor.finding import Finding, Phone, bad, none, ok, warn
from offhook.cli.machine import Machine
from offhook.service.wall_clock import MUCH

WRITTEN: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that is right says less."""
EPOCH: Final = "usr/lib/clock-epoch"
"""Its date is that of the image."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What it says, and whether anybody set it."""

    now: datetime
    floor: datetime = WRITTEN
    synchronised: bool | None = None
    server: str = ""
    zone: str = ""
    ahead: int | None = None
    """Seconds by which the exchange's clock is ahead of ours, as offhookd heard it."""


def clock(machine: Machine, phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_clock(see_clock(machine, phone))


def see_clock(machine: Machine, phone: Phone) -> Clock:
    """The file of timesyncd, else what timedatectl asks the kernel."""
    told = machine.properties("timedatectl", "show")
    synchronised = None if "NTPSynchronized" not in told else told["NTPSynchronized"] == "yes"
    if machine.there("run/systemd/timesync/synchronized"):
        synchronised = True
    server = machine.properties("timedatectl", "show-timesync").get("ServerName", "")
    ahead = phone.about("server_ahead_s")
    return Clock(
        machine.now(), _floor(machine), synchronised, server, told.get("Timezone", ""),
        ahead if isinstance(ahead, int) else None,
    )  # fmt: skip


def _floor(machine: Machine) -> datetime:
    try:
        made = machine.at(EPOCH).stat().st_mtime
    except OSError:
        return WRITTEN
    return max(WRITTEN, datetime.fromtimestamp(made, UTC))


def judge_clock(facts: Clock) -> Iterator[Finding]:
    """Calls do not need the clock; certificates, updates and the call log do."""
    shown = f"{facts.now:%Y-%m-%d %H:%M} UTC{f', zone {facts.zone}' if facts.zone else ''}"
    server = f" by {facts.server}" if facts.server else ""
    look = "Does the network let NTP (UDP port 123) out?  timedatectl timesync-status"
    if facts.now < facts.floor:
        yield bad("clock", f"{shown} is in the past: updates from https will be refused", look)
    elif facts.ahead is not None and abs(facts.ahead) > MUCH:
        which = "behind" if facts.ahead > 0 else "ahead of"
        yield warn(
            "clock", f"{shown}, {abs(facts.ahead) // 60} minutes {which} the exchange's", look
        )
    elif facts.synchronised:
        yield ok("clock", f"{shown}, synchronised{server}")
    elif facts.synchronised is None:
        yield none("clock", f"{shown}; nothing tells whether it is right")
    else:
        yield warn("clock", f"{shown}, not synchronised", look)
