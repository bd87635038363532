"""Two hundred calls in one run of the phone: what is left of them."""

import time
from pathlib import Path
from typing import Final, NamedTuple

from bench.exchange import Exchange
from bench.phones import Offhook, megabytes, offhook, processes
from bench.rtp import RtpPeer
from bench.table import Kind, Table, Verdict

CALLS: Final = 200
TALK: Final = 0.1
REST: Final = 35.0
"""The longest timer of a transaction (RFC 3261 §17) is 32 s."""
ALLOWED_MB: Final = 1.0


class Look(NamedTuple):
    """What the phone holds."""

    rss: float
    pss: float
    descriptors: int
    threads: int

    def __str__(self) -> str:
        return f"{self.rss:.2f} {self.pss:.2f} {self.descriptors} {self.threads}"


def look(root: int) -> Look:
    pids = processes(root)
    return Look(
        megabytes(root, "Rss"),
        megabytes(root, "Pss"),
        sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids),
        sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids),
    )


def call_and_rest(exchange: Exchange, phone: Offhook) -> Look:
    """All the calls, and what is left of them when every timer has run out."""
    for _ in range(CALLS):
        exchange.ring()
        exchange.wait_for(r"SIP/2\.0 180")
        phone.answer()
        exchange.wait_for(r"SIP/2\.0 200")
        time.sleep(TALK)
        exchange.hang_up()
        phone.hang_up()
        phone.handset.wait_until("idle")
    time.sleep(REST)
    return look(phone.program.process.pid)


def run() -> Table:
    with Exchange(RtpPeer()) as exchange, offhook(exchange.port) as phone:
        exchange.wait_registered()
        before, after = (call_and_rest(exchange, phone) for _ in range(2))
    more = (
        (after.rss - before.rss, ALLOWED_MB, "MB"),
        (after.descriptors - before.descriptors, 0, "descriptors"),
        (after.threads - before.threads, 0, "threads"),
    )
    return Table(
        "Growth",
        f"{CALLS} calls in, answered, {TALK * 1000:.0f} ms of voice, ended there; after them, and "
        f"after {CALLS} more. Both looks are {REST:g} s after the last call, when every timer has "
        "run out; all processes together.",
        ("after calls", "RSS MB", "PSS MB", "descriptors", "threads"),
        [(f"{CALLS}", *str(before).split()), (f"{2 * CALLS}", *str(after).split())],
        [Verdict(Kind.CONDITION, "growth over 200 calls", *each) for each in more],
    )
