"""Settings from the card, as the real units take them over."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from image.guest import world
from image.guest.machine import failed_units, properties, run, wait_for, wait_until_up
from image.guest.shared import arguments, mark

DATA: Final = Path("/data")
APPLIANCE: Final = "/usr/lib/offhook/appliance"
FILES: Final = (
    "offhook/etc/offhook.toml", "offhook/etc/sip-password", "network/wpa_supplicant-wlan0.conf",
    "ssh/authorized_keys/admin", "localtime", "hostname",
)  # fmt: skip


def look() -> Mapping[str, object]:
    """What became of the card's file, and how the phone behaves."""
    wait_for("the phone", world.phone)
    world.ask("hook", lifted=True)
    first = world.phone()
    time.sleep(4)
    later = world.phone()
    world.ask("hook", lifted=False)
    return {
        "data": {name: _described(DATA / name) for name in FILES},
        "trouble": _text("/run/offhook-provision/trouble"),
        "unit": properties("offhook-provision.service", "ActiveState", "ExecMainStatus"),
        "lifted": {name: first[name] for name in ("state", "tone", "display", "trouble")},
        "later": {name: later[name] for name in ("state", "tone")},
        "set up": first["set_up"],
        "zone": run("date", "--date=2026-07-01", "+%Z").strip(),
        "hostname": os.uname().nodename,
        "journal": run("journalctl", "--boot", "--no-pager", "--unit=offhook-provision"),
        "card mounted": "offhook-provision" in _text("/proc/mounts"),
        "state": wait_until_up(),
        "failed": failed_units(),
        "took": _milliseconds(),
    }


def take_over() -> Mapping[str, object]:
    """Provisioning by hand (its unit is masked): the power goes somewhere in it."""
    mark("provisioning")
    run(APPLIANCE, "provision", check=False)
    mark("done")
    return {}


def settle() -> Mapping[str, object]:
    """An ordinary boot, no further than provisioning."""
    unit = "offhook-provision.service"
    wait_for("provisioning", lambda: properties(unit, "ActiveState")["ActiveState"] == "active")
    return {
        "data": {name: _described(DATA / name) for name in FILES},
        "trouble": _text("/run/offhook-provision/trouble"),
        "left": sorted(path.name for path in (DATA / "provision").iterdir()),
    }


def reset_by_keys() -> Mapping[str, object] | None:
    """The key sequence, within the first minute; what the boot after it finds."""
    if arguments()["boot"] == 1:
        wait_for("the phone", world.phone)
        return {"after": {name: _described(DATA / name) for name in FILES}}
    wait_for("the phone", world.phone)
    world.ask("hook", lifted=True)
    world.wait_state("dial tone", "not set up", "trouble")
    for key in "*#73738#":
        world.ask("key", key=key)
    told = world.phone()
    if told["state"] != "resetting":
        return {"told": told["state"], "uptime": time.clock_gettime(time.CLOCK_BOOTTIME)}
    time.sleep(60)  # the machine restarts
    return {"told": "no restart"}


def _milliseconds() -> int:
    names = ("ExecMainStartTimestampMonotonic", "ExecMainExitTimestampMonotonic")
    began, ended = (int(each) for each in properties("offhook-provision.service", *names).values())
    return (ended - began) // 1000


def _described(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    if not path.exists():
        return ""
    there = path.stat()
    return f"{there.st_mode & 0o7777:o} {there.st_uid} {path.read_text()}"


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
