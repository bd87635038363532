"""The far end of a call: speaks every 20 ms, and notes when the phone's packets came."""

import socket
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Final

from offhook.service.voice.ports import SO_TIMESTAMPNS

PACKET: Final = 0.02
HOST: Final = "127.0.0.1"
SILENCE: Final = (b"\x55\xd5" * 80,)
_RTCP: Final = range(192, 224)


class RtpPeer(threading.Thread):
    """Says `payloads` over and over to `to`, from when that is set."""

    def __init__(self, kind: int = 0, payloads: Sequence[bytes] = SILENCE) -> None:
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((HOST, 0))
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.sock.settimeout(0.005)
        self.port: int = self.sock.getsockname()[1]
        self.kind, self.payloads = kind, payloads
        self.to: int | None = None
        self.arrivals: list[float] = []
        self.ended = False

    def run(self) -> None:
        number, due = 0, time.monotonic()
        while not self.ended:
            to = self.to
            if to is not None and time.monotonic() >= due:
                self._say(number, to)
                number, due = number + 1, max(due + PACKET, time.monotonic() - PACKET)
            with suppress(TimeoutError, ConnectionRefusedError):
                data, ancillary, _, _ = self.sock.recvmsg(2048, 64)
                if data[1] not in _RTCP:
                    seconds, nanoseconds = struct.unpack("@qq", ancillary[0][2])
                    self.arrivals.append(seconds + nanoseconds / 1e9)
        self.sock.close()

    def _say(self, number: int, to: int) -> None:
        ticks = (number * 160) & 0xFFFFFFFF
        head = struct.pack("!BBHII", 0x80, self.kind, number & 0xFFFF, ticks, 42)
        self.sock.sendto(head + self.payloads[number % len(self.payloads)], (HOST, to))

    def stop(self) -> None:
        self.ended = True
        self.join()


def deviations(arrivals: Sequence[float]) -> list[float]:
    """How far each interval between two packets is from 20 ms, in ms, with its sign."""
    return [(b - a - PACKET) * 1000 for a, b in pairwise(arrivals)]
