"""The smallest scenarios."""

from collections.abc import Mapping

from image.guest.machine import failed_units, uptime, wait_until_up


def up() -> Mapping[str, object]:
    """Whether it comes up."""
    return {"state": wait_until_up(), "failed": failed_units(), "uptime": uptime()}
