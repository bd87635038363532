"""Two machines with a cable between them, made of network namespaces: needs root.

with cable() as wire:                       # the phone's end has an address, the exchange's too
    handset(..., around=Around(wrapper=wire.phone, network=""))
    wire.pull(); wire.plug()
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

EXCHANGE: Final = "198.51.100.1"
PHONE: Final = "198.51.100.10"
MOVED: Final = "198.51.100.20"
"""Where the phone is after its address changed."""
_RESOLV: Final = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"  # nobody serves there


@dataclass(frozen=True, slots=True)
class Cable:
    """Both ends; programs run there behind `phone` or `exchange`."""

    name: str

    @property
    def phone(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", f"{self.name}p")

    @property
    def exchange(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", f"{self.name}x")

    @property
    def hosts(self) -> Path:
        """The phone's hosts file: all the DNS it has."""
        return Path(f"/etc/netns/{self.name}p/hosts")

    def pull(self) -> None:
        """The phone's carrier goes."""
        _ip("-n", f"{self.name}x", "link", "set", "x0", "down")

    def wait_until_dead(self) -> None:
        """The kernel tells of a lost carrier up to a second late."""
        show = ["ip", "-n", f"{self.name}p", "link", "show", "p0"]
        while "state UP" in subprocess.run(show, check=True, capture_output=True, text=True).stdout:
            time.sleep(0.02)

    def plug(self) -> None:
        """It is back."""
        _ip("-n", f"{self.name}x", "link", "set", "x0", "up")

    def address(self, old: str, new: str) -> None:
        """The DHCP server gives another address."""
        where = ("-n", f"{self.name}p", "address")
        _ip(*where, "del", f"{old}/24", "dev", "p0")
        _ip(*where, "add", f"{new}/24", "dev", "p0")


def missing() -> str | None:
    """What the machine lacks for this, if anything."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "iproute2 is not installed"
    tried = subprocess.run(["unshare", "-n", "true"], capture_output=True, text=True, check=False)
    return f"no network namespaces: {tried.stderr.strip()}" if tried.returncode else None


@contextmanager
def cable() -> Iterator[Cable]:
    """Plugged in at both ends."""
    made = Cable(f"offhook{os.getpid()}")
    phone, exchange = f"{made.name}p", f"{made.name}x"
    made.hosts.parent.mkdir(parents=True)
    made.hosts.write_text("127.0.0.1 localhost\n")
    made.hosts.with_name("resolv.conf").write_text(_RESOLV)
    try:
        for name in (phone, exchange):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        veth = ("type", "veth", "peer", "name", "x0", "netns", exchange)
        _ip("-n", phone, "link", "add", "p0", *veth)
        for name, device, address in ((phone, "p0", PHONE), (exchange, "x0", EXCHANGE)):
            where = ("-n", name)
            _ip(*where, "address", "add", f"{address}/24", "dev", device)
            _ip(*where, "link", "set", device, "up")
        _ip("-n", phone, "route", "add", "default", "via", EXCHANGE)
        yield made
    finally:
        for name in (phone, exchange):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        shutil.rmtree(made.hosts.parent)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
