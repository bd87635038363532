"""Empty datagrams that keep the mapping of a NAT open (RFC 5626 §3.5.1 over UDP; C-10)."""

from dataclasses import dataclass
from typing import Final

from offhook.sip.actions import Send
from offhook.units import Endpoint, Seconds

PING: Final = b"\r\n\r\n"


@dataclass(slots=True)
class KeepAlive:
    """One ping every `gap` while there is a flow; a gap of 0 is none at all."""

    gap: Seconds
    due: Seconds | None = None

    def follow(self, flow: Endpoint | None, now: Seconds) -> None:
        """The flow came or went."""
        if flow is None or self.gap <= 0:
            self.due = None
        elif self.due is None:
            self.due = Seconds(now + self.gap)

    def tick(self, flow: Endpoint | None, now: Seconds) -> list[Send]:
        """Ping if it is time."""
        if flow is None or self.due is None or self.due > now:
            return []
        self.due = Seconds(now + self.gap)
        return [Send(PING, flow)]


def is_ping(data: bytes) -> bool:
    """Nothing but line ends: dropped without an answer on UDP."""
    return not data.strip(b"\r\n")
