"""RTP packets (RFC 3550 §5.1) as values."""

import struct
from typing import Final, NamedTuple

VERSION: Final = 2
HEADER: Final = struct.Struct("!BBHII")
_EXTENSION: Final = struct.Struct("!HH")
_PADDING_BIT: Final = 0x20
_EXTENSION_BIT: Final = 0x10
_RTCP_TYPES: Final = range(192, 224)


class RtpError(ValueError):
    """Not a packet of RTP or RTCP."""


class Packet(NamedTuple):
    """One packet; `bytes(Packet.parse(data)) == data` but for the content of the padding."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False
    sources: tuple[int, ...] = ()
    """CSRC: who was mixed into it."""
    extension: tuple[int, bytes] | None = None
    """Profile's number and content, a multiple of four bytes."""
    padding: int = 0
    """Bytes after the payload, the last of which tells their number."""

    @classmethod
    def parse(cls, data: bytes) -> "Packet":
        """Read a datagram.  Raises RtpError, nothing else; each length is checked before use."""
        if len(data) < HEADER.size:
            raise RtpError("shorter than a header")
        bits, kind, sequence, timestamp, ssrc = HEADER.unpack_from(data)
        if bits == 0x80:  # nothing optional: nearly every packet there is
            return cls(kind & 0x7F, sequence, timestamp, ssrc, data[12:], kind > 0x7F)
        if bits >> 6 != VERSION:
            raise RtpError("not version 2")
        sources, at = _sources(data, bits & 0x0F)
        extension = None
        if bits & _EXTENSION_BIT:
            extension, at = _extension(data, at)
        padding = _padding(data, at) if bits & _PADDING_BIT else 0
        payload = data[at : len(data) - padding]
        return cls(
            kind & 0x7F,
            sequence,
            timestamp,
            ssrc,
            payload,
            kind > 0x7F,
            sources,
            extension,
            padding,
        )

    def __bytes__(self) -> bytes:
        """The wire form."""
        bits = VERSION << 6 | len(self.sources)
        extra = b"".join(source.to_bytes(4, "big") for source in self.sources)
        if self.extension is not None:
            bits |= _EXTENSION_BIT
            profile, content = self.extension
            extra += _EXTENSION.pack(profile, len(content) // 4) + content
        tail = b""
        if self.padding:
            bits |= _PADDING_BIT
            tail = bytes(self.padding - 1) + bytes([self.padding])
        kind = self.payload_type | self.marker << 7
        head = HEADER.pack(bits, kind, self.sequence, self.timestamp, self.ssrc)
        return head + extra + self.payload + tail


def is_rtcp(data: bytes) -> bool:
    """Which of the two a datagram on a shared port is (RFC 5761 §4)."""
    return len(data) > 1 and data[1] in _RTCP_TYPES


def _sources(data: bytes, count: int) -> tuple[tuple[int, ...], int]:
    end = HEADER.size + 4 * count
    if end > len(data):
        raise RtpError("CSRC list cut off")
    return struct.unpack_from(f"!{count}I", data, HEADER.size), end


def _extension(data: bytes, at: int) -> tuple[tuple[int, bytes], int]:
    if at + 4 > len(data):
        raise RtpError("extension header cut off")
    profile, words = _EXTENSION.unpack_from(data, at)
    end = at + 4 + 4 * words
    if end > len(data):
        raise RtpError("extension cut off")
    return (profile, data[at + 4 : end]), end


def _padding(data: bytes, at: int) -> int:
    padding = data[-1]
    if not 0 < padding <= len(data) - at:
        raise RtpError("padding longer than the packet")
    return padding
