"""From one phone's microphone to the other's earpiece through ALSA's Loopback card (snd-aloop).

The card is the simulated board's (tests/hil): a kernel that runs as a program, in which both phones
run as they would on a board.  Its clock is the host's, so what the host keeps it waiting counts.
"""

from statistics import median
from typing import Final

from bench.table import Kind, Table, Verdict
from hil.machine import boot, kernel
from hil.sound import Heard
from support.speech import load, prompt

CALLS: Final = 2
TIMEOUT: Final = 120.0  # seconds for one
STEADY: Final = 0.03  # seconds: with longer stalls of the host a call is measured again
SCENARIOS: Final = {"offhook": "two_phones", "baresip": "two_baresips"}
WAYS: Final = (("1001", "1002", "vm-intro"), ("1002", "1001", "vm-review"))


def run() -> Table:
    found = {name: measure(scenario) for name, scenario in SCENARIOS.items()}
    ours = median(delay for delay, _, _ in found["offhook"])
    return Table(
        "Mouth to ear through the Loopback card",
        f"{CALLS} calls between two phones of a kind on the simulated board (`tests/hil`), through "
        "the lab exchange, 6 to 8 s of speech each way into `hw:Loopback` and out of it, both "
        "played and recorded by another program: delay (median over the half seconds) and PESQ. "
        "Stall: the longest time that the host let the board's machine wait.",
        ("", "delay ms", "lowest–highest", "PESQ", "lowest", "stall ms"),
        [row(name, each) for name, each in found.items()],
        (
            Verdict(Kind.CONDITION, "mouth to ear, Loopback card", ours, 80, "ms"),
            Verdict(Kind.AIM, "mouth to ear, Loopback card", ours, 60, "ms"),
        ),
    )


def measure(scenario: str) -> list[tuple[float, float, float]]:
    """Delay in ms, PESQ and stall in ms, of each direction of each call."""
    if kernel() is None:
        raise RuntimeError("no kernel for the simulated board: make uml-kernel")
    found = []
    for _ in range(CALLS):
        report = boot(scenario, TIMEOUT, STEADY)
        assert report.exit_status == 0, report.log
        for speaker, listener, words in WAYS:
            recording = Heard.of(report, f"{listener}.raw", report.found(listener))
            spoke_at = report.found(speaker)["spoke_at"]
            delay, quality = recording.compare(load(prompt(words)), spoke_at)
            found.append((1000 * delay, quality, 1000 * report.found("stall")))
    return found


def row(name: str, calls: list[tuple[float, float, float]]) -> tuple[str, ...]:
    delays, scores, stalls = zip(*calls, strict=True)
    return (
        name,
        f"{median(delays):.1f}",
        f"{min(delays):.1f}–{max(delays):.1f}",
        f"{median(scores):.2f}",
        f"{min(scores):.2f}",
        f"{max(stalls):.0f}",
    )
