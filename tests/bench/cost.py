"""What a call costs: processor, memory, and how evenly packets leave.

What baresip's three threads cost depends on how near to each other they happen to wake in a call,
and both phones pay for caches that others have emptied: so it takes many calls, in pairs whose
order turns (A B, B A, ...), and the ratio is told of each pair.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from statistics import median, stdev
from typing import Final

from bench.exchange import Exchange
from bench.phones import PHONES, Phone, cpu_seconds, megabytes
from bench.rtp import RtpPeer, deviations
from bench.table import Kind, Table, Verdict, quantile
from offhook.audio.codec import open_codec
from offhook.audio.pcm import WIDTH
from support import vloop
from support.speech import load, prompt

PAIRS: Final = 8
"""Of calls, ours and baresip's one right after the other."""
G729_CALLS: Final = 4
"""Of ours; Debian's baresip has no G.729, so it is compared with nothing."""
SECONDS: Final = 8.0
REST: Final = 1.5
SPEECH: Final = "vm-newuser"
OURS: Final = "offhook G.711"
THEIRS: Final = "baresip G.711"
G729: Final = "offhook G.729"
SUBJECTS: Final = {
    OURS: ("offhook", "PCMU", 0),
    THEIRS: ("baresip", "PCMU", 0),
    G729: ("offhook", "G729", 18),
}


@dataclass(slots=True)
class Cost:
    """One call after another."""

    cpu: list[float] = field(default_factory=list)
    """Seconds a minute."""
    idle: list[float] = field(default_factory=list)
    pss: list[float] = field(default_factory=list)
    rss: list[float] = field(default_factory=list)
    deviations: list[float] = field(default_factory=list)


def payloads(codec: str) -> tuple[bytes, ...]:
    """Recorded speech as the peer says it, a packet each."""
    coder = open_codec(codec)
    sound = load(prompt(SPEECH)).astype("<i2").tobytes()
    size = 160 * WIDTH
    frames = (sound[at : at + size] for at in range(0, len(sound) - size, size))
    return tuple(coder.encode(frame) for frame in islice(frames, 300))


def order() -> Iterator[str]:
    """Pairs whose order turns, so that whatever else runs here, or drifts, disturbs both alike."""
    for pair in range(PAIRS):
        yield from (OURS, THEIRS) if pair % 2 == 0 else (THEIRS, OURS)
        if pair < G729_CALLS:
            yield G729


def measure(subject: str, into: Cost) -> None:
    """One call to the exchange with speech both ways."""
    name, codec, kind = SUBJECTS[subject]
    with (
        Exchange(RtpPeer(kind, payloads(codec))) as exchange,
        PHONES[name](exchange.port, codec=codec) as phone,
    ):
        exchange.wait_registered()
        root = phone.program.process.pid
        time.sleep(REST)
        into.idle.append(per_minute(root, 2.0))
        phone.dial("600")
        phone.wait_talking()
        speak(phone)
        time.sleep(REST)
        first = len(exchange.rtp.arrivals)
        into.cpu.append(per_minute(root, SECONDS))
        into.deviations += deviations(exchange.rtp.arrivals[first:])
        into.pss.append(megabytes(root, "Pss"))
        into.rss.append(megabytes(root, "Rss"))
        phone.hang_up()


def per_minute(root: int, seconds: float) -> float:
    began, before = time.monotonic(), cpu_seconds(root)
    time.sleep(seconds)
    return (cpu_seconds(root) - before) * 60 / (time.monotonic() - began)


def speak(phone: Phone) -> None:
    speech = load(prompt(SPEECH))[: int((SECONDS + 2) * vloop.RATE)]
    start = vloop.sample_now() + vloop.RATE // 10
    phone.cards.line("mic").put(start, (int(sample) for sample in speech))


def run() -> Table:
    costs = {subject: Cost() for subject in SUBJECTS}
    for subject in order():
        measure(subject, costs[subject])
    ours, theirs = costs[OURS], costs[THEIRS]
    ratios = [one / other for one, other in zip(ours.cpu, theirs.cpu, strict=True)]
    ratio = median(ratios)
    late = quantile([abs(each) for each in ours.deviations], 0.99)
    return Table(
        "Cost of a call, and how evenly packets leave",
        f"{PAIRS} pairs of calls in G.711, ours and baresip's by turns first ({G729_CALLS} of ours "
        f"in G.729 between them), {SECONDS:g} s of the same recorded speech both ways, 20 ms "
        "packets, the same kind of sound card. CPU: `/proc/PID/task/*/schedstat` of all threads of "
        f"all processes; the ratio is the median of the pairs', which lie from {min(ratios):.2f} "
        f"to {max(ratios):.2f}. Memory: `smaps_rollup` of all processes in "
        "the call. Intervals: kernel time "
        "stamps at the receiver. Medians (lowest–highest).",
        ("", "CPU s a minute of call", "idle", "PSS MB", "RSS MB", "interval sd ms", "p99 ms",
         "max ms"),
        [row(subject, cost) for subject, cost in costs.items()],
        (
            Verdict(Kind.CONDITION, "CPU against baresip", ratio, 2, "×"),
            Verdict(Kind.AIM, "CPU against baresip", ratio, 1, "×"),
            Verdict(Kind.AIM, "send interval, p99 from 20 ms", late, 1, "ms"),
            Verdict(Kind.AIM, "memory (PSS)", median(ours.pss), 40, "MB"),
        ),
    )  # fmt: skip


def row(subject: str, cost: Cost) -> tuple[str, ...]:
    off = [abs(each) for each in cost.deviations]
    return (
        subject,
        f"{median(cost.cpu):.2f} ({min(cost.cpu):.2f}–{max(cost.cpu):.2f})",
        f"{median(cost.idle):.3f}",
        f"{median(cost.pss):.1f}",
        f"{median(cost.rss):.1f}",
        f"{stdev(cost.deviations):.2f}",
        f"{quantile(off, 0.99):.2f}",
        f"{max(off):.1f}",
    )
