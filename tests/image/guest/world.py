"""The world outside the phone: a cable, a router with DHCP, the lab exchange, somebody with SSH.

the phone                       network namespace "lab"
eth0 ──────── veth ──────── wan  192.168.77.1   router.py, exchange.py, ssh(1)
                            lo   203.0.113.9    a stranger from the internet
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from image.guest.machine import run, wait_for
from offhook.cli.client import Client, ClientError
from offhook.service.control_protocol import Json

SPACE: Final = "lab"
ROUTER: Final = "192.168.77.1"
PHONE: Final = "192.168.77.10"
STRANGER: Final = "203.0.113.9"
SIP_PORT: Final = 5070
PASSWORDS: Final = {"1001": "one for the phone"}
FILES: Final = Path("/run/lab")
SOCKET: Final = Path("/run/offhook/control")
_CHECKOUT: Final = Path(__file__).parents[3]


def outside(*command: str) -> list[str]:
    """A command, as it is given out there."""
    return ["ip", "netns", "exec", SPACE, *command]


def build() -> None:
    """All but the cable."""
    FILES.mkdir(mode=0o700)
    run("ip", "netns", "add", SPACE)
    run(*outside("ip", "link", "set", "lo", "up"))
    run(*outside("ip", "address", "add", f"{STRANGER}/32", "dev", "lo"))


def plug_in() -> None:
    """The cable; from now on the phone may find its network."""
    run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "wan", "netns", SPACE)
    run(*outside("ip", "address", "add", f"{ROUTER}/24", "dev", "wan"))
    run(*outside("ip", "link", "set", "wan", "up"))
    _start("router", ROUTER, PHONE)
    _start("exchange", ROUTER, str(SIP_PORT), json.dumps(PASSWORDS))


def _start(module: str, *arguments: str) -> None:
    """A program out there; returns once it is ready."""
    path = FILES / f"{module}.log"
    places = (_CHECKOUT / "tests", _CHECKOUT / "firmware", Path("/usr/lib/offhook"))
    environment = {**os.environ, "PYTHONPATH": ":".join(map(str, places))}
    with path.open("wb") as log:
        subprocess.Popen(
            outside(sys.executable, "-u", "-m", f"image.guest.{module}", *arguments),
            stdout=log, stderr=log, env=environment,
        )  # fmt: skip
    wait_for(module, lambda: "listening" in path.read_text())


def said(module: str) -> list[str]:
    """What one of them printed."""
    return (FILES / f"{module}.log").read_text().splitlines()


# --- the phone, as its technician sees it


def ask(do: str, **arguments: Json) -> Mapping[str, Any]:
    """One request over the control socket."""
    client = Client.connect(SOCKET)
    try:
        return client.ask(do, **arguments)
    finally:
        client.close()


def phone() -> Mapping[str, Any]:
    """Its status; empty while it does not answer."""
    try:
        return ask("status")
    except ClientError:
        return {}


def wait_state(*states: str) -> None:
    wait_for(f"{states}; it is {phone()}", lambda: phone().get("state") in states)


def wait_registered() -> None:
    wait_for("registration", lambda: phone().get("registered") is True)


# --- SSH


def log_in(key: str, user: str, *command: str, source: str = "", options: str = "") -> str:
    """What ssh(1) says, out there, trying to log in to the phone."""
    path = FILES / "key"
    path.write_text(key)
    path.chmod(0o600)
    words = [
        "ssh", "-F", "none", "-i", str(path), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
        "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={FILES / 'known'}",
        "-o", "ConnectTimeout=4", "-o", "LogLevel=INFO", *options.split(),
        *(["-b", source] if source else []), f"{user}@{PHONE}", *command,
    ]  # fmt: skip
    return run(*outside(*words), check=False)


def knock(port: int, source: str) -> None:
    """A SIP request to the phone from this address."""
    program = Path(__file__).with_name("knock.py")
    run(*outside(sys.executable, str(program), source, PHONE, str(port)))
