"""Whom we send to and whose requests we obey: the addresses behind the account's names."""

import ipaddress
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from offhook.units import Endpoint

MAX_HOSTS: Final = 32
"""Names whose addresses are remembered; the eldest that is not the account's goes first."""
MAX_ADDRESSES: Final = 16
"""Addresses kept of one name."""


def is_address(host: str) -> bool:
    """`host` is an IP address, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_private(host: str) -> bool:
    """`host` is an address that cannot be reached from the Internet (RFC 1918 and its kin)."""
    return is_address(host) and ipaddress.ip_address(host).is_private


class Peers:
    """The account's servers, and a bounded cache of other names.

    A name that no longer resolves keeps its last good addresses (reliability C #6).
    """

    def __init__(self, servers: Iterable[tuple[str, int]]) -> None:
        self._own = tuple(host for host, _ in servers)
        self._found: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        for host in self._own:
            if is_address(host):
                self._found[host] = (_canonical(host),)

    @property
    def unknown(self) -> list[str]:
        """The account's names that have no address yet, each once."""
        return [host for host in dict.fromkeys(self._own) if host not in self._found]

    @property
    def names(self) -> list[str]:
        """The account's hosts that are names, each once."""
        return [host for host in dict.fromkeys(self._own) if not is_address(host)]

    @property
    def addresses(self) -> frozenset[str]:
        """All addresses of the account's servers."""
        return frozenset(address for host in self._own for address in self._found.get(host, ()))

    def learn(self, host: str, addresses: tuple[str, ...]) -> None:
        """The resolver's answer; an empty one changes nothing, nor does one that is not numeric.

        The same addresses keep our order: the one that serves stands first.
        """
        good = tuple(_canonical(address) for address in addresses if is_address(address))
        if not good:
            return
        if set(good[:MAX_ADDRESSES]) != set(self._found.get(host, ())):
            self._found[host] = tuple(dict.fromkeys(good[:MAX_ADDRESSES]))
        self._found.move_to_end(host)
        while len(self._found) > MAX_HOSTS:
            del self._found[next(name for name in self._found if name not in self._own)]

    def endpoint(self, host: str, port: int, local: Endpoint | None) -> Endpoint | None:
        """Where what goes to `host` is sent: its first address, best of our family (C-13)."""
        return next(iter(self.endpoints(host, port, local)), None)

    def endpoints(self, host: str, port: int, local: Endpoint | None) -> tuple[Endpoint, ...]:
        """All of them in the order to be tried, of our family if there are any."""
        if is_address(host):
            return (Endpoint(_canonical(host), port),)
        addresses = self._found.get(host, ())
        ours = [
            one for one in addresses if local is not None and (":" in one) == (":" in local.host)
        ]
        return tuple(Endpoint(one, port) for one in ours or addresses)

    def demote(self, failed: str) -> None:
        """The address did not serve: the others of its names come first from now on."""
        for host, addresses in self._found.items():
            if failed in addresses:
                self._found[host] = (*(one for one in addresses if one != failed), failed)

    def is_at(self, hop: tuple[str, int], source: Endpoint, local: Endpoint | None) -> bool:
        """`source` has an address that what goes to `hop` is sent to."""
        return _canonical(source.host) in {known.host for known in self.endpoints(*hop, local)}

    def trusts(self, source: Endpoint) -> bool:
        """Requests from there are obeyed."""
        return _canonical(source.host) in self.addresses


def _canonical(address: str) -> str:
    """One spelling per address; IPv4 in IPv6 clothes is IPv4."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)
