"""Recorded speech, and how much of it arrived: delay by correlation, quality by PESQ."""

import wave
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pesq import pesq

RATE: Final = 8000
PROMPTS: Final = Path("/usr/share/asterisk/sounds/en_US_f_Allison")  # asterisk-core-sounds-en-wav

Signal = NDArray[np.float64]


def prompt(name: str = "vm-intro") -> Path:
    """The WAV file of a recorded prompt: 8 kHz, 16 bit, mono."""
    return PROMPTS / f"{name}.wav"


def load(path: Path) -> Signal:
    """A WAV file's first channel at 8 kHz."""
    with wave.open(str(path), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float64)
        signal = samples[:: file.getnchannels()]
        return resample(signal, file.getframerate())


def from_bytes(frames: bytes) -> Signal:
    """16-bit linear little-endian samples."""
    return np.frombuffer(frames, dtype="<i2").astype(np.float64)


def resample(signal: Signal, rate: int) -> Signal:
    """`signal` at 8 kHz, by cutting its spectrum."""
    if rate == RATE:
        return signal
    count = len(signal) * RATE // rate
    spectrum = np.fft.rfft(signal)[: count // 2 + 1]
    return np.fft.irfft(spectrum, count) * (count / len(signal))


def delay(reference: Signal, heard: Signal) -> tuple[int, float]:
    """Where in `heard` the `reference` begins (samples), and how alike they are there (0 to 1)."""
    size = 1 << (len(reference) + len(heard) - 1).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(reference, size))
    correlation = np.fft.irfft(product, size)[: len(heard)]
    at = int(np.argmax(correlation))
    piece = heard[at : at + len(reference)]
    energy = float(np.linalg.norm(piece) * np.linalg.norm(reference[: len(piece)]))
    alike = float(np.dot(piece, reference[: len(piece)])) / energy if energy else 0.0
    return at, alike


def quality(reference: Signal, heard: Signal) -> float:
    """PESQ (ITU-T P.862, narrow band) of the stretch of `heard` that carries `reference`."""
    at, _ = delay(reference, heard)
    piece = heard[at : at + len(reference)]
    score: float = pesq(RATE, reference[: len(piece)], piece, "nb")
    return score
