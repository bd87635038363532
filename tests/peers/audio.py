"""That speech arrived, in each direction.

Not how well: on a loaded machine packets come late, and playout stretches the voice to fit.  So a
second of it somewhere must be like the original; `make bench` measures quality.
"""

from pathlib import Path

from support.handset import Handset
from support.speech import RATE, Signal, delay, load


def talk(phone: Handset, speech: Signal) -> int:
    """Speak into the phone and wait until it was said; the number of the first sample."""
    start = phone.speak(speech)
    phone.cards.wait_until(start + len(speech) + RATE // 2)
    return start


def assert_peer_heard(recording: Path, speech: Signal, alike: float) -> None:
    """What the peer recorded is what was said here."""
    found = likeness(speech, load(recording))
    assert found > alike, f"the peer heard something else ({found:.2f})"


def assert_we_heard(phone: Handset, start: int, speech: Signal, alike: float) -> None:
    """The earpiece played what the peer says when a call begins: about when we began to talk."""
    found = likeness(speech, phone.heard(start - 2 * RATE, 8 * RATE))
    assert found > alike, f"the earpiece played something else ({found:.2f})"


def likeness(speech: Signal, heard: Signal) -> float:
    """The best correlation, 0 to 1, of any second of the prompt."""
    seconds = range(RATE, len(speech) - RATE, RATE)
    return max(delay(speech[at : at + RATE], heard)[1] for at in seconds)
