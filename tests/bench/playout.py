"""Playout on four kinds of network: delay added and packets late, against fixed buffers and a seer.

    python tests/bench/playout.py [--fast]

Traces are made here from fixed seeds (five minutes, packets of 20 ms).  "offhook" is the real
`Playout`, driven every 10 ms at an arbitrary phase, with its cuts, its drift and its grid; a packet
counts as late when its turn came before it did.  A "seer" has the delay that loses 0.5 % in
hindsight: one for the whole trace, or a new one for every 200 packets (3GPP TS 26.114 Annex D in
spirit).
"""

import sys
from collections.abc import Callable, Iterator
from random import Random
from statistics import mean

from offhook.audio.codec import open_codec
from offhook.audio.playout import Playout
from offhook.units import RtpTicks, Seconds

PACKET = 0.020
PERIOD = 0.010
LENGTH = 160
TARGET_LOSS = 0.005
WIDTHS = (16, 16, 16, 16, 23, 23)

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
        playout.get(80, Seconds(now))
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
        yield cell(result[:2] for result in results) + f" {mean(r[2] for r in results):6.2%}"


def cell(results: Iterator[tuple[float, float]]) -> str:
    delays, losses = zip(*results, strict=True)
    return f"{1000 * mean(delays):5.1f} ms {mean(losses):6.2%}"


def main() -> None:
    seeds, n = (range(2), 3000) if "--fast" in sys.argv else (range(10), 15000)
    heads = (
        "fixed 60",
        "fixed 100",
        "seer, constant",
        "seer, adapting",
        "offhook, late, made up",
        "with 200 ppm",
    )
    print(f"{'':13}", *(f"{head:>{width}}" for head, width in zip(heads, WIDTHS, strict=True)))
    for name in TRACES:
        cells = zip(row(name, seeds, n), WIDTHS, strict=True)
        print(f"{name:13}", *(f"{text:>{width}}" for text, width in cells), flush=True)


if __name__ == "__main__":
    main()
