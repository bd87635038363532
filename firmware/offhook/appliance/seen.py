"""What is remembered of the card from one boot to the next, and the codes that come of it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from offhook.service.files import write_atomically

MINE: Final = Path("data/provision")
"""Where provisioning keeps its own files: root's alone."""
STAGED: Final = "staged.json"

WRONG: Final = 2
NOT_SET_UP: Final = 3
UNREADABLE: Final = 4

_SEEN: Final = "seen.json"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was made of the file when it was last looked at."""

    digest: str = ""
    trouble: int = 0
    """What the earpiece beeps: see `phone.trouble`."""
    unerased: bool = False
    """Secrets stand on the card that could not be erased."""


def recall(directory: Path) -> Seen:
    """What was remembered; nothing, if that is damaged."""
    try:
        return Seen(**json.loads((directory / _SEEN).read_bytes()))
    except (OSError, ValueError, TypeError):
        return Seen()


def remember(directory: Path, seen: Seen) -> None:
    """For the next boot.  Raises `OSError`."""
    write_atomically(directory / _SEEN, json.dumps(asdict(seen)).encode())
