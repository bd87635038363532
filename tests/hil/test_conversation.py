"""Two telephones talk: recorded speech in at one's microphone, out at the other's earpiece."""

from collections.abc import Callable

import pytest

from hil.machine import Report, boot, needs_kernel
from hil.sound import Heard
from support.speech import load, prompt

pytestmark = [pytest.mark.hil, needs_kernel]

STEADY = 0.03  # seconds: what the phone keeps in reserve; with longer stalls PESQ tells of the host


@pytest.fixture(scope="module")
def played() -> Report:
    report = boot("two_phones", steady=STEADY)
    assert report.exit_status == 0, report.log
    return report


@pytest.mark.parametrize(
    ("speaker", "listener", "words"),
    [("1001", "1002", "vm-intro"), ("1002", "1001", "vm-review")],
)
def test_speech_arrives_in_time_and_in_good_quality(
    played: Report,
    speaker: str,
    listener: str,
    words: str,
    record_property: Callable[[str, object], None],
) -> None:
    spoken = played.found(speaker)
    heard = played.found(listener)
    recording = Heard.of(played, f"{listener}.raw", heard)
    delay, quality = recording.compare(load(prompt(words)), spoken["spoke_at"])
    record_property("delay_ms", round(1000 * delay))
    record_property("pesq", round(quality, 2))
    assert quality >= 3.5, f"the host let the machine wait {played.found('stall'):.3f} s"
    assert 0.02 < delay < 0.15


def test_the_call_is_one_call_for_both_and_ends_cleanly(played: Report) -> None:
    calls = played.found("calls")
    assert [(call["party"], call["codec"], call["packets_lost"]) for call in calls] == [
        ("1002", "PCMA", 0)
    ]
    assert played.findings["complaints"] == []
    assert played.findings["exits"] == [0, 0]
