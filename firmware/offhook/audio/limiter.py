"""The last stage before the ear: nothing above the threshold passes (ITU-T P.360)."""

from offhook.units import Decibels


class Limiter:
    """Caps the peak; below the threshold the sound passes untouched, bit for bit."""

    def __init__(self, threshold: Decibels = Decibels(-9.0)) -> None:
        """`threshold` in dB relative to full scale: peak of the loudest sine let through."""
        raise NotImplementedError

    def process(self, frame: bytes) -> bytes:
        """The frame, no louder than the threshold; same length, no delay."""
        raise NotImplementedError
