"""The settings file on the card, taken over at boot.

    nothing new     compare a digest, done
    good            stage, apply, erase the secrets on the card, report, remember
    wrong           report, remember; everything stays as it was

Whatever step a power cut hits, the next boot ends in one of these.  This is the way that is gone
at every boot, and therefore quick; what a new file needs is in `takeover`, imported then.
"""

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from offhook.appliance.card import DEVICE, Folder, digest_of, mounted
from offhook.appliance.exits import DISK, DONE, FAILED, REFUSED
from offhook.appliance.say import say
from offhook.appliance.seen import MINE, STAGED, UNREADABLE, WRONG, Seen, recall, remember
from offhook.notes import Severity
from offhook.service.files import write_atomically

TROUBLE: Final = Path("run/offhook-provision/trouble")
EARLIER_TROUBLE: Final = Path("run/offhook-preinit/trouble")
SETTINGS: Final = Path("data/offhook/etc/offhook.toml")
PASSWORD: Final = Path("data/offhook/etc/sip-password")

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
        settings = self.root / SETTINGS
        empty = not settings.exists() or not settings.stat().st_size
        if empty or not (self.root / PASSWORD).exists() or self._interrupted:
            from offhook.appliance.takeover import Takeover  # noqa: PLC0415  # seldom needed

            Takeover(self.root).prepare()

    def look(self, card: Folder) -> int:
        """The card, compared with what was seen; the exit code.  Raises `OSError`."""
        found = card.settings()
        seen = recall(self.root / MINE)
        if digest_of(found) != seen.digest or seen.unerased or self._interrupted:
            from offhook.appliance.takeover import Takeover  # noqa: PLC0415  # seldom needed

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
        path, earlier = self.root / TROUBLE, self.root / EARLIER_TROUBLE
        path.parent.mkdir(parents=True, exist_ok=True)
        if earlier.exists():
            write_atomically(path, earlier.read_bytes()[:16], 0o644)
        elif code:
            write_atomically(path, f"{code}\n".encode(), 0o644)
        elif path.exists():
            path.unlink()

    @property
    def _interrupted(self) -> bool:
        return (self.root / MINE / STAGED).exists()

    def _remember(self, seen: Seen) -> None:
        directory = self.root / MINE
        remember(directory, seen)
        if self._interrupted:
            from offhook.appliance.changes import clear  # noqa: PLC0415

            clear(directory)
