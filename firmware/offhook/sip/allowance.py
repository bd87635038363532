"""How many new requests a source may make: a token bucket for each address (reliability A.3 #3)."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from offhook.units import Seconds

RATE: Final = 20.0  # new requests a second
BURST: Final = 40.0  # after a pause
MAX_SOURCES: Final = 64
"""Addresses remembered; the one heard longest ago goes first."""


@dataclass(slots=True)
class Allowance:
    """The buckets.  An address heard for the first time has a full one."""

    _left: OrderedDict[str, tuple[float, Seconds]] = field(default_factory=OrderedDict)

    def take(self, address: str, now: Seconds) -> bool:
        """Whether one more request from there may be served."""
        left, since = self._left.pop(address, (BURST, now))
        left = min(BURST, left + (now - since) * RATE)
        served = left >= 1
        self._left[address] = (left - served, now)
        if len(self._left) > MAX_SOURCES:
            self._left.popitem(last=False)
        return served
