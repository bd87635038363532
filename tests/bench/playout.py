"""Playout on four kinds of network: delay added and packets late, against fixed buffers and a seer.

Traces are made here from fixed seeds (five minutes, packets of 20 ms).  "offhook" is the real
`Playout`, driven every 20 ms at an arbitrary phase, with its cuts, its drift and its grid; a packet
counts as late when its turn came before it did.  A "seer" has the delay that loses 0.5 % in
hindsight: one for the whole trace, or a new one for every 200 packets (3GPP TS 26.114 Annex D in
spirit).
"""

from collections.abc import Callable, Iterator
from random import Random
from statistics import mean

from bench.table import Table
from offhook.audio.codec import open_codec
from offhook.audio.playout import Playout
from offhook.units import RtpTicks, Samples, Seconds

PACKET = 0.020
PERIOD = 0.020
LENGTH = 160
TARGET_LOSS = 0.005
SEEDS = range(10)
PACKETS = 15000
"""Five minutes."""

Trace = list[float]
"""Network delay of each packet, in seconds, the smallest about zero."""


def quiet(dice: Random, n: int) -> Trace:
    return [abs(dice.gauss(0, 0.0008)) for _ in range(n)]


def wifi(dice: Random, n: int) -> Trace:
    """Stalls of 40-150 ms every 5 s or so; what was held back comes at once."""
    delays, clear = [], 0.0
    for i in range(n):
        at = i * PACKET
        if dice.random() < PACKET / 5:
            clear = at + dice.uniform(0.040, 0.150)
        delays.append(max(dice.expovariate(1 / 0.0015), clear - at))
    return delays


def lte(dice: Random, n: int) -> Trace:
    """The receiver wakes every 20-40 ms: delay runs through a saw tooth."""
    cycle, phase = 0.0203, dice.random()
    return [
        ((i * PACKET / cycle + phase) % 1) * 0.020 + dice.expovariate(1 / 0.002) for i in range(n)
    ]


def step(dice: Random, n: int) -> Trace:
    """3, then 40, then 3 ms: a route changes and changes back."""
    out = []
    for i in range(n):
        base = 0.037 if n / 3 <= i < 2 * n / 3 else 0.0
        out.append(base + abs(dice.gauss(0, 0.0015)))
    return out


TRACES: dict[str, Callable[[Random, int], Trace]] = {
    "quiet LAN": quiet,
    "Wi-Fi stalls": wifi,
    "LTE-like": lte,
    "step": step,
}


def fixed(delays: Trace, buffer: float) -> tuple[float, float]:
    return buffer, mean(delay > buffer for delay in delays)


def seer(delays: Trace, every: int) -> tuple[float, float]:
    blocks = [sorted(delays[at : at + every]) for at in range(0, len(delays), every)]
    allowed = [block[int(len(block) * (1 - TARGET_LOSS)) - 1] for block in blocks]
    late = sum(
        sum(delay > limit for delay in block) for block, limit in zip(blocks, allowed, strict=True)
    )
    return mean(allowed), late / len(delays)


def offhook(delays: Trace, seed: int, ppm: float = 0.0) -> tuple[float, float, float]:
    """Mean buffering above the fastest packet, late packets, concealed time."""
    codec = open_codec("PCMU")
    playout = Playout(codec)
    payload = bytes(Random(seed).choices(range(0x40, 0x60), k=LENGTH))
    arrivals = sorted((i * PACKET + delay, i) for i, delay in enumerate(delays))
    now, end, at = Random(seed).random() * PERIOD, len(delays) * PACKET, 0
    while now < end:
        while at < len(arrivals) and arrivals[at][0] <= now:
            arrival, i = arrivals[at]
            playout.put(RtpTicks(i * LENGTH), payload, Seconds(arrival))
            at += 1
        playout.get(Samples(LENGTH), Seconds(now))
        now += PERIOD * (1 + ppm * 1e-6)
    stats = playout.stats
    through = stats.mean_delay + mean(delays)
    return through, stats.late / len(delays), stats.concealed / end


def row(name: str, seeds: range, n: int) -> Iterator[str]:
    traces = [TRACES[name](Random(seed), n) for seed in seeds]
    for buffer in (0.060, 0.100):
        yield cell(fixed(trace, buffer) for trace in traces)
    for every in (n, 200):
        yield cell(seer(trace, every) for trace in traces)
    for ppm in (0.0, 200.0):
        results = [offhook(t, s, ppm) for s, t in zip(seeds, traces, strict=True)]
        yield cell(result[:2] for result in results) + f" {mean(r[2] for r in results):.2%}"


def cell(results: Iterator[tuple[float, float]]) -> str:
    delays, losses = zip(*results, strict=True)
    return f"{1000 * mean(delays):.1f} ms {mean(losses):.2%}"


def run() -> Table:
    return Table(
        "Playout",
        f"Delay added, packets too late; {len(SEEDS)} seeds × {PACKETS * PACKET / 60:g} minutes. A "
        "seer knows the trace and loses 0.5 %, with one delay for all of it or one for each 200 "
        "packets. Ours also: sound made up. (Ours includes the wait for the next period, 10 ms on "
        "average, which fixed buffers and seers do not.)",
        ("", "fixed 60", "fixed 100", "seer, constant", "seer, adapting", "offhook", "at 200 ppm"),
        [(name, *row(name, SEEDS, PACKETS)) for name in TRACES],
    )
