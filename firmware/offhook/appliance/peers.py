"""The exchange's addresses into the firewall: what the phone trusts, the kernel lets through.

`offhookd` writes peers.json into its runtime directory whenever that changes.  It is read as if a
stranger had written it: nothing but numbers and addresses can reach nft(8).
"""

import ipaddress
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from offhook.appliance.exits import DONE, FAILED, REFUSED
from offhook.appliance.say import say
from offhook.appliance.tools import run as run_tool
from offhook.notes import Severity

PEERS: Final = Path("run/offhook/peers.json")
MAX_SIZE: Final = 8192  # bytes
MAX_PEERS: Final = 64
MAX_PORTS: Final = 4
TABLE: Final = "inet phone"

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Trusted:
    """Who may send SIP to us, and where."""

    ports: tuple[int, ...]
    peers: tuple[_Address, ...]


def parse(content: bytes) -> Trusted:
    """The file.  Raises ValueError for whatever does not belong there."""
    if len(content) > MAX_SIZE:
        raise ValueError(f"more than {MAX_SIZE} bytes")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError("not JSON") from error
    if not isinstance(document, dict) or document.keys() != {"ports", "peers"}:
        raise ValueError('not {"ports": […], "peers": […]}')
    return Trusted(
        tuple(sorted({*map(_port, _list(document["ports"], MAX_PORTS))})),
        tuple(dict.fromkeys(map(_address, _list(document["peers"], MAX_PEERS)))),
    )


def script(trusted: Trusted) -> str:
    """For `nft -f -`, which does all of it or nothing."""
    four = [peer for peer in trusted.peers if peer.version == 4]
    six = [peer for peer in trusted.peers if peer.version == 6]
    sets = (("sip_ports", trusted.ports), ("sip_peers4", four), ("sip_peers6", six))
    return "".join(_set(name, members) for name, members in sets)


def _set(name: str, members: Iterable[object]) -> str:
    listed = ", ".join(map(str, members))
    added = f"add element {TABLE} {name} {{ {listed} }}\n" if listed else ""
    return f"flush set {TABLE} {name}\n{added}"


def run(root: Path, tool: Callable[[Sequence[str], str], object] = run_tool) -> int:
    """Load what there is; the exit code."""
    try:
        content = _read(root / PEERS)
    except FileNotFoundError:
        return DONE  # the phone has not begun yet
    except OSError as error:
        say("peers not read", Severity.ERROR, error=str(error))
        return REFUSED
    try:
        trusted = parse(content)
        tool(["nft", "-f", "-"], script(trusted))
    except ValueError as error:
        say("peers refused", Severity.ERROR, why=str(error))
        return REFUSED
    except OSError as error:
        say("firewall not changed", Severity.ERROR, error=str(error))
        return FAILED
    say("firewall", ports=str(trusted.ports), peers=", ".join(map(str, trusted.peers)) or "none")
    return DONE


def _read(path: Path) -> bytes:
    """Only a file: not a link that the phone might lay, nor a pipe that would hold us up."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        return os.read(descriptor, MAX_SIZE + 1)
    finally:
        os.close(descriptor)


def _list(value: object, most: int) -> list[object]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(f"no list of at most {most}")
    return value


def _port(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 65536:
        raise ValueError("no port")
    return value


def _address(value: object) -> _Address:
    if not isinstance(value, str) or "%" in value:
        raise ValueError("no address")
    try:
        address = ipaddress.ip_address(value)
    except ValueError as error:
        raise ValueError("no address") from error
    if address.is_unspecified or address.is_multicast:
        raise ValueError("no address of one machine")
    return address
