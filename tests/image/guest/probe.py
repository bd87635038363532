"""What the phone's service could do if somebody had taken it over: tried, under its own sandbox.

look()      the scenario's part: start this file as the service would be started
main()      inside the sandbox: try, and print {attempt: "" or the name of the error}
"""

import errno
import json
import mmap
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

UNIT: Final = Path("/usr/lib/systemd/system/offhookd.service")
RESULT: Final = Path("/run/offhook-probe.json")
COPY: Final = Path("/run/offhook-probe.py")
_OTHER: Final = (
    r"(?m)^(ExecStart|ExecStopPost|Type|NotifyAccess|WatchdogSec|Restart|RuntimeDirectory\w*)=.*\n"
)


def look() -> Mapping[str, Any]:
    """The real unit with another program."""
    from image.guest.machine import run  # noqa: PLC0415  # not inside the sandbox

    COPY.write_bytes(Path(__file__).read_bytes())
    COPY.chmod(0o644)
    RESULT.touch()
    text = re.sub(_OTHER, "", UNIT.read_text()).replace("/run/offhook\n", "/run\n")
    start = f"ExecStart=/usr/bin/python3 -IS {COPY}"
    ours = f"[Service]\nType=oneshot\n{start}\nStandardOutput=file:{RESULT}\n"
    Path("/run/systemd/system/offhook-probe.service").write_text(
        text.replace("[Service]\n", ours, 1)
    )
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "offhook-probe.service")
    found: dict[str, Any] = json.loads(RESULT.read_text())
    return found


def attempts() -> Mapping[str, Callable[[], object]]:
    """By name."""
    credential = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/")) / "sip-password"
    return {
        "write to /usr": lambda: Path("/usr/x").write_text("x"),
        "write to the settings": lambda: Path("/etc/offhook/x").write_text("x"),
        "read the password file": Path("/etc/offhook/sip-password").read_bytes,
        "read the credential": credential.read_bytes,
        "write its own state": lambda: Path("/var/lib/offhook/try").write_text("x"),
        "write the firewall's file": lambda: Path("/data/machine-id").write_text("x"),
        "look into homes": lambda: os.listdir("/data/home/admin"),
        "open a device for everybody": lambda: os.open("/dev/net/tun", os.O_RDWR),
        "open the sound card": lambda: os.open("/dev/snd/controlC0", os.O_RDWR),
        "make a namespace": lambda: os.unshare(os.CLONE_NEWUSER),  # type: ignore[attr-defined]
        "open a packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
        "make writable code": lambda: mmap.mmap(
            -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
        ),
        "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time() + 1),  # noqa: TID251
        "signal another process": lambda: os.kill(1, signal.SIGCONT),
        "ask for real time": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(30)),
    }


def main() -> None:
    """Try all."""
    found: dict[str, object] = {}
    for name, attempt in attempts().items():
        try:
            attempt()
            found[name] = ""
        except OSError as error:
            found[name] = errno.errorcode.get(error.errno or 0, str(error))
    found["user"] = os.getuid()
    found["user namespace"] = Path("/proc/self/uid_map").read_text().split()
    found["processes seen"] = len([name for name in os.listdir("/proc") if name.isdigit()])
    found["strangers' files in /tmp"] = os.listdir("/tmp")  # noqa: S108  # what is looked at
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
