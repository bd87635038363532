"""Two hundred calls in one run of the phone: what is left of them."""

import time
from pathlib import Path
from typing import Final, NamedTuple

from bench.exchange import Exchange
from bench.phones import megabytes, offhook, processes
from bench.rtp import RtpPeer
from bench.table import Kind, Table, Verdict

CALLS: Final = 200
WARM_UP: Final = 20
"""Calls before the first look: caches and pools fill."""
TALK: Final = 0.1
ALLOWED_MB: Final = 1.0
"""In 200 calls; a leak of an object graph of each call would be more than that."""


class Look(NamedTuple):
    """What the phone holds."""

    pss: float
    descriptors: int
    threads: int


def look(root: int) -> Look:
    pids = processes(root)
    return Look(
        megabytes(root, "Private_Dirty"),
        sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids),
        sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids),
    )


def run() -> Table:
    with Exchange(RtpPeer()) as exchange, offhook(exchange.port) as phone:
        exchange.wait_registered()
        root = phone.program.process.pid
        for number in range(WARM_UP + CALLS):
            if number == WARM_UP:
                time.sleep(1)
                before = look(root)
            exchange.ring()
            exchange.wait_for(r"SIP/2\.0 180")
            phone.answer()
            exchange.wait_for(r"SIP/2\.0 200")
            time.sleep(TALK)
            exchange.hang_up()
            phone.hang_up()
            phone.handset.wait_until("idle")
        time.sleep(35)  # the longest timer of a transaction (RFC 3261 §17) is 32 s
        after = look(root)
    return Table(
        "Growth",
        f"{CALLS} calls in, answered, {TALK * 1000:.0f} ms of voice, ended there, after "
        f"{WARM_UP} to warm up; a look before and one 35 s after the last.",
        ("", "private memory MB", "descriptors", "threads"),
        [
            ("before", f"{before.pss:.2f}", str(before.descriptors), str(before.threads)),
            ("after", f"{after.pss:.2f}", str(after.descriptors), str(after.threads)),
        ],
        (
            Verdict(
                Kind.CONDITION, "growth over 200 calls", after.pss - before.pss, ALLOWED_MB, "MB"
            ),
            Verdict(
                Kind.CONDITION,
                "growth over 200 calls",
                after.descriptors - before.descriptors,
                0,
                "descriptors",
            ),
            Verdict(
                Kind.CONDITION,
                "growth over 200 calls",
                after.threads - before.threads,
                0,
                "threads",
            ),
        ),
    )
