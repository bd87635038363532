"""`make flash DEV=/dev/sdX`: write the image to a card, and to nothing else."""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from builder.say import say

Device = Mapping[str, Any]
"""One device as `lsblk --json` tells it."""

COLUMNS: Final = "PATH,TYPE,SIZE,RM,HOTPLUG,TRAN,RO,MODEL,MOUNTPOINTS,FSTYPE"
CARRIERS: Final = ("usb", "mmc")


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the device, ask, write; the exit code."""
    parser = argparse.ArgumentParser("flash", description="Write the image to a card.")
    parser.add_argument("device", type=Path)
    parser.add_argument("image", type=Path)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--fixed", action="store_true", help="a fixed disk is meant")
    chosen = parser.parse_args(arguments)
    device = _look(chosen.device)
    for reason in refusals(chosen.device, device, fixed=chosen.fixed):
        say(f"flash: {reason}")
        return 1
    say(f"{chosen.image.name} to {chosen.device}: {device.get('size')} {device.get('model') or ''}")
    if not chosen.yes and input("Everything on it will be lost.  Type its name: ") not in (
        str(chosen.device), chosen.device.name
    ):  # fmt: skip
        say("flash: nothing was written")
        return 1
    return subprocess.call(["bmaptool", "copy", chosen.image, chosen.device])


def _look(path: Path) -> Device:
    """What lsblk knows of it; nothing when it is no block device."""
    done = subprocess.run(
        ["lsblk", "--json", "--output", COLUMNS, path],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    if done.returncode:
        return {}
    found: list[Device] = json.loads(done.stdout)["blockdevices"]
    return found[0]


def refusals(path: Path, device: Device, *, fixed: bool) -> Iterator[str]:
    """Why this device must not be written to; nothing when it may."""
    if not device:
        yield f"{path} is not a disk.  The disks here: lsblk"
        return
    if device["type"] != "disk":
        yield f"{path} is a {device['type']}, not a whole disk"
    if device["ro"]:
        yield f"{path} is write-protected: look at the switch on the card"
    if not fixed and not (device["rm"] or device["hotplug"] or device["tran"] in CARRIERS):
        yield f"{path} is a fixed disk ({device.get('model')}).  If it is meant: FIXED=1"
    for part in _parts(device):
        mounted = [place for place in part.get("mountpoints") or () if place]
        if mounted:
            yield f"{part['path']} is in use ({mounted[0]}): umount {part['path']}"
        elif part.get("fstype") in ("LVM2_member", "linux_raid_member", "crypto_LUKS"):
            yield f"{part['path']} is part of a {part['fstype']}: take it out of there first"


def _parts(device: Device) -> Iterator[Device]:
    yield device
    for child in device.get("children", ()):
        yield from _parts(child)


if __name__ == "__main__":
    sys.exit(main())
