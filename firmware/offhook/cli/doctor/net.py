"""The way to the exchange: link, address, route, Wi-Fi, names, firewall."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from offhook.cli.doctor.finding import Finding, Phone, bad, none, ok, rows, strings, table, warn
from offhook.cli.machine import Machine
from offhook.text import printable

SLOW: Final = 1.0  # seconds for a name
DNS_PATIENCE: Final = 6.0
WEAK: Final = -75  # dBm
TOO_WEAK: Final = -83
SAVING_COSTS: Final = (
    "Calls come late or not at all while it sleeps: iw dev {name} set power_save off"
)


@dataclass(frozen=True, slots=True)
class Interface:
    """One, not the loop."""

    name: str
    up: bool = False
    """Cable in or joined to a Wi-Fi network."""
    addresses: tuple[str, ...] = ()
    """Those that reach beyond the link."""
    wireless: bool = False
    signal: int | None = None
    """dBm."""
    power_save: bool | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """All of it; `known` is False where `ip` is not there."""

    known: bool = True
    interfaces: tuple[Interface, ...] = ()
    routes: tuple[str, ...] = ()
    """Default ones: "192.0.2.1 by eth0"."""


def network(machine: Machine, _phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_network(see_network(machine))


def see_network(machine: Machine) -> Network:
    """What iproute2 tells, and iw or wpa_cli of Wi-Fi."""
    links = machine.asked("ip", "-j", "address", "show")
    ways = [
        *rows(machine.asked("ip", "-j", "-4", "route", "show", "default")),
        *rows(machine.asked("ip", "-j", "-6", "route", "show", "default")),
    ]
    routes = tuple(f"{way.get('gateway', 'the link')} by {way.get('dev')}" for way in ways)
    found = tuple(
        _interface(machine, link)
        for link in rows(links)
        if link.get("link_type") == "ether" and not str(link.get("ifname")).startswith("dummy")
    )
    return Network(isinstance(links, list), found, routes)


def _interface(machine: Machine, link: object) -> Interface:
    facts = table(link)
    name = printable(str(facts.get("ifname", "")), 32)
    infos = rows(facts.get("addr_info"))
    addresses = tuple(str(info.get("local")) for info in infos if info.get("scope") == "global")
    wireless = machine.there(f"sys/class/net/{name}/wireless") or machine.there(
        f"sys/class/net/{name}/phy80211"
    )
    up = "LOWER_UP" in strings(facts.get("flags"))
    if not wireless:
        return Interface(name, up, addresses)
    return Interface(name, up, addresses, True, _signal(machine, name), _saving(machine, name))


def _signal(machine: Machine, name: str) -> int | None:
    """Of the network joined, from whoever is there to tell."""
    for words, pattern in (
        (("iw", "dev", name, "link"), r"signal: (-\d+) dBm"),
        (("wpa_cli", "-i", name, "signal_poll"), r"RSSI=(-\d+)"),
    ):
        if told := re.search(pattern, machine.said(*words)):
            return int(told[1])
    old = re.search(rf"{re.escape(name)}: +\d+ +\d+\.? +(-\d+)", machine.read("proc/net/wireless"))
    return int(old[1]) if old else None


def _saving(machine: Machine, name: str) -> bool | None:
    told = re.search(r"Power save: (on|off)", machine.said("iw", "dev", name, "get", "power_save"))
    return None if told is None else told[1] == "on"


def judge_network(facts: Network) -> Iterator[Finding]:
    """Link before address before route; each says only what the one before did not explain."""
    if not facts.known:
        yield none("network", "cannot be looked at: no `ip` program")
        return
    up = [each for each in facts.interfaces if each.up]
    if not up:
        names = ", ".join(each.name for each in facts.interfaces) or "no interface"
        yield bad(
            "network", f"no link ({names})",
            "Plug in the network cable, or write the Wi-Fi's name and password into offhook.toml.",
        )  # fmt: skip
    else:
        yield from _addresses(up, facts)
    for each in facts.interfaces:
        if each.wireless and each.up:
            yield _wifi(each)


def _addresses(up: list[Interface], facts: Network) -> Iterator[Finding]:
    shown = "; ".join(f"{each.name} {' '.join(each.addresses)}" for each in up if each.addresses)
    if not shown:
        yield bad(
            "network", f"{', '.join(each.name for each in up)}: link, but no address",
            "Is there a DHCP server on this network?  networkctl status; journalctl -u "
            "systemd-networkd -b",
        )  # fmt: skip
    elif not facts.routes:
        yield warn(
            "network", f"{shown}; no default route",
            "Right only if the exchange is in this very network; else the DHCP server must name "
            "a router.",
        )  # fmt: skip
    else:
        yield ok("network", f"{shown}; router {', '.join(facts.routes)}")


def _wifi(each: Interface) -> Finding:
    signal = "signal not known" if each.signal is None else f"{each.signal} dBm"
    saving = {True: "power save on", False: "power save off", None: ""}[each.power_save]
    shown = ", ".join(filter(None, (each.name, signal, saving)))
    nearer = "Move the phone or the access point, or use a cable."
    if each.signal is not None and each.signal < TOO_WEAK:
        return bad("wi-fi", shown, nearer)
    if each.signal is not None and each.signal < WEAK:
        return warn("wi-fi", shown, nearer)
    if each.power_save:
        return warn("wi-fi", shown, SAVING_COSTS.format(name=each.name))
    return ok("wi-fi", shown)


@dataclass(frozen=True, slots=True)
class Names:
    """The registrar's name and what became of it."""

    host: str = ""
    addresses: tuple[str, ...] = ()
    seconds: float = 0.0
    servers: tuple[str, ...] = ()
    asked: bool = True
    """False where there is no program to ask with."""


