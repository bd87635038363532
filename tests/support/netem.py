"""A bad network without sockets or time: what goes in comes out later, twice, or never."""

import heapq
from dataclasses import dataclass, field
from random import Random

from offhook.units import Endpoint, Seconds


@dataclass(order=True, slots=True)
class Delivery:
    """A datagram on its way."""

    at: Seconds
    order: int
    data: bytes = field(compare=False)
    source: Endpoint = field(compare=False)
    rtcp: bool = field(compare=False)


@dataclass(slots=True)
class Netem:
    """One direction.  Jitter is exponential; packets overtake each other only if `reorder`."""

    seed: int = 1
    delay: float = 0.02
    jitter: float = 0.0
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: bool = False
    burst: float = 1.0
    """Mean number of packets lost in a row."""
    cut: bool = False
    """Nothing passes."""
    sent: int = 0
    lost: int = 0
    _random: Random = field(init=False)
    _way: list[Delivery] = field(default_factory=list)
    _last: float = 0.0
    _losing: bool = False

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    def send(self, data: bytes, source: Endpoint, rtcp: bool, now: Seconds) -> None:
        """A datagram enters."""
        self.sent += 1
        if self.cut or self._loses():
            self.lost += 1
            return
        copies = 2 if self._random.random() < self.duplicate else 1
        for _ in range(copies):
            wait = self._random.expovariate(1 / self.jitter) if self.jitter else 0.0
            at = now + self.delay + wait
            if not self.reorder:
                at = self._last = max(at, self._last)
            heapq.heappush(self._way, Delivery(Seconds(at), self.sent, data, source, rtcp))

    def arrived(self, now: Seconds) -> list[Delivery]:
        """All that came out up to `now`, in the order of arrival."""
        found = []
        while self._way and self._way[0].at <= now:
            found.append(heapq.heappop(self._way))
        return found

    def _loses(self) -> bool:
        """Gilbert's model: the share `loss`, in bursts of `burst`."""
        if self._losing:
            self._losing = self._random.random() >= 1 / self.burst
        else:
            enter = self.loss / max(1e-9, (1 - self.loss)) / self.burst
            self._losing = self._random.random() < enter
        return self._losing
