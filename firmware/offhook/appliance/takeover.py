"""A settings file that is new: planned, staged, applied, erased, reported."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from offhook.appliance import changes, report, wifi
from offhook.appliance.card import Folder, Found, digest_of
from offhook.appliance.changes import Staged
from offhook.appliance.erase import Span, blanked
from offhook.appliance.plan import (
    FIRST,
    PASSWORD,
    SETTINGS,
    WPA,
    Known,
    Plan,
    Problems,
    first_settings,
    plan,
)
from offhook.appliance.report import Identity
from offhook.appliance.say import say
from offhook.appliance.seen import MINE, NOT_SET_UP, WRONG, Seen
from offhook.appliance.text import parse
from offhook.board.profile import ProfileError
from offhook.board.profile import load as load_profile
from offhook.notes import Severity
from offhook.service.schema import Problem
from offhook.service.version import VERSION

DATA: Final = Path("data")
ZONES: Final = Path("usr/share/zoneinfo")
OS_RELEASE: Final = Path("etc/os-release")
SERIAL: Final = Path("sys/firmware/devicetree/base/serial-number")


@dataclass(frozen=True, slots=True)
class Takeover:
    """Everything that is written.  Methods raise `OSError` for what the data partition does."""

    root: Path

    @property
    def data(self) -> Path:
        """The partition that outlasts an update."""
        return self.root / DATA

    def prepare(self) -> None:
        """Settings to start with; or those that were staged before the power went."""
        (self.root / MINE).mkdir(mode=0o700, parents=True, exist_ok=True)
        if (staged := changes.staged(self.root / MINE)) is not None:
            self._apply(staged)
        missing = [each for each in first_settings({}) if self._missing(each.path)]
        changes.apply(self.data, tuple(missing))

    def take(self, card: Folder, found: Sequence[Found]) -> Seen:
        """What the card holds now; what is to be remembered of it."""
        staged = changes.staged(self.root / MINE)
        if staged is not None and _same(found, staged):
            return self._finish(card, found[0], staged)
        match found:
            case []:
                say("no settings file on the card", Severity.NOTICE)
                return Seen(digest_of(found), NOT_SET_UP if self._fresh else 0)
            case [one]:
                return self._one(card, one)
            case _:
                return self._several(card, found)

    def _one(self, card: Folder, found: Found) -> Seen:
        known, fresh = self._known(), self._fresh
        match plan(found.content, found.name, known):
            case Problems() as problems:
                return self._wrong(card, (found,), problems, fresh=fresh)
            case Plan() as good:
                staged = Staged(
                    changes=good.changes,
                    before=digest_of((found,)),
                    after=digest_of((_without(found, good.spans),)),
                    spans=good.spans,
                    report=report.good(self._identity(), found.name, good),
                    hostname=good.hostname,
                    trouble=0 if good.account else NOT_SET_UP,
                )
                changes.stage(self.root / MINE, staged)
                self._apply(staged)
                for what, words in good.told:
                    say("settings taken over", Severity.NOTICE, what=what, value=words)
                return self._finish(card, found, staged)

    def _several(self, card: Folder, found: Sequence[Found]) -> Seen:
        names = " and ".join(each.name for each in found)
        what, remedy = f"there are {names}", "Delete the one that you did not edit."
        instead = first_settings({}) if self._fresh else ()
        problems = Problems((Problem(found[0].name, "", "", what, remedy),), instead)
        return self._wrong(card, found, problems, fresh=self._fresh)

    def _wrong(
        self, card: Folder, found: Sequence[Found], problems: Problems, *, fresh: bool
    ) -> Seen:
        changes.apply(self.data, problems.instead)
        for problem in problems.problems:
            say("settings file wrong", Severity.ERROR, problem=str(problem))
        try:
            card.report(report.wrong(self._identity(), found[0].name, problems, fresh=fresh))
        except OSError as error:
            say("report not written on the card", Severity.WARNING, error=str(error))
        return Seen(digest_of(found), WRONG)

    def _finish(self, card: Folder, found: Found, staged: Staged) -> Seen:
        """The card's part.  A card that cannot be written is told, and tried again next time."""
        bare = _without(found, staged.spans)
        try:
            if bare != found:
                card.overwrite(found.name, ((span.offset, span.blank) for span in staged.spans))
            card.report(staged.report)
        except OSError as error:
            say("secrets not erased on the card", Severity.ERROR, error=str(error))
            return Seen(digest_of((found,)), staged.trouble, unerased=bool(staged.spans))
        return Seen(staged.after, staged.trouble)

    def _apply(self, staged: Staged) -> None:
        changes.apply(self.data, staged.changes)
        if staged.hostname and self.root == Path("/"):
            socket.sethostname(staged.hostname)

    def _missing(self, path: str) -> bool:
        file = self.data / path
        return not file.exists() or (path == SETTINGS and not file.stat().st_size)

    @property
    def _fresh(self) -> bool:
        """No settings file was ever taken over."""
        content = self._content(SETTINGS)
        return not content or content.startswith(f"# {FIRST}")

    def _known(self) -> Known:
        return Known(
            password=bool(self._content(PASSWORD).strip()),
            network=wifi.known(self._content(WPA)),
            fresh=self._fresh,
            zone_known=lambda zone: (self.root / ZONES / zone).is_file(),
            board_trouble=_board_trouble,
        )

    def _content(self, path: str) -> str:
        try:
            return (self.data / path).read_text("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def _identity(self) -> Identity:
        return Identity(
            hostname=socket.gethostname(),
            serial=_read(self.root / SERIAL).strip("\0\n ") or "unknown",
            versions=f"offhook {VERSION}, image {self._image()}, Linux {os.uname().release}",
            date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )

    def _image(self) -> str:
        lines = dict(
            line.split("=", 1) for line in _read(self.root / OS_RELEASE).splitlines() if "=" in line
        )
        return lines.get("IMAGE_VERSION", lines.get("PRETTY_NAME", "unknown")).strip('"')


def _same(found: Sequence[Found], staged: Staged) -> bool:
    """The file is the one that was staged: with its secrets, without, or half erased."""
    if len(found) != 1 or digest_of((_without(found[0], staged.spans),)) != staged.after:
        return False
    untouched = digest_of(found) in (staged.before, staged.after)
    return untouched or isinstance(parse(found[0].content, found[0].name), Problem)


def _without(found: Found, spans: Sequence[Span]) -> Found:
    return Found(found.name, blanked(found.content, spans))


def _board_trouble(name: str) -> str:
    try:
        load_profile(name)
    except ProfileError as error:
        return str(error)
    return ""


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
