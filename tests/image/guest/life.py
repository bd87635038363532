"""A phone's first day: first boot, the cable, a call, service; then two restarts."""

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from image.guest import probe, world
from image.guest.machine import (
    failed_units,
    properties,
    restart,
    run,
    status,
    uptime,
    wait_for,
    wait_until_up,
)
from image.guest.shared import arguments, report

OURS: Final = ("provision", "hostkeys", "grow", "peers", "good", "reset")
HOST_KEY: Final = Path("/data/ssh/ssh_host_ed25519_key.pub")


def first_day() -> Mapping[str, object] | None:
    """Three boots: all of it; what stayed; what a factory reset left."""
    match arguments()["boot"]:
        case 0:
            _without_network()
            _with_network()
            _service()
            restart()
            return None
        case 1:
            state = wait_until_up()
            report(second={"state": state, "failed": failed_units(), **kept()})
            Path("/data/factory-reset").touch()
            os.sync()
            restart()
            return None
        case _:
            state = wait_until_up()
            return {"third": {"state": state, "failed": failed_units(), **kept()}}


def kept() -> Mapping[str, object]:
    """What makes this phone this phone."""
    journal = run("journalctl", "--list-boots", "--output=json")
    return {
        "machine-id": Path("/etc/machine-id").read_text().strip(),
        "hostname": os.uname().nodename,
        "host key": HOST_KEY.read_text().strip() if HOST_KEY.exists() else "",
        "contact": world.phone().get("contact", ""),
        "trouble": _text("/run/offhook-preinit/trouble"),
        "sshd": properties("ssh.service", "ActiveState")["ActiveState"],
        "boots in the journal": len(json.loads(journal)),
        "settings": _text("/data/offhook/etc/offhook.toml"),
        "password": len(_text("/data/offhook/etc/sip-password")),
        "admin's keys": _text("/data/ssh/authorized_keys/admin"),
        "e2fsck": _text("/run/offhook-preinit/e2fsck.log"),
        "mib": int(_text("/sys/class/block/ubda4/size")) // 2048,
        "file system mib": os.statvfs("/data").f_blocks * os.statvfs("/data").f_frsize >> 20,
    }


def sockets() -> list[list[str]]:
    """Who listens: [protocol, address, port, program]."""
    found = []
    for line in run("ss", "--no-header", "-lntup").splitlines():
        words = line.split()
        address, _, port = words[4].rpartition(":")
        program = re.search(r'\("([^"]+)"', line)
        found.append([words[0], address, port, program[1] if program else ""])
    return found


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _links(directory: Path) -> Iterator[str]:
    """Where links lead; one that goes meanwhile is left out."""
    for path in directory.iterdir():
        with suppress(FileNotFoundError):
            yield str(path.readlink())


def _without_network() -> None:
    """Dial tone first."""
    wait_for("the phone", world.phone)
    report(ready={"uptime": uptime(), "status": _glance(), "addresses": _addresses()})
    state = wait_until_up()
    report(
        up={"state": state, "failed": failed_units(), "uptime": uptime()},
        started=_started(),
        analysis=run("systemd-analyze", "time"),
        chain=run("systemd-analyze", "--no-pager", "critical-chain", "offhookd.service"),
        writes=_writes(),
        mounts=run("findmnt", "--real", "--noheadings", "--list", "-o", "TARGET,SOURCE,OPTIONS"),
        kept=kept(),
        opened=list(_links(Path("/proc/1/fd"))),
        clock=int(Path("/usr/lib/clock-epoch").stat().st_mtime),
        sandbox=probe.look(),
        security=run("systemd-analyze", "security", "--no-pager", "offhookd.service").splitlines()[
            -1
        ],
        permissions=_permissions(),
        variables=run("fw_printenv"),
        swaps=_text("/proc/swaps").splitlines()[1:],
        shadow=[line.split(":")[1] for line in Path("/etc/shadow").read_text().splitlines()],
        units=run(
            "systemctl", "list-units", "--type=service", "--state=active", "--plain", "--no-legend"
        ),
    )


