"""ACKs for 2xx, kept as long as copies of the 2xx may come (RFC 3261 §13.2.2.4; rows 31, 32)."""

from collections import OrderedDict
from typing import Final

from offhook.sip.actions import Send
from offhook.sip.dialog import Dialog
from offhook.sip.message import Response
from offhook.sip.wire import Wire
from offhook.units import Endpoint, Seconds

MAX_ACKS: Final = 64
"""The eldest goes first."""

Key = tuple[str, str, str, int]


class Acks:
    """Writes ACKs and repeats them, byte for byte, for each copy of the 2xx."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._kept: OrderedDict[Key, tuple[Send, Seconds]] = OrderedDict()

    @property
    def count(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def send(
        self,
        dialog: Dialog,
        cseq: int,
        now: Seconds,
        *,
        fallback: Endpoint | None,
        body: bytes = b"",
    ) -> None:
        """Acknowledge the 2xx to our INVITE number `cseq`, which came from `fallback`."""
        uri, routes = dialog.start_line()
        headers = [
            *(("Route", route) for route in routes),
            ("From", str(dialog.local)),
            ("To", str(dialog.remote)),
            ("Call-ID", dialog.call_id),
        ]
        ack = bytes(self._wire.request("ACK", uri, headers, body, cseq))

        def then(hop: Endpoint | None, now: Seconds) -> None:
            assert hop is not None  # noqa: S101 -- the fallback: the 2xx came from somewhere
            self._keep((*dialog.key, cseq), Send(ack, hop), now)

        self._wire.reach(dialog.next_hop(), then, now, fallback)

    def again(self, response: Response) -> bool:
        """Repeat the ACK if this 2xx has one."""
        key = (
            response.call_id,
            response.from_.tag or "",
            response.to.tag or "",
            response.cseq.number,
        )
        kept = self._kept.get(key)
        if kept is None:
            return False
        self._wire.do(kept[0])
        return True

    def deadline(self) -> Seconds | None:
        """When the eldest may be forgotten."""
        return next((until for _, until in self._kept.values()), None)

    def tick(self, now: Seconds) -> None:
        """Forget what no copy can ask for any more."""
        while (until := self.deadline()) is not None and until <= now:
            self._kept.popitem(last=False)

    def _keep(self, key: Key, ack: Send, now: Seconds) -> None:
        self._wire.do(ack)
        self._kept[key] = (ack, Seconds(now + self._wire.timers.timeout))
        self._kept.move_to_end(key)
        if len(self._kept) > MAX_ACKS:
            self._kept.popitem(last=False)
