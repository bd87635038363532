"""What rtnetlink(7) tells about links and addresses, kept up to date.  No socket here: bytes in.

nlmsghdr | ifinfomsg or ifaddrmsg | rtattr rtattr …      (each padded to 4 bytes)
"""

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from offhook.units import Seconds

SETTLE: Final = Seconds(1.0)
"""A change counts when nothing more changed for so long: DHCP, IPv6, routes come in bursts."""
PATIENCE: Final = Seconds(3.0)
"""… but it counts at the latest after this, however restless the network is."""
MAX_LINKS: Final = 256
MAX_ADDRESSES: Final = 1024

NEW_LINK, DEL_LINK, GET_LINK = 16, 17, 18
NEW_ADDRESS, DEL_ADDRESS, GET_ADDRESS = 20, 21, 22
NEW_ROUTE, DEL_ROUTE = 24, 25
DONE: Final = 3

_HEADER: Final = struct.Struct("=IHHII")  # length, type, flags, sequence, pid
_LINK: Final = struct.Struct("=BxHiII")  # family, type, index, flags, change
_ADDRESS: Final = struct.Struct("=BBBBI")  # family, prefix, flags, scope, index
_ATTRIBUTE: Final = struct.Struct("=HH")  # length, type
_RUNNING: Final = 0x40  # IFF_RUNNING: up, and a carrier
_IFA_ADDRESS, _IFA_LOCAL = 1, 2


@dataclass(slots=True)
class Links:
    """Links by index with their carrier, and which link has which address."""

    _running: dict[int, bool] = field(default_factory=dict)
    _addresses: dict[str, int] = field(default_factory=dict)

    def feed(self, data: bytes) -> bool:
        """Take one datagram of the netlink socket; True if something about the network changed."""
        changed = False
        for kind, payload in _messages(data):
            match kind:
                case 16 | 17:
                    changed |= self._link(payload, kind == NEW_LINK)
                case 20 | 21:
                    changed |= self._address(payload, kind == NEW_ADDRESS)
                case 24 | 25:
                    changed = True
                case _:
                    pass
        return changed

    def usable(self, address: str) -> bool:
        """Whether the link that has `address` is up with a carrier; what we do not know of is."""
        index = self._addresses.get(address)
        return index is None or self._running.get(index, True)

    def _link(self, payload: bytes, there: bool) -> bool:
        if len(payload) < _LINK.size:
            return False
        _, _, index, flags, _ = _LINK.unpack_from(payload)
        before = self._running.get(index)
        if not there:
            self._running.pop(index, None)
        elif index in self._running or len(self._running) < MAX_LINKS:
            self._running[index] = bool(flags & _RUNNING)
        return before != self._running.get(index)

    def _address(self, payload: bytes, there: bool) -> bool:
        if len(payload) < _ADDRESS.size:
            return False
        index = _ADDRESS.unpack_from(payload)[4]
        attributes = dict(_attributes(payload[_ADDRESS.size :]))
        raw = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS) or b""
        if len(raw) not in (4, 16):
            return False
        address = str(ipaddress.ip_address(raw))
        before = self._addresses.get(address)
        if not there:
            self._addresses.pop(address, None)
        elif len(self._addresses) < MAX_ADDRESSES:
            self._addresses[address] = index
        return before != self._addresses.get(address)


@dataclass(slots=True)
class Settling:
    """When a burst of changes is over.

    changes  *  * *   *                *
             |--------|--SETTLE-->due  |--SETTLE-->due
    """

    _first: Seconds | None = None
    _last: Seconds = Seconds(0)

    def changed(self, now: Seconds) -> None:
        """Something changed."""
        self._first = now if self._first is None else self._first
        self._last = now

    def deadline(self) -> Seconds | None:
        """When it will have settled, if anything changed."""
        if self._first is None:
            return None
        return min(Seconds(self._last + SETTLE), Seconds(self._first + PATIENCE))

    def due(self, now: Seconds) -> bool:
        """Whether it has settled: true once per burst."""
        at = self.deadline()
        if at is None or now < at:
            return False
        self._first = None
        return True


def dump_request(kind: int) -> bytes:
    """Ask the kernel for all links or all addresses."""
    body = b"\0" * (_LINK.size if kind == GET_LINK else _ADDRESS.size)
    return (
        _HEADER.pack(_HEADER.size + len(body), kind, 0x301, 1, 0) + body
    )  # NLM_F_REQUEST | NLM_F_DUMP


def is_done(data: bytes) -> bool:
    """Whether this datagram ends a dump."""
    return any(kind == DONE for kind, _ in _messages(data))


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        if not _HEADER.size <= length <= len(data):
            return
        yield kind, data[_HEADER.size : length]
        data = data[(length + 3) & ~3 :]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if not _ATTRIBUTE.size <= length <= len(data):
            return
        yield kind, data[_ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]
