"""How fast a phone answers: from its start to registered, and from INVITE to 180."""

import time
from statistics import median
from typing import Final

from bench.exchange import Exchange
from bench.phones import PHONES
from bench.rtp import RtpPeer
from bench.table import Kind, Table, Verdict, quantile

STARTS: Final = 7
CALLS: Final = 10
"""For each start."""
PAUSE: Final = 0.15


def measure(name: str) -> tuple[list[float], list[float]]:
    """Milliseconds: starts, and INVITEs to 180."""
    starts, rings = [], []
    for _ in range(STARTS):
        with Exchange(RtpPeer()) as exchange, PHONES[name](exchange.port) as phone:
            starts.append(1000 * (exchange.wait_registered() - phone.program.began))
            time.sleep(1)
            for _ in range(CALLS):
                sent = exchange.ring()
                rings.append(1000 * (exchange.wait_for(r"SIP/2\.0 180").at - sent))
                exchange.cancel()
                time.sleep(PAUSE)
    return starts, rings


def run() -> Table:
    found = {name: measure(name) for name in PHONES}
    starts, rings = (median(each) for each in found["offhook"])
    return Table(
        "Start and ring",
        f"{STARTS} starts: from exec until the registrar, which challenges once, sent its 200. "
        f"{STARTS * CALLS} INVITEs straight to the phone: until the kernel has its 180.",
        ("", "start to registered ms", "highest", "INVITE to 180 ms", "p90", "highest"),
        [
            (
                name,
                f"{median(first):.0f}",
                f"{max(first):.0f}",
                f"{median(second):.2f}",
                f"{quantile(second, 0.9):.2f}",
                f"{max(second):.1f}",
            )
            for name, (first, second) in found.items()
        ],
        (
            Verdict(Kind.AIM, "start to registered", starts, 300, "ms"),
            Verdict(Kind.AIM, "INVITE to 180", rings, 3, "ms"),
        ),
    )
