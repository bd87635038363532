"""A technician's visit: a call, then every command that looks at the phone, then settings."""

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from image.guest import world
from image.guest.machine import failed_units, run, status, wait_for, wait_until_up
from image.guest.shared import SHARED, report

WORD: Final = Path("/etc/offhook/sip-password")
SETTINGS: Final = Path("/etc/offhook/offhook.toml")


def visit() -> Mapping[str, object]:
    """All of it, in one boot."""
    state = wait_until_up()
    world.build()
    world.plug_in()
    world.wait_registered()
    _call()
    run("journalctl", "--sync")
    report(up={"state": state, "failed": failed_units()})
    report(doctor=_said("doctor", "--json"), page=_said("doctor"), stranger=_as_nobody("doctor"))
    report(
        logs=_said("logs", "--call", "last"),
        warnings=_said("logs", "--severity", "warning"),
        raw=_said("logs", "--json", "-n", "3"),
        refused=_as_nobody("logs"),
        status=_said("update", "--status"),
        nonsense=_said("update", "/etc/os-release", "--yes"),
    )
    took = time.monotonic()
    report(report=_said("report", "/tmp/report.tar.xz", "--mask-numbers"))  # noqa: S108
    report(seconds=time.monotonic() - took)
    (SHARED / "report.tar.xz").write_bytes(Path("/tmp/report.tar.xz").read_bytes())  # noqa: S108
    _settings()
    return {"done": True}


def _call() -> None:
    time.sleep(2)  # what was before is not around the call
    world.ask("dial", number="600")
    world.wait_state("talking")
    time.sleep(1.5)
    world.ask("hangup")
    wait_for("the end of the call", lambda: world.phone().get("calls") == [])


def _settings() -> None:
    """Applied when good; a wrong password and a wrong file are told."""
    applied = _said("config", "apply")
    good = WORD.read_text()
    WORD.write_text("not that one\n")
    wrong = _said("config", "apply")
    WORD.write_text(good)
    text = SETTINGS.read_text()
    SETTINGS.write_text(re.sub(r"(?m)^user = .*$", "usr = 1", text, count=1))
    refused = _said("config", "apply")
    SETTINGS.write_text(text)
    report(applied=applied, wrong=wrong, unusable=refused, again=_said("config", "apply"))


def _said(*words: str) -> list[object]:
    """[exit code, words] of `sudo offhook …`."""
    code = f"offhook {' '.join(words)} >/tmp/said 2>&1"
    return [status("sh", "-c", code), Path("/tmp/said").read_text()]  # noqa: S108


def _as_nobody(*words: str) -> list[object]:
    code = f"setpriv --reuid=65534 --regid=65534 --clear-groups offhook {' '.join(words)}"
    return [status("sh", "-c", f"{code} >/tmp/said 2>&1"), Path("/tmp/said").read_text()]  # noqa: S108
