"""Updates, on the phone's side."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from image.guest import web
from image.guest.machine import properties, restart, run, status, wait_for
from image.guest.shared import arguments, mark, report

STICK: Final = Path("/run/stick")
WEB: Final = 8080  # port
GOOD: Final = "offhook-good.service"
LONGEST: Final = 150.0  # seconds until a slot is good, or a bundle is installed


def look() -> Mapping[str, object]:
    """Which system this is, and what RAUC and U-Boot think of it."""
    return {"look": _look()}


def good() -> Mapping[str, object]:
    """The same, once the phone found itself good."""
    return {"look": _good()}


def offered() -> Mapping[str, object]:
    """Give the phone each bundle on the stick in turn; at last the good one, from a server."""
    _mount()
    report(before=_look())
    good = STICK / arguments()["good"]
    for path in sorted(STICK.glob("*.raucb")):
        if path != good:
            code, said = offhook("update", "--yes", "--now", str(path))
            report(**{path.stem: {"code": code, "said": said}})
    report(after=_look())
    mark("offered")
    return {"streamed": _streamed(good)}


def _streamed(good: Path) -> Mapping[str, object]:
    web.serve(good.parent, WEB)
    missing, words = offhook("update", "--yes", "--now", f"http://127.0.0.1:{WEB}/none.raucb")
    code, said = offhook("update", "--yes", "--now", f"http://127.0.0.1:{WEB}/{good.name}")
    return {"code": code, "said": said, "missing": missing, "words": words, "installed": _look()}


def journey() -> Mapping[str, object] | None:
    """Install what is on the stick, restart, and wait until the new system is good."""
    if arguments()["boot"] > 0:
        mark("on trial")
        return {"arrived": _good()}
    report(left=_good() if arguments().get("good", True) else _look())
    _plug_in()
    mark("installing")
    began = time.monotonic()
    code, said = offhook("update", "--yes", "--now", *_which())
    report(code=code, said=said, seconds=time.monotonic() - began, installed=_look())
    mark("installed")
    if code:
        return {}
    restart()
    return None


def trial() -> Mapping[str, object] | None:
    """Only look, and stay on: whether it restarts is the product's business."""
    here = _look()
    report(look=here)
    return {} if here["slot"] == arguments()["home"] else None


def offhook(*words: str) -> tuple[int, str]:
    """The command as an administrator has it, outside of the scenario's own mounts."""
    unit = [
        "systemd-run", "--quiet", "--wait", "--pipe", "--collect", f"--setenv=PATH={_path()}",
    ]  # fmt: skip
    told = run("sh", "-c", '"$@" 2>&1; echo "exit $?"', "sh", *unit, "offhook", *words)
    said, _, code = told.rstrip().rpartition("exit ")
    return int(code), said


def _path() -> str:
    return f"{STICK.parent}/shim:/usr/sbin:/usr/bin"


def _which() -> tuple[str, ...]:
    """What to install: a file on the stick, or whatever the phone finds there itself."""
    name = arguments().get("bundle")
    return ("--usb",) if name is None else (str(STICK / name),)


def _plug_in() -> None:
    """The second disk is a USB stick; the kernel knows no USB, so lsblk is told what to say."""
    if arguments().get("bundle") is not None:
        _mount()
        return
    shim = STICK.parent / "shim" / "lsblk"
    shim.parent.mkdir(exist_ok=True)
    stick = {"name": "/dev/ubdb", "type": "disk", "tran": "usb", "fstype": "vfat"}
    shim.write_text(f"#!/bin/sh\necho '{json.dumps({'blockdevices': [stick]})}'\n")
    shim.chmod(0o755)


def _mount() -> None:
    STICK.mkdir(exist_ok=True)
    run("nsenter", "--mount=/proc/1/ns/mnt", "mount", "-o", "ro", "/dev/ubdb", str(STICK))
    run("mount", "--bind", f"/proc/1/root{STICK}", str(STICK))


def _good() -> dict[str, Any]:
    def judged() -> bool:
        return properties(GOOD, "SubState")["SubState"] == "exited"

    wait_for("verdict", judged, LONGEST)
    return _look()


def _look() -> dict[str, Any]:
    wait_for("answer of RAUC", lambda: status("rauc", "status") == 0, LONGEST)
    told = json.loads(run("rauc", "status", "--detailed", "--output-format=json"))
    release = _pairs(Path("/etc/os-release").read_text())
    return {
        "slot": told["booted"],
        "version": release["IMAGE_VERSION"],
        "variables": _pairs(run("fw_printenv")),
        "read_only": bool(os.statvfs("/").f_flag & os.ST_RDONLY),
        "data": run("findmnt", "--noheadings", "--output=FSTYPE,OPTIONS", "/data").strip(),
        "slots": {slot["bootname"]: slot for entry in told["slots"] for slot in entry.values()},
    }


def _pairs(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
