"""Randomness is an argument: the service hands in the system's, tests a counter."""

from typing import Protocol


class Entropy(Protocol):
    """Unpredictable in the field, repeatable in a test."""

    def token(self, bits: int) -> str:
        """`bits` random bits (a multiple of 4) in hexadecimal: tags, branches, Call-IDs."""
        ...

    def below(self, limit: int) -> int:
        """A whole number in [0, limit): SSRC, first sequence number, CSeq."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """A number in [low, high]: jitter of back-off and refresh."""
        ...
