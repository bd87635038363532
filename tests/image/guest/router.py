"""A router that gives one address by DHCP, RFC 2131: ``-m image.guest.router OURS THEIRS``."""

import socket
import struct
import sys
from ipaddress import IPv4Address
from typing import Final

DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
COOKIE: Final = b"\x63\x82\x53\x63"
FIXED: Final = 236  # bytes in front of the cookie


def answer(request: bytes, ours: IPv4Address, theirs: IPv4Address) -> bytes | None:
    """Offer the address, or give it."""
    kind = _option(request, 53)
    if kind not in (bytes([DISCOVER]), bytes([REQUEST])):
        return None
    header = bytearray(request[:FIXED])
    header[0] = 2  # BOOTREPLY
    header[16:20] = theirs.packed
    header[20:24] = ours.packed
    options = {
        53: bytes([OFFER if kind[0] == DISCOVER else ACK]),
        54: ours.packed,
        51: struct.pack(">I", 3600),
        1: b"\xff\xff\xff\x00",
        3: ours.packed,
        6: ours.packed,
    }
    body = b"".join(bytes([code, len(value)]) + value for code, value in options.items())
    return bytes(header) + COOKIE + body + b"\xff"


def _option(message: bytes, wanted: int) -> bytes:
    rest = message[FIXED + 4 :]
    while rest and rest[0] != 255:
        if rest[0] == 0:
            rest = rest[1:]
            continue
        if rest[0] == wanted:
            return rest[2 : 2 + rest[1]]
        rest = rest[2 + rest[1] :]
    return b""


def main(ours: str, theirs: str) -> None:
    """Until it is killed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"wan")
        opened.bind(("", 67))
        sys.stdout.write("listening\n")
        while True:
            reply = answer(opened.recv(2048), IPv4Address(ours), IPv4Address(theirs))
            if reply is not None:
                opened.sendto(reply, ("255.255.255.255", 68))


main(sys.argv[1], sys.argv[2])