def _with_network() -> None:
    """The cable is plugged in: an address, the exchange, a call."""
    world.build()
    before = sockets()
    world.plug_in()
    world.wait_registered()
    port = _sip_port()
    rules = wait_for("the exchange in the firewall", lambda: _rules(str(port)))
    report(
        network={"addresses": _addresses(), "resolv": _text("/etc/resolv.conf")},
        firewall=rules,
        port=port,
    )
    world.knock(port, world.STRANGER)
    time.sleep(0.5)
    world.knock(port, world.ROUTER)
    registered = sockets()
    world.ask("dial", number="600")
    world.wait_state("talking")
    time.sleep(1.5)
    talking = world.phone()["calls"]
    during = sockets()
    world.ask("hangup")
    wait_for("the end of the call", lambda: [x for x in world.said("exchange") if "over" in x])
    wait_for("the voice's ports to close", lambda: len(sockets()) <= len(registered))
    report(
        call={"talking": talking, "exchange": world.said("exchange")},
        listening={"before": before, "registered": registered, "call": during, "after": sockets()},
    )


def _service() -> None:
    """SSH; the journal."""
    key, other = arguments()["key"], arguments()["other key"]
    everything = (
        "id; sudo -n id -u; offhook status; journalctl -q -n 1 -u offhookd -o cat; touch ~/x /x"
    )
    report(
        ssh={
            "key": world.log_in(key, "admin", everything),
            "root": world.log_in(key, "root", "id"),
            "other key": world.log_in(other, "admin", "id"),
            "password": world.log_in(key, "admin", "id", options="-o PubkeyAuthentication=no"),
            "stranger": world.log_in(key, "admin", "id", source=world.STRANGER),
            "settings": run("sshd", "-T"),
        }
    )
    run("journalctl", "--sync")
    entries = run("journalctl", "-u", "offhookd", "-o", "json", "--no-pager").splitlines()
    report(
        journal={
            "entries": [json.loads(line) for line in entries],
            "files": [str(path) for path in Path("/data/journal").rglob("*.journal")],
            "settings": run("systemd-analyze", "cat-config", "systemd/journald.conf"),
        }
    )


def _glance() -> Mapping[str, object]:
    found = world.phone()
    return {name: found.get(name) for name in ("state", "registered", "registration")}


def _started() -> Mapping[str, float]:
    """Seconds after the kernel's start: its program, and when it said that it is ready."""
    told = properties(
        "offhookd", "ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic"
    )
    return {name: int(value) / 1e6 for name, value in told.items()}


def _addresses() -> list[str]:
    told = json.loads(run("ip", "-j", "-4", "address", "show"))
    return [info["local"] for link in told for info in link["addr_info"] if link["ifname"] != "lo"]


def _sip_port() -> int:
    told = json.loads(Path("/run/offhook/peers.json").read_text())
    return int(told["ports"][0])


def _rules(port: str) -> str:
    told = run("nft", "list", "table", "inet", "phone")
    return told if world.ROUTER in told and port in told else ""


def _writes() -> Mapping[str, bool]:
    """Where root can write: nowhere that is not listed in fstab."""
    places = ("/", "/etc", "/usr", "/usr/lib/offhook", "/root", "/boot", "/var", "/var/lib", "/opt")
    kept_places = ("/data", "/tmp", "/var/tmp", "/var/log", "/var/lib/offhook", "/run")  # noqa: S108
    return {place: status("touch", f"{place}/probe") == 0 for place in (*places, *kept_places)}


def _permissions() -> Mapping[str, str]:
    paths = (
        "/data/offhook/etc/sip-password",
        "/data/offhook/state",
        "/data/ssh/ssh_host_ed25519_key",
    )
    return {path: run("stat", "-c", "%a %U", path, check=False).strip() for path in paths}
