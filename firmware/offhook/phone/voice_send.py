"""From the microphone to datagrams."""

from dataclasses import dataclass

from offhook.units import Endpoint


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A datagram to put on a stream's socket at once."""

    stream: int
    data: bytes
    to: Endpoint
    rtcp: bool
    """True: from the RTCP socket (port + 1); False: from the RTP socket (also muxed RTCP)."""
