"""The other end of the sound card: what the phone's microphone hears, what its earpiece says.

    snd-aloop       device 0, the phone's        device 1, ours
    substream 2n    earpiece, played       ───→  captured: `NAME.raw`
    substream 2n+1  microphone, captured   ←───  played: speech

    python -m hil.guest.card N SECONDS RECORDING [SPEECH.wav]

Prints `ready` once both run, and at the end one line of JSON: `heard_from`, when the first sample
of the recording was captured, and `spoke_at`, when the first of the speech was played, both on the
monotonic clock.  Both are the earliest that any period of the stream tells of: later ones only
mean that we were late to look.
"""

import json
import subprocess
import sys
import wave
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final, Self

import alsaaudio

from hil.guest.real_time import STALLED, StalledError, hurry

RATE: Final = 8000
PERIOD: Final = 80
PERIODS: Final = 32
AHEAD: Final = 20  # periods of silence before the speech: our own reserve
PRIORITY: Final = 30
LEAD: Final = 1.0  # seconds of silence before the speech


def phone_ear(number: int) -> str:
    """What phone `number` plays to."""
    return f"hw:CARD=Loopback,DEV=0,SUBDEV={2 * number}"


def phone_mouth(number: int) -> str:
    """What phone `number` captures from."""
    return f"hw:CARD=Loopback,DEV=0,SUBDEV={2 * number + 1}"


def _open(kind: int, device: str) -> alsaaudio.PCM:
    return alsaaudio.PCM(
        type=kind, mode=alsaaudio.PCM_NORMAL, device=device, rate=RATE, channels=1,
        format=alsaaudio.PCM_FORMAT_S16_LE, periodsize=PERIOD, periods=PERIODS,
    )  # fmt: skip


def _frames(path: str) -> bytes:
    with wave.open(path, "rb") as file:
        return file.readframes(file.getnframes())


def converse(number: int, seconds: float, recording: Path, speech: bytes) -> dict[str, float]:
    """Both directions at once, clocked by capture."""
    hurry(PRIORITY)
    ear = _open(alsaaudio.PCM_CAPTURE, f"hw:CARD=Loopback,DEV=1,SUBDEV={2 * number}")
    mouth = _open(alsaaudio.PCM_PLAYBACK, f"hw:CARD=Loopback,DEV=1,SUBDEV={2 * number + 1}")
    silence = bytes(2 * PERIOD)
    script = bytes(2 * int(LEAD * RATE)) + speech
    heard, spoken = bytearray(), AHEAD * PERIOD
    heard_from = played_from = float("inf")
    mouth.write(silence * AHEAD)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while len(heard) < 2 * int(seconds * RATE):
        count, data = ear.read()
        if count < 0:
            raise StalledError("our recording broke off")
        heard += data
        heard_from = min(heard_from, monotonic() - len(heard) / 2 / RATE)
        frame, script = script[: 2 * PERIOD].ljust(2 * PERIOD, b"\0"), script[2 * PERIOD :]
        if mouth.write(frame) < 0:
            raise StalledError("our speech broke off")
        spoken += PERIOD
        played = spoken - (PERIOD * PERIODS - mouth.avail())
        played_from = min(played_from, monotonic() - played / RATE)
    recording.write_bytes(bytes(heard))
    return {"heard_from": heard_from, "spoke_at": played_from + AHEAD * PERIOD / RATE + LEAD}


@dataclass(slots=True)
class Conversation:
    """The scenario's hold on that program."""

    process: "subprocess.Popen[str]"

    @classmethod
    def start(
        cls, number: int, seconds: float, recording: Path, speech: Path | None = None
    ) -> Self:
        """Begin to open the card; `running` waits for it."""
        command = [sys.executable, "-m", "hil.guest.card", str(number), str(seconds)]
        command += [str(recording), *([str(speech)] if speech else [])]
        return cls(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))

    def running(self) -> Self:
        """Returns once both directions run."""
        assert self.process.stdout is not None
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("the sound card's other end does not open")
        return self

    def result(self) -> dict[str, float]:
        """Wait for its end."""
        assert self.process.stdout is not None
        text = self.process.stdout.read()
        if self.process.wait() == STALLED:
            raise StalledError("a recording broke off")
        told: dict[str, float] = json.loads(text)
        return told


def main(number: str, seconds: str, recording: str, speech: str = "") -> None:
    """See the head of the file."""
    said = _frames(speech) if speech else b""
    try:
        times = converse(int(number), float(seconds), Path(recording), said)
    except StalledError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(STALLED)
    sys.stdout.write(json.dumps(times) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
