"""Adaptive playout: packets come as the network likes, sound goes out as the ear needs it.

`Playout` keeps *payloads* and decodes each when its time comes, in order, because codecs have
memory; what is lost it conceals (by the codec's own means where there are any).  The caller puts
packets in and takes exactly as many samples as it wants, every period, for ever.
"""

from dataclasses import dataclass

from offhook.audio.codec import Codec
from offhook.units import RtpTicks, Seconds


@dataclass(frozen=True, slots=True)
class PlayoutStats:
    """Since the start of the stream (`reset` keeps them)."""

    received: int
    late: int
    """Arrived after their place had been played, wholly or in part."""
    lost: int
    """Never came, though a later one did."""
    dropped: int
    """Duplicates, nonsense, and what did not fit in the buffer."""
    concealed: Seconds
    """Sound made up in place of lost or late packets."""
    delay: Seconds
    """Between arrival and ear at present: the buffer, above the fastest packet."""
    mean_delay: Seconds
    """The mean of `delay` over the stream."""


class Playout:
    """One received stream."""

    def __init__(self, codec: Codec) -> None:
        raise NotImplementedError

    def put(
        self, timestamp: RtpTicks, payload: bytes, arrival: Seconds, *, marker: bool = False
    ) -> None:
        """A packet arrived.  `timestamp` is extended (never wraps); `marker` starts a talk spurt.

        Never raises; keeps at most 300 ms or so.
        """
        raise NotImplementedError

    def get(self, n: int, now: Seconds) -> bytes:
        """Exactly `n` samples for the ear from `now` on."""
        raise NotImplementedError

    def reset(self, codec: Codec | None = None) -> None:
        """A new source (SSRC), or a new codec: forget the past but the statistics."""
        raise NotImplementedError

    @property
    def stats(self) -> PlayoutStats:
        """A snapshot; cheap."""
        raise NotImplementedError
