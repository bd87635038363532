"""RTCP compound packets (RFC 3550 §6): SR, RR, SDES and BYE; all else is read over."""

import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from offhook.rtp.packet import VERSION, RtpError

MAX_PACKETS: Final = 32  # in one compound
SENDER: Final = 200
RECEIVER: Final = 201
DESCRIPTION: Final = 202
BYE: Final = 203
CNAME: Final = 1

_HEADER: Final = struct.Struct("!BBH")
_SENDER_INFO: Final = struct.Struct("!QIII")
_BLOCK: Final = struct.Struct("!IIIIII")
_LOWEST_LOSS: Final = -0x800000
_HIGHEST_LOSS: Final = 0x7FFFFF


class ReportBlock(NamedTuple):
    """What somebody heard of `ssrc`."""

    ssrc: int
    fraction: int
    """Lost since the last report, in 1/256."""
    lost: int
    """Since the beginning; negative when duplicates came."""
    highest: int
    """Extended sequence number."""
    jitter: int
    """In RTP ticks."""
    last_report: int
    """Middle 32 bits of the NTP time of the last SR; 0: none came."""
    delay: int
    """Since that SR, in 1/65536 s."""


class SenderReport(NamedTuple):
    """SR."""

    ssrc: int
    ntp: int
    rtp_time: int
    packets: int
    octets: int
    reports: tuple[ReportBlock, ...] = ()


class ReceiverReport(NamedTuple):
    """RR."""

    ssrc: int
    reports: tuple[ReportBlock, ...] = ()


class Description(NamedTuple):
    """SDES: the CNAME of one source."""

    ssrc: int
    cname: bytes


class Goodbye(NamedTuple):
    """BYE."""

    sources: tuple[int, ...]
    reason: bytes = b""


Part = SenderReport | ReceiverReport | Description | Goodbye


def parse(data: bytes) -> list[Part]:
    """Read a compound, skipping unknown parts.  Raises RtpError if it is none (RFC 3550 A.2)."""
    parts: list[Part] = []
    for count, (bits, kind, body) in enumerate(_packets(data)):
        if count == 0 and kind not in {SENDER, RECEIVER}:
            raise RtpError("compound begins without a report")
        if count == MAX_PACKETS:
            raise RtpError("too many packets in a compound")
        parts += _part(kind, bits & 0x1F, body)
    return parts


def serialize(parts: Iterable[Part]) -> bytes:
    """The wire form of a compound."""
    return b"".join(map(_bytes, parts))


def _packets(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """First byte, type and body of each packet, padding taken off the last."""
    at = 0
    while at < len(data) or at == 0:
        if len(data) - at < 4:
            raise RtpError("RTCP header cut off")
        bits, kind, words = _HEADER.unpack_from(data, at)
        begin, at = at + 4, at + 4 + 4 * words
        if bits >> 6 != VERSION or at > len(data):
            raise RtpError("not RTCP, or cut off")
        body = data[begin:at]
        if bits & 0x20:
            body = _unpadded(body, at == len(data))
        yield bits, kind, body


def _unpadded(body: bytes, last: bool) -> bytes:
    padding = body[-1] if body else 0
    if not last or not 0 < padding <= len(body):
        raise RtpError("padding where none may be")
    return body[:-padding]


def _part(kind: int, count: int, body: bytes) -> list[Part]:
    if kind == SENDER:
        return [_sender(body, count)]
    if kind == RECEIVER:
        return [ReceiverReport(_ssrc(body, 0), _blocks(body, 4, count))]
    if kind == DESCRIPTION:
        return list(_descriptions(body, count))
    return [_goodbye(body, count)] if kind == BYE else []


def _ssrc(body: bytes, at: int) -> int:
    if at + 4 > len(body):
        raise RtpError("SSRC cut off")
    return int.from_bytes(body[at : at + 4], "big")


def _sender(body: bytes, count: int) -> SenderReport:
    ssrc = _ssrc(body, 0)
    if len(body) < 4 + _SENDER_INFO.size:
        raise RtpError("sender report cut off")
    ntp, rtp_time, packets, octets = _SENDER_INFO.unpack_from(body, 4)
    reports = _blocks(body, 4 + _SENDER_INFO.size, count)
    return SenderReport(ssrc, ntp, rtp_time, packets, octets, reports)


def _blocks(body: bytes, at: int, count: int) -> tuple[ReportBlock, ...]:
    if at + count * _BLOCK.size > len(body):
        raise RtpError("report blocks cut off")
    return tuple(_block(body, at + each * _BLOCK.size) for each in range(count))


def _block(body: bytes, at: int) -> ReportBlock:
    ssrc, losses, *rest = _BLOCK.unpack_from(body, at)
    lost = losses & 0xFFFFFF
    return ReportBlock(ssrc, losses >> 24, lost - ((lost & 0x800000) << 1), *rest)


def _descriptions(body: bytes, count: int) -> Iterator[Description]:
    at = 0
    for _ in range(count):
        ssrc = _ssrc(body, at)
        at += 4
        while at < len(body) and body[at] != 0:
            kind, length = body[at], body[at + 1] if at + 1 < len(body) else 0
            text = body[at + 2 : at + 2 + length]
            at += 2 + length
            if at > len(body):
                raise RtpError("description cut off")
            if kind == CNAME:
                yield Description(ssrc, text)
        at = (at + 4) & ~3  # at least one zero ends a chunk, then up to the word


def _goodbye(body: bytes, count: int) -> Goodbye:
    sources = tuple(_ssrc(body, 4 * each) for each in range(count))
    rest = body[4 * count :]
    return Goodbye(sources, rest[1 : 1 + rest[0]] if rest else b"")


def _bytes(part: Part) -> bytes:
    if isinstance(part, SenderReport):
        info = _SENDER_INFO.pack(part.ntp, part.rtp_time, part.packets, part.octets)
        body = part.ssrc.to_bytes(4, "big") + info + _report_bytes(part.reports)
        return _packet(SENDER, len(part.reports), body)
    if isinstance(part, ReceiverReport):
        body = part.ssrc.to_bytes(4, "big") + _report_bytes(part.reports)
        return _packet(RECEIVER, len(part.reports), body)
    if isinstance(part, Description):
        item = bytes([CNAME, len(part.cname)]) + part.cname
        chunk = part.ssrc.to_bytes(4, "big") + item
        return _packet(DESCRIPTION, 1, chunk + bytes(4 - len(chunk) % 4))
    body = b"".join(source.to_bytes(4, "big") for source in part.sources)
    reason = bytes([len(part.reason)]) + part.reason if part.reason else b""
    return _packet(BYE, len(part.sources), body + reason + bytes(-len(reason) % 4))


def _report_bytes(reports: Iterable[ReportBlock]) -> bytes:
    return b"".join(map(_block_bytes, reports))


def _block_bytes(block: ReportBlock) -> bytes:
    lost = min(max(block.lost, _LOWEST_LOSS), _HIGHEST_LOSS) & 0xFFFFFF
    return _BLOCK.pack(block.ssrc, block.fraction << 24 | lost, *block[3:])


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(VERSION << 6 | count, kind, len(body) // 4) + body
