"""Quality under loss: zeros, repetition, spandsp's plc.c, and ours, by PESQ (ITU-T P.862.1).

Real speech (Debian package asterisk-core-sounds-en-wav), µ-law, packets of 20 ms, random and bursty
loss (mean burst 2.5 packets) from fixed seeds.  Every method gets the same losses.
"""

import audioop
import ctypes
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from statistics import mean

import numpy as np
from pesq import pesq

from bench.table import Kind, Table, Verdict
from offhook.audio.conceal import Concealer

SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
PROMPTS = ("demo-nogo", "demo-thanks", "dir-instr", "vm-instructions", "vm-newuser", "tt-allbusy")
PACKET = 320
RATES = (0.01, 0.03, 0.05, 0.10)
BURST = 2.5
SEEDS = range(4)
MARGIN = 0.1
"""Over spandsp."""

Losses = list[bool]
Method = Callable[[list[bytes], Losses], Iterator[bytes]]


def speech(name: str) -> bytes:
    with wave.open(str(SOUNDS / f"{name}.wav")) as file:
        return bytes(file.readframes(file.getnframes()))


def random_losses(n: int, rate: float, seed: int) -> Losses:
    dice = Random(seed)
    return [dice.random() < rate for _ in range(n)]


def bursty_losses(n: int, rate: float, seed: int) -> Losses:
    dice, lost, out = Random(seed), False, []
    leave = 1 / BURST
    enter = leave * rate / (1 - rate)
    for _ in range(n):
        lost = dice.random() >= leave if lost else dice.random() < enter
        out.append(lost)
    return out


def zeros(packets: list[bytes], losses: Losses) -> Iterator[bytes]:
    for packet, lost in zip(packets, losses, strict=True):
        yield bytes(len(packet)) if lost else packet


def repetition(packets: list[bytes], losses: Losses) -> Iterator[bytes]:
    last = bytes(PACKET)
    for packet, lost in zip(packets, losses, strict=True):
        last = last if lost else packet
        yield last


def spandsp(packets: list[bytes], losses: Losses) -> Iterator[bytes]:
    library = ctypes.CDLL("libspandsp.so.2")
    library.plc_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.plc_init(None))
    for packet, lost in zip(packets, losses, strict=True):
        buffer = ctypes.create_string_buffer(packet, len(packet))
        (library.plc_fillin if lost else library.plc_rx)(state, buffer, len(packet) // 2)
        yield buffer.raw


def ours(packets: list[bytes], losses: Losses) -> Iterator[bytes]:
    concealer = Concealer()
    for packet, lost in zip(packets, losses, strict=True):
        for half in (packet[: PACKET // 2], packet[PACKET // 2 :]):
            yield concealer.missing(len(half) // 2) if lost else concealer.good(half)


METHODS: dict[str, Method] = {
    "zero": zeros,
    "repeat": repetition,
    "spandsp": spandsp,
    "offhook": ours,
}
PATTERNS = {"random": random_losses, "bursty": bursty_losses}


def score(job: tuple[str, str, float, int, str]) -> float:
    """PESQ of one prompt under one pattern of loss by one method."""
    method, pattern, rate, seed, prompt = job
    original = speech(prompt)
    heard = audioop.ulaw2lin(audioop.lin2ulaw(original, 2), 2)
    packets = [heard[at : at + PACKET] for at in range(0, len(heard) - PACKET + 1, PACKET)]
    losses = PATTERNS[pattern](len(packets), rate, seed)
    out = b"".join(METHODS[method](packets, losses))
    reference = np.frombuffer(original[: len(out)], "<i2")
    return float(pesq(8000, reference, np.frombuffer(out, "<i2"), "nb"))


def run() -> Table:
    rows, gains = [], {}
    with ProcessPoolExecutor() as pool:
        for pattern in PATTERNS:
            for rate in RATES:
                scores = {}
                for method in METHODS:
                    jobs = [(method, pattern, rate, s, p) for s in SEEDS for p in PROMPTS]
                    scores[method] = mean(pool.map(score, jobs))
                rows.append((pattern, f"{rate:.0%}", *(f"{each:.2f}" for each in scores.values())))
                gains[pattern, rate] = scores["offhook"] - scores["spandsp"]
    least = min(gains, key=lambda each: gains[each])
    return Table(
        "Concealment",
        f"PESQ (mean of {len(PROMPTS)} prompts × {len(SEEDS)} seeds) of G.711 µ-law, packets of "
        f"20 ms; bursts of {BURST:g} packets on average; the same losses for all.",
        ("loss", "", *METHODS),
        rows,
        (
            Verdict(
                Kind.AIM,
                f"concealment over spandsp, at worst ({least[0]}, {least[1]:.0%})",
                gains[least],
                MARGIN,
                "PESQ",
                at_least=True,
            ),
        ),
    )
