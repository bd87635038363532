"""Repeatable randomness."""

from dataclasses import dataclass, field
from random import Random


@dataclass(slots=True)
class CountingEntropy:
    """Tokens and numbers that count up: a log reads the same each time.  `uniform`: the middle."""

    count: int = 0

    def token(self, bits: int) -> str:
        self.count += 1
        return f"{self.count:0{bits // 4}x}"

    def below(self, limit: int) -> int:
        self.count += 1
        return self.count % limit

    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2


@dataclass(slots=True)
class SeededEntropy:
    """Random, but the same for the same seed."""

    seed: int
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def token(self, bits: int) -> str:
        return f"{self.random.getrandbits(bits):0{bits // 4}x}"

    def below(self, limit: int) -> int:
        return self.random.randrange(limit)

    def uniform(self, low: float, high: float) -> float:
        return self.random.uniform(low, high)
