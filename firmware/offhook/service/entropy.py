"""The system's randomness, behind `entropy.Entropy`."""

import secrets
from typing import Final

_STEPS: Final = 1 << 53  # as many as a float can tell apart


class SystemEntropy:
    """From the kernel (getrandom), for tags, branches, nonces and back-off."""

    def token(self, bits: int) -> str:
        """At least `bits` random bits in lower-case hexadecimal."""
        return secrets.token_hex((bits + 7) // 8)

    def below(self, limit: int) -> int:
        """A whole number in [0, limit)."""
        return secrets.randbelow(limit)

    def uniform(self, low: float, high: float) -> float:
        """A number in [low, high]."""
        return low + (high - low) * secrets.randbelow(_STEPS + 1) / _STEPS
