"""From one phone's microphone to the other's earpiece, through kamailio, on a clean link."""

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from bench.phones import PHONES, Phone
from bench.table import Kind, Table, Verdict
from peers.kamailio import kamailio
from support import vloop
from support.ports import free_ports
from support.speech import Signal, delay, load, prompt, quality

CALLS: Final = 2
SECONDS: Final = 7
PASSWORDS: Final = {"1001": "first-secret", "1002": "second-secret"}


def measure(name: str) -> list[tuple[float, float]]:
    """Delay in ms and PESQ, of each direction of each call."""
    speech = load(prompt("vm-newuser"))[: SECONDS * vloop.RATE]
    found = []
    for _ in range(CALLS):
        [port] = free_ports(1)
        with (
            TemporaryDirectory() as directory,
            kamailio(Path(directory), port, "127.0.0.1", PASSWORDS) as proxy,
            PHONES[name](port, user="1001", password=PASSWORDS["1001"]) as alice,
            PHONES[name](port, user="1002", password=PASSWORDS["1002"]) as bob,
        ):
            for _ in range(2):
                proxy.wait_for("PROXY REGISTERED")
            time.sleep(0.5)
            alice.dial("1002")
            bob.answer()
            alice.wait_talking()
            time.sleep(1)
            found += [say(alice, bob, speech), say(bob, alice, speech)]
            alice.hang_up()
    return found


def say(mouth: Phone, ear: Phone, speech: Signal) -> tuple[float, float]:
    """Both cards count the same samples, so the delay is a difference of two numbers."""
    start = vloop.sample_now() + vloop.RATE // 5
    mouth.cards.line("mic").put(start, (int(sample) for sample in speech))
    count = len(speech) + vloop.RATE
    ear.cards.wait_until(start + count)
    heard = np.array([each or 0 for each in ear.cards.line("ear").get(start, count)], dtype=float)
    late = [
        delay(speech[at : at + vloop.RATE], heard[at : at + 2 * vloop.RATE])[0]
        for at in range(0, len(speech) - vloop.RATE, vloop.RATE)
    ]
    return median(late) * 1000 / vloop.RATE, quality(speech, heard)


def run() -> Table:
    found = {name: measure(name) for name in PHONES}
    ours = median(delay for delay, _ in found["offhook"])
    return Table(
        "Mouth to ear",
        f"{CALLS} calls between two phones of a kind, {SECONDS} s of speech each way: samples "
        "between the microphone's line and the earpiece's (median over the seconds), and PESQ "
        "(ITU-T P.862, narrow band; G.711 alone 4.40).",
        ("", "delay ms", "lowest–highest", "PESQ", "lowest"),
        [row(name, pairs) for name, pairs in found.items()],
        (
            Verdict(Kind.CONDITION, "mouth to ear", ours, 80, "ms"),
            Verdict(Kind.AIM, "mouth to ear", ours, 60, "ms"),
        ),
    )


def row(name: str, pairs: list[tuple[float, float]]) -> tuple[str, ...]:
    delays, scores = zip(*pairs, strict=True)
    return (
        name,
        f"{median(delays):.1f}",
        f"{min(delays):.1f}–{max(delays):.1f}",
        f"{median(scores):.2f}",
        f"{min(scores):.2f}",
    )
