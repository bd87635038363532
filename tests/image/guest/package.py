"""The phone's package, replaced and removed while the phone runs."""

from collections.abc import Mapping
from pathlib import Path

from image.guest.machine import properties, run, wait_for, wait_until_up
from image.guest.shared import HOST, arguments

SETTINGS = Path("/etc/offhook/offhook.toml")
REMARK = "\n# somebody was here\n"


def exchanged() -> Mapping[str, object]:
    """Install a newer version, then remove it, then install it again: what became of the phone."""
    wait_until_up()
    run("mount", "-o", "remount,rw", "/")
    package = str(HOST / str(arguments()["package"]).lstrip("/"))
    SETTINGS.write_text(SETTINGS.read_text() + REMARK)
    found: dict[str, object] = {"before": _phone()}
    _install(package)
    found["upgraded"] = _phone()
    found["settings_kept"] = SETTINGS.read_text().endswith(REMARK)
    run("dpkg", "--remove", "offhook")
    found["removed"] = properties("offhookd", "ActiveState", "MainPID")
    _install(package)
    found["again"] = _phone()
    return found


def _install(package: str) -> None:
    run("dpkg", "--force-confold", "--install", package)


def _phone() -> dict[str, str]:
    wait_for("phone", lambda: properties("offhookd", "ActiveState")["ActiveState"] == "active")
    return {
        **properties("offhookd", "ActiveState", "MainPID", "NRestarts"),
        "version": run("offhookd", "--version").strip(),
    }
