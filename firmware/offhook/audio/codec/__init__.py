"""Codecs: a name in SDP, and the code behind it.

A codec is offered only if `available` lists it: software that is missing, or that fails its
known-answer test, takes its codec out of the offer, and `missing` says why.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from offhook.audio.codec import g711, g729
from offhook.units import Samples

FRAME: Final = Samples(80)
"""10 ms: `encode` takes any whole number of these."""


class Codec(Protocol):
    """One direction pair of one call; not shared between streams (G.729 has memory)."""

    name: str
    """PCMU, PCMA or G729."""

    def encode(self, pcm: bytes) -> bytes:
        """The payload for `pcm`, a whole number of 10 ms frames.

        Empty when there is nothing to send (G.729 Annex B, `silence_frames`).
        """
        ...

    def decode(self, payload: bytes) -> bytes:
        """`duration(payload)` samples.  Takes any bytes; never raises."""
        ...

    def duration(self, payload: bytes) -> Samples:
        """How much sound `payload` stands for, without decoding it."""
        ...

    def conceal(self, n: Samples) -> bytes | None:
        """`n` samples in place of what was lost, or None: the codec has no means of its own."""
        ...


def available() -> tuple[str, ...]:
    """The codecs that work here, best quality first."""
    return ("PCMU", "PCMA", "G729") if g729.load().works else ("PCMU", "PCMA")


def missing() -> Mapping[str, str]:
    """Why a codec we know is not `available`, by name."""
    library = g729.load()
    return {} if library.works else {"G729": library.trouble}


def open_codec(name: str, *, silence_frames: bool = False) -> Codec:
    """A fresh codec.  `silence_frames`: G.729 Annex B may be *sent*; it is always accepted.

    Raises LookupError for a name that is not `available`.
    """
    match name.upper():
        case "PCMU":
            return g711.MuLaw()
        case "PCMA":
            return g711.ALaw()
        case "G729" if g729.load().works:
            return g729.G729(silence_frames=silence_frames)
    raise LookupError(f"codec {name!r} is not available")
