"""The sound card: is it there, who has it open, is anything muted."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Final

from offhook.cli.doctor.finding import Finding, Phone, bad, none, ok, table, warn
from offhook.cli.machine import Machine
from offhook.text import printable

QUIET: Final = 20  # %
_CARD: Final = re.compile(r"^\s*(\d+) \[(\S+)\s*\]: (.*)$", re.MULTILINE)
_NAMED: Final = re.compile(r":(?:.*,)?CARD=([A-Za-z0-9_]+)")
_FIRST: Final = re.compile(r"^(?:plug)?hw:([A-Za-z0-9_]+)")
_LEVEL: Final = re.compile(r"\[(\d{1,3})%\]")


@dataclass(frozen=True, slots=True)
class Level:
    """One fader."""

    name: str
    percent: int | None = None
    on: bool = True


@dataclass(frozen=True, slots=True)
class Audio:
    """Cards, names, users, faders."""

    cards: Mapping[str, str] = field(default_factory=dict)
    """Id to description."""
    names: tuple[str, ...] = ()
    """ALSA names that the phone is told to use; "none": it runs without a card, on purpose."""
    missing: tuple[str, ...] = ()
    """Of these, the cards that are not there."""
    users: Mapping[str, str] = field(default_factory=dict)
    """Open streams ("pcm0c") to the program that has them."""
    levels: tuple[Level, ...] = ()
    trouble: str = ""
    """The phone's own words."""
    running: bool = False
    """Whether offhookd answers, and so should hold the card."""


def audio(machine: Machine, phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_audio(see_audio(machine, phone))


def see_audio(machine: Machine, phone: Phone) -> Audio:
    """From /proc/asound, the settings and the board's profile."""
    found = _CARD.findall(machine.read("proc/asound/cards"))
    cards = {name: text for _, name, text in found}
    numbers = {number: name for number, name, _ in found}
    names = _names(phone)
    wanted = {name: numbers.get(card, card) for name in names if (card := _card(name))}
    present = [card for card in dict.fromkeys(wanted.values()) if card in cards]
    return Audio(
        cards=cards,
        names=names,
        missing=tuple(name for name, card in wanted.items() if card not in cards),
        users={key: who for card in present for key, who in _users(machine, card)},
        levels=tuple(level for card in present for level in _levels(machine, card)),
        trouble=phone.text("sound_trouble"),
        running=not phone.silent,
    )


def _names(phone: Phone) -> tuple[str, ...]:
    """What the settings say, else the board's profile."""
    profile = _profile(str(phone.setting("board") or "none"))
    both = (
        str(phone.setting("sound", key) or profile.get(key) or "")
        for key in ("capture", "playback")
    )
    return tuple(dict.fromkeys(filter(None, both)))


def _profile(board: str) -> Mapping[str, object]:
    """The `[sound]` of a profile, by name or path; empty where there is none."""
    path = Path(board) if "/" in board else Path(f"{files('offhook')}/board/profiles/{board}.toml")
    try:
        return table(tomllib.loads(path.read_text("utf-8")).get("sound"))
    except (OSError, ValueError):
        return {}


def _card(name: str) -> str:
    found = _NAMED.search(name) or _FIRST.search(name)
    return "" if found is None else found[1]


def _users(machine: Machine, card: str) -> Iterator[tuple[str, str]]:
    for path in machine.find(f"proc/asound/{card}/pcm*/sub*/status"):
        if owner := re.search(r"owner_pid\s*:\s*(\d+)", machine.read(path)):
            yield path.split("/")[4], machine.read(f"proc/{owner[1]}/comm") or f"process {owner[1]}"


def _levels(machine: Machine, card: str) -> Iterator[Level]:
    """Of `amixer`: a control's last line with a level counts for it."""
    for block in re.split(
        r"^Simple mixer control ", machine.said("amixer", "-c", card), flags=re.MULTILINE
    ):
        head, _, rest = block.partition("\n")
        percent = [int(each) for each in _LEVEL.findall(rest)]
        if head.startswith("'") and (percent or "[off]" in rest):
            on = "[on]" in rest or "[off]" not in rest
            yield Level(printable(head.split("'")[1]), max(percent, default=None), on)


def judge_audio(facts: Audio) -> Iterator[Finding]:
    """A missing card explains everything else."""
    there = ", ".join(f"{name} ({printable(text, 40)})" for name, text in facts.cards.items())
    plug = "Plug the handset's sound card in, or name another in [sound]; cards: aplay -l"
    if "none" in facts.names:
        yield none("audio", "the settings name no card on purpose", "[sound] in offhook.toml")
    elif facts.missing:
        missing = ", ".join(map(printable, facts.missing))
        yield bad("audio", f"{missing} is not there; there is {there or 'no card'}", plug)
    elif facts.trouble:
        yield bad("audio", printable(facts.trouble, 300), "Then: offhook test audio")
    elif not facts.names and facts.running:
        yield warn("audio", f"no card is named; there is {there or 'no card'}", plug)
    elif not facts.cards:
        yield bad("audio", "no sound card", plug)
    else:
        yield _in_use(facts, there)
    yield from _faders(facts)


def _in_use(facts: Audio, there: str) -> Finding:
    names = ", ".join(map(printable, facts.names)) or there
    users = ", ".join(dict.fromkeys(facts.users.values()))
    if facts.running and facts.names and not facts.users and _hardware(facts):
        return warn(
            "audio", f"{names} is there, but nobody has it open",
            "offhookd opens it at the first sound: offhook test audio",
        )  # fmt: skip
    return ok("audio", f"{names}, {f'open by {users}' if users else 'free'}")


def _hardware(facts: Audio) -> bool:
    return all("hw:" in name for name in facts.names)


def _faders(facts: Audio) -> Iterator[Finding]:
    low = [each for each in facts.levels if not each.on or (each.percent or 100) < QUIET]
    if low:
        shown = ", ".join(
            f"{each.name} {'muted' if not each.on else f'{each.percent} %'}" for each in low[:6]
        )
        yield warn("mixer", shown, "Raise and un-mute what the handset uses: alsamixer")
