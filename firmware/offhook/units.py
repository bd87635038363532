"""Quantities the core passes around.  One spelling per unit."""

from typing import NamedTuple, NewType

Seconds = NewType("Seconds", float)
"""A point on, or a stretch of, the monotonic clock.  Never wall-clock time."""

Hertz = NewType("Hertz", int)
"""Samples, ticks or cycles a second."""

Samples = NewType("Samples", int)
"""A number of 16-bit linear samples of one channel."""

RtpTicks = NewType("RtpTicks", int)
"""A stretch of media time in units of an RTP clock (RFC 3550 §5.1), not reduced modulo 2^32."""

Decibels = NewType("Decibels", float)
"""A ratio, or a level in dBm0 (full-scale sine = +3.14 dBm0, ITU-T G.711 A-law)."""


class Endpoint(NamedTuple):
    """Where datagrams come from or go to; `host` is an IP address in text, unbracketed."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
