"""The settings file on the card, taken over at boot.

    nothing new     compare a digest, done
    good            stage, apply, erase the secrets on the card, report, remember
    wrong           report, remember; everything stays as it was

Whatever step a power cut hits, the next boot ends in one of these.  A boot with nothing new does
not even come here: `quick`.
"""

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from offhook.appliance import quick
from offhook.appliance.card import DEVICE, Folder, digest_of, mounted
from offhook.appliance.changes import clear
from offhook.appliance.exits import DISK, DONE, FAILED, REFUSED
from offhook.appliance.say import say
from offhook.appliance.seen import MINE, UNREADABLE, WRONG, Seen, recall, remember
from offhook.appliance.takeover import Takeover
from offhook.notes import Severity
from offhook.service.files import write_atomically

CARD_TIME: Final = 3.0  # seconds that the partition may take to appear
_LOOK: Final = 0.1


def run(root: Path, card: Path | None = None) -> int:
    """Look, and do what is to be done; the exit code.  `card`: mounted already, here."""
    provision = Provision(root)
    try:
        provision.prepare()
        if card is None and not _appeared(root / DEVICE):
            return provision.unreadable(FAILED, "there is no boot partition")
        with _opened(root, card) as folder:
            return provision.look(folder)
    except OSError as error:
        return provision.unreadable(DISK, str(error))


def _opened(root: Path, card: Path | None) -> contextlib.AbstractContextManager[Folder]:
    return mounted(root) if card is None else contextlib.nullcontext(Folder(card))


def _appeared(device: Path) -> bool:
    end = time.monotonic() + CARD_TIME
    while not device.exists():
        if time.monotonic() > end:
            return False
        time.sleep(_LOOK)
    return True


@dataclass(frozen=True, slots=True)
class Provision:
    """One boot's look at the card.  `root`: of the system, a test's or the real one."""

    root: Path

    def prepare(self) -> None:
        """What the phone cannot start without; and what a power cut interrupted.

        Raises `OSError`.
        """
        settings = self.root / quick.SETTINGS
        empty = not settings.exists() or not settings.stat().st_size
        if empty or not (self.root / quick.PASSWORD).exists() or self._interrupted:
            Takeover(self.root).prepare()

    def look(self, card: Folder) -> int:
        """The card, compared with what was seen; the exit code.  Raises `OSError`."""
        found = card.settings()
        seen = recall(self.root)
        if digest_of(found) != seen.digest or seen.unerased or self._interrupted:
            seen = Takeover(self.root).take(card, found)
            self._remember(seen)
        self.trouble(seen.trouble)
        return REFUSED if seen.trouble == WRONG else DONE

    def unreadable(self, code: int, why: str) -> int:
        """The card or the data partition failed; what the phone has stays in use."""
        say("settings not looked at", Severity.ERROR, error=why, remedy="Look at the card.")
        with contextlib.suppress(OSError):
            self.trouble(UNREADABLE)
        return code

    def trouble(self, code: int) -> None:
        """For the earpiece; what was wrong even earlier in this boot goes first."""
        path, earlier = self.root / quick.TROUBLE, self.root / quick.EARLIER_TROUBLE
        path.parent.mkdir(parents=True, exist_ok=True)
        if earlier.exists():
            write_atomically(path, earlier.read_bytes()[:16], 0o644)
        elif code:
            write_atomically(path, f"{code}\n".encode(), 0o644)
        elif path.exists():
            path.unlink()

    @property
    def _interrupted(self) -> bool:
        return (self.root / quick.STAGED).exists()

    def _remember(self, seen: Seen) -> None:
        remember(self.root, seen)
        if self._interrupted:
            clear(self.root / MINE)
