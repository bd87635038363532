"""What is remembered of the card from one boot to the next, and the codes that come of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from offhook.appliance import quick
from offhook.service.files import write_atomically

MINE: Final = Path("data/provision")
"""Where provisioning keeps its own files: root's alone."""

WRONG: Final = quick.WRONG
NOT_SET_UP: Final = 3
UNREADABLE: Final = 4


@dataclass(frozen=True, slots=True)
class Seen:
    """What was made of the file when it was last looked at."""

    digest: str = "-"
    trouble: int = 0
    """What the earpiece beeps: see `phone.trouble`."""
    unerased: bool = False
    """Secrets stand on the card that could not be erased."""


def recall(root: Path) -> Seen:
    """What was remembered; nothing, if that is damaged."""
    try:
        return Seen(*quick.parse((root / quick.SEEN).read_text("ascii")))
    except (OSError, ValueError):
        return Seen()


def remember(root: Path, seen: Seen) -> None:
    """For the next boot.  Raises `OSError`."""
    line = f"{seen.digest} {seen.trouble} {int(seen.unerased)}\n"
    write_atomically(root / quick.SEEN, line.encode())
