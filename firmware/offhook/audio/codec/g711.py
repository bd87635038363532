"""G.711: one byte a sample, logarithmic, in the North American (µ) and the European (A) law.

`audioop` carries the two laws of ITU-T G.711 in C (tested code by code against the standard's
tables); its 14-bit µ-law and 13-bit A-law values sit in the upper bits of our 16.
"""

import audioop

from offhook.audio.pcm import WIDTH
from offhook.units import Samples


def encode_ulaw(pcm: bytes) -> bytes:
    """Linear to µ-law."""
    return audioop.lin2ulaw(pcm, WIDTH)


def decode_ulaw(payload: bytes) -> bytes:
    """µ-law to linear."""
    return audioop.ulaw2lin(payload, WIDTH)


def encode_alaw(pcm: bytes) -> bytes:
    """Linear to A-law."""
    return audioop.lin2alaw(pcm, WIDTH)


def decode_alaw(payload: bytes) -> bytes:
    """A-law to linear."""
    return audioop.alaw2lin(payload, WIDTH)


class MuLaw:
    """PCMU, payload type 0 (RFC 3551 §4.5.14)."""

    name = "PCMU"

    encode = staticmethod(encode_ulaw)
    decode = staticmethod(decode_ulaw)

    def duration(self, payload: bytes) -> Samples:
        """One sample a byte."""
        return Samples(len(payload))

    def conceal(self, n: Samples) -> bytes | None:
        """G.711 has no memory to conceal from."""
        return None


class ALaw:
    """PCMA, payload type 8 (RFC 3551 §4.5.14)."""

    name = "PCMA"

    encode = staticmethod(encode_alaw)
    decode = staticmethod(decode_alaw)

    def duration(self, payload: bytes) -> Samples:
        """One sample a byte."""
        return Samples(len(payload))

    def conceal(self, n: Samples) -> bytes | None:
        """G.711 has no memory to conceal from."""
        return None