def names(machine: Machine, phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_names(see_names(machine, phone))


def see_names(machine: Machine, phone: Phone) -> Names:
    """Ask as the phone asks: through the C library."""
    proxy = phone.setting("account", "proxy")
    host = proxy[0] if isinstance(proxy, list) and proxy else phone.setting("account", "domain")
    if not isinstance(host, str) or not host:
        return Names()
    servers = tuple(
        re.findall(r"^nameserver\s+(\S+)", machine.read("etc/resolv.conf"), re.MULTILINE)
    )
    if _is_address(host):
        return Names(host, (host,), 0.0, servers)
    ran = machine.run(("getent", "ahosts", host), DNS_PATIENCE)
    if ran is None:
        return Names(host, servers=servers, asked=False)
    found = dict.fromkeys(line.split()[0] for line in ran.out.splitlines() if line.strip())
    return Names(host, tuple(found), ran.seconds, servers)


def judge_names(facts: Names) -> Iterator[Finding]:
    """A name that takes long is a server that does not answer before another does."""
    host = printable(facts.host)
    asked = f"asked {', '.join(facts.servers)}" if facts.servers else "no name server known"
    if not host:
        yield none("dns", "no exchange is configured")
    elif not facts.asked:
        yield none("dns", f"{host} cannot be asked for: no getent here")
    elif facts.addresses == (facts.host,):
        yield ok("dns", f"{host} is an address")
    elif not facts.addresses:
        yield bad(
            "dns", f"{host} has no address ({asked})",
            "Is the name right ([account] domain)?  Does this network's name server know it?  "
            f"Ask by hand: getent ahosts {host}",
        )  # fmt: skip
    elif facts.seconds > SLOW:
        yield warn(
            "dns", f"{host} took {facts.seconds:.1f} s ({asked})",
            "A name server does not answer, or late: look at what the DHCP server hands out.",
        )  # fmt: skip
    else:
        shown = " ".join(facts.addresses[:4])
        yield ok("dns", f"{host} is {shown} ({1000 * facts.seconds:.0f} ms)")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Firewall:
    """What nftables holds, as far as we may look."""

    image: bool = False
    root: bool = True
    there: bool = True
    """The program."""
    drops: bool = False
    """A chain on input whose policy is drop."""
    peers: tuple[str, ...] = ()
    """Addresses that may send us SIP."""


def firewall(machine: Machine, _phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_firewall(see_firewall(machine))


def see_firewall(machine: Machine) -> Firewall:
    """`nft -j list ruleset`, which only root may."""
    if machine.uid:
        return Firewall(machine.image, root=False)
    ran = machine.run(("nft", "-j", "list", "ruleset"), 10.0)
    if ran is None:
        return Firewall(machine.image, there=False)
    listing = table(ran.json).get("nftables")
    chains = [table(each.get("chain")) for each in rows(listing)]
    drops = any(each.get("hook") == "input" and each.get("policy") == "drop" for each in chains)
    sets = [table(each.get("set")) for each in rows(listing)]
    peers = [
        str(address)
        for each in sets
        if str(each.get("name", "")).startswith("sip_peers")
        for address in _elements(each.get("elem"))
    ]
    return Firewall(machine.image, drops=drops, peers=tuple(peers))


def _elements(value: object) -> Iterator[object]:
    for each in value if isinstance(value, list) else []:
        inner = table(each).get("elem")
        yield table(inner).get("val") if inner is not None else each


def judge_firewall(facts: Firewall) -> Iterator[Finding]:
    """The image has one; a Debian machine has what its owner wants."""
    if not facts.root:
        yield none("firewall", "only root may look", "sudo offhook doctor")
    elif facts.drops and facts.peers:
        yield ok("firewall", f"loaded; SIP from {', '.join(facts.peers[:6])}")
    elif facts.drops and facts.image:
        yield warn(
            "firewall", "loaded, but knows no exchange: calls cannot come in",
            "systemctl status offhook-peers.path offhook-peers.service",
        )  # fmt: skip
    elif facts.drops:
        yield ok("firewall", "loaded")
    elif facts.image:
        yield bad("firewall", "not loaded: anyone may knock", "sudo systemctl restart nftables")
    else:
        yield none("firewall", "none here; the image has one")
