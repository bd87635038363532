"""A phone without settings, which gets its key on the second boot; and short looks at who it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from image.guest.life import HOST_KEY, kept, sockets
from image.guest.machine import failed_units, restart, run, wait_for, wait_until_up
from image.guest.shared import arguments, report

CARD: Final = Path("/boot/firmware")


def empty() -> Mapping[str, object] | None:
    """Nobody edited the card; then somebody does, on the phone itself."""
    state = wait_until_up()
    found = {"state": state, "failed": failed_units(), "sockets": sockets(), **kept()}
    if arguments()["boot"] > 0:
        return {"with key": found}
    report(empty=found)
    run("mount", str(CARD))
    settings = CARD / "offhook.toml"
    settings.write_text(arguments()["settings"])
    run("umount", str(CARD))
    restart()
    return None


def keyed() -> Mapping[str, object]:
    """As soon as it may be logged in to."""
    wait_for("the host key", HOST_KEY.exists)
    return kept()


def who() -> Mapping[str, object]:
    """At once, without waiting for the phone."""
    return kept()
