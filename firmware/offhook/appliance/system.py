"""`[system]`, and the part of `[network]` that is the machine's: name, time zone, fixed address."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from offhook.service.schema import Reader

UTC: Final = "Etc/UTC"
INTERFACES: Final = {"wired": "en* eth* end*", "wifi": "wl*"}
ADDRESS_KEYS: Final = ("static", "gateway", "dns", "interface")
"""Keys of `[network]` that the phone itself need not know."""

_LABEL: Final = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NETWORK: Final = """\
# Made from offhook.toml on the card; change it there.
[Match]
Name={interface}

[Network]
Address={address}
{lines}IPv6AcceptRA=yes
"""


@dataclass(frozen=True, slots=True)
class System:
    """The table as read."""

    hostname: str = ""
    """Empty: the one made on the device."""
    time_zone: str = UTC


def read_system(table: Reader, zone_known: Callable[[str], bool]) -> System:
    """`[system]`."""
    hostname = table.text(
        "hostname", "", _LABEL, 'letters, digits and hyphens, such as "kitchen"', most=63
    )
    zone = table.text(
        "time_zone", UTC, r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}", '"Europe/Berlin" or the like'
    )
    if not zone_known(zone):
        remedy = 'Write a continent and a city, such as "Europe/Berlin"; capitals count.'
        table.fault("time_zone", "is not known", remedy)
    table.finish()
    return System(hostname.lower(), zone)


def read_address(table: Reader) -> str:
    """The fixed address of `[network]` as a file for systemd-networkd; empty: by DHCP.

    The phone's own keys of this table are left for whoever comes next.
    """
    written = table.text("static", "", most=64)
    gateway = _address(table, "gateway", table.text("gateway", "", most=64))
    shape = 'IP addresses: ["192.0.2.53"]'
    servers = table.texts("dns", (), "[0-9A-Fa-f:.]{2,45}", shape, most=3)
    found = [_address(table, "dns", server) for server in servers]
    interface = table.choice("interface", "wired", tuple(INTERFACES))
    if not written:
        for key in ("gateway", "dns", "interface"):
            if table.given(key):
                table.fault(key, "has no static address beside it", "Add static, or delete it.")
        return ""
    address = _with_prefix(table, written)
    if address is not None and gateway is not None and gateway not in address.network:
        table.fault("gateway", f"is not in {address.network}", "Look at the router.")
    lines = [f"Gateway={gateway}\n"] if gateway else []
    lines += [f"DNS={server}\n" for server in found]
    return _NETWORK.format(interface=INTERFACES[interface], address=address, lines="".join(lines))


_Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def _with_prefix(table: Reader, written: str) -> _Interface | None:
    remedy = 'Write it with the length of its network: "192.0.2.10/24"'
    try:
        address = ipaddress.ip_interface(written)
    except ValueError:
        table.fault("static", "is no IP address", remedy)
        return None
    network = address.network
    if "/" not in written:
        table.fault("static", "does not say how large its network is", remedy)
    elif network.num_addresses > 2 and address.ip in (network[0], network.broadcast_address):
        table.fault("static", "is the network itself, no address in it", remedy)
    return address


def _address(
    table: Reader, key: str, written: str
) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(written) if written else None
    except ValueError:
        table.fault(key, "is no IP address", 'Write for example "192.0.2.1".')
        return None
