"""Sounds to test with."""

import numpy as np
from numpy.typing import NDArray


def numbers(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def frame(values: NDArray[np.float64]) -> bytes:
    return np.clip(np.round(values), -32768, 32767).astype("<i2").tobytes()


def chirp(n: int, amplitude: float = 6000.0) -> bytes:
    """A harmonic sound whose pitch glides like a voice's, from 110 to 180 Hz and back."""
    pitch = 145 - 35 * np.cos(2 * np.pi * np.arange(n) / 8000)
    phase = 2 * np.pi * np.cumsum(pitch) / 8000
    wave = sum(np.sin(k * phase) / k for k in range(1, 6))
    return frame(amplitude / 2 * np.asarray(wave))


def sine(frequency: float, n: int, amplitude: float = 8000.0) -> bytes:
    return frame(amplitude * np.sin(2 * np.pi * frequency / 8000 * np.arange(n)))


def steepest(pcm: bytes) -> float:
    """The largest step between neighbouring samples: a click is a large one."""
    return float(np.abs(np.diff(numbers(pcm))).max())
