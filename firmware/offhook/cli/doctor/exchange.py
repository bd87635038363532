"""offhookd, and what it says of the exchange: does it answer, are we registered, why not."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from offhook.cli.doctor.finding import SERVICE, Finding, Phone, bad, none, ok, strings, warn
from offhook.cli.doctor.past import stuck_keys
from offhook.cli.machine import Machine
from offhook.text import printable

PROPERTIES: Final = (
    "LoadState,ActiveState,SubState,Result,NRestarts,ExecMainStatus,MemoryCurrent,UnitFileState"
)
EXIT_CONFIG: Final = "78"
NOT_ALLOWED: Final = "not allowed"
"""How `cli.client` begins to say that the socket is not for us."""
OF_THE_CLOCK: Final = "the clock is "
"""How a trouble begins that has a line of its own."""
CREDENTIALS: Final = (
    "Compare user and password with the exchange's: sudo offhook config check; the password "
    "stands in /etc/offhook/sip-password."
)
ACCOUNT: Final = (
    "Put the card into a computer and fill in offhook.toml on it; or here: edit "
    "/etc/offhook/offhook.toml, then sudo offhook config apply."
)
SETTINGS: Final = (
    "What exactly stands in offhook-report.txt on the card, and in: offhook logs --severity "
    "warning; sudo offhook config check"
)
REMEDIES: Final[Mapping[int, str]] = {
    400: "The exchange does not like what we send: offhook trace -v",
    401: CREDENTIALS,
    403: "The exchange refuses this user: is it enabled there, may it register from this network? "
    + CREDENTIALS,
    404: "The exchange does not know this user: [account] user and domain in offhook.toml.",
    407: CREDENTIALS,
    408: "The exchange did not answer in time: is it up, is the port right?",
    423: "Write a longer expires_s into [account].",
    482: "The request came back: is [account] proxy right?",
    503: "The exchange has no service now; the phone tries again by itself.",
}


@dataclass(frozen=True, slots=True)
class Service:
    """Of offhookd: what it tells itself, and what systemd knows of it."""

    silent: str = ""
    """Why it does not answer; empty when it does."""
    version: str = ""
    uptime: float = 0.0
    lines_lost: int = 0
    voice: str = ""
    dial_plan: str = ""
    trouble: str = ""
    """What the earpiece beeps at each lift."""
    unit: Mapping[str, str] = field(default_factory=dict)


def service(machine: Machine, phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_service(see_service(machine, phone))


def see_service(machine: Machine, phone: Phone) -> Service:
    """Its answer and its unit."""
    uptime, lost = phone.about("uptime"), phone.about("lines_lost")
    return Service(
        silent=phone.silent,
        version=str(phone.about("version") or ""),
        uptime=uptime if isinstance(uptime, int | float) else 0.0,
        lines_lost=lost if isinstance(lost, int) else 0,
        voice=str(phone.about("voice") or ""),
        dial_plan=phone.text("dial_plan_trouble"),
        trouble=phone.text("trouble") if phone.status.get("set_up") is not False else "",
        unit=machine.properties("systemctl", "show", SERVICE, f"--property={PROPERTIES}"),
    )


def judge_service(facts: Service) -> Iterator[Finding]:
    """Running, with a voice, and not for the umpteenth time."""
    if facts.silent.startswith(NOT_ALLOWED):
        yield none("offhookd", "only root and the group offhook may ask it", "sudo offhook doctor")
        return
    if facts.silent:
        yield bad("offhookd", *_dead(facts))
        return
    restarts = facts.unit.get("NRestarts", "0")
    shown = f"runs for {_long(facts.uptime)}, version {printable(facts.version)}"
    if facts.voice == "silent":
        yield bad(
            "offhookd", f"{shown}; the voice runner does not answer",
            "It is replaced by itself; if it stays so: sudo systemctl restart offhookd, and send "
            "an offhook report.",
        )  # fmt: skip
    elif restarts not in ("", "0"):
        yield warn(
            "offhookd", f"{shown}; restarted {restarts}x by systemd",
            "Why stands in the journal: offhook logs --severity error",
        )  # fmt: skip
    else:
        yield ok("offhookd", shown)
    if facts.trouble:
        yield bad("settings", printable(facts.trouble), SETTINGS)
    if facts.dial_plan:
        yield warn(
            "dial plan", printable(facts.dial_plan, 200), "Mend [phone.dialling] in offhook.toml."
        )
    if facts.lines_lost:
        yield warn(
            "journal", f"{facts.lines_lost} lines lost",
            "journald does not keep up, or the card is slow: journalctl -u systemd-journald -b",
        )  # fmt: skip


def _dead(facts: Service) -> tuple[str, str]:
    unit = facts.unit
    if unit.get("LoadState") == "not-found":
        return "not installed as a service", "Install it, or start offhookd by hand."
    if unit.get("ActiveState") == "active":
        return f"runs, but: {printable(facts.silent, 200)}", "sudo offhook doctor"
    if unit.get("ExecMainStatus") == EXIT_CONFIG:
        return "ended: the settings are not usable", "sudo offhook config check"
    if unit.get("ActiveState") == "inactive" and unit.get("UnitFileState") == "disabled":
        return "not running, not enabled", "sudo systemctl enable --now offhookd"
    state = "/".join(filter(None, (unit.get(key) for key in ("ActiveState", "SubState", "Result"))))
    words = f" ({state})" if state else ""
    return f"does not run{words}", "sudo systemctl restart offhookd; offhook logs -n 30"


def _long(seconds: float) -> str:
    minutes = int(seconds) // 60
    days, hours = divmod(minutes // 60, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min"


@dataclass(frozen=True, slots=True)
class Registration:
    """What the phone says of its registrar."""

    known: bool = False
    """Whether offhookd answers at all."""
    registered: bool = False
    words: str = ""
    """"registered at 192.0.2.1:5060", "403 wrong password", "no answer" …"""
    user: str = ""
    server: str = ""
    set_up: bool = True
    """Whether there is an account."""


def registration(_machine: Machine, phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_registration(see_registration(phone))


def see_registration(phone: Phone) -> Registration:
    """From its status."""
    return Registration(
        known=not phone.silent,
        registered=phone.status.get("registered") is True,
        words=phone.text("registration"),
        user=str(phone.setting("account", "user") or ""),
        server=str(phone.setting("account", "domain") or ""),
        set_up=phone.status.get("set_up") is not False,
    )


def judge_registration(facts: Registration) -> Iterator[Finding]:
    """Two lines: whether the exchange answers, and what."""
    if not facts.known:
        yield none("registrar", "not known while offhookd is not asked")
        return
    if not facts.set_up:
        yield none("registrar", "no exchange is configured")
        yield bad("registration", printable(facts.words), ACCOUNT)
        return
    words, server = printable(facts.words), printable(facts.server)
    status = re.match(r"([1-6][0-9]{2})\b", facts.words)
    if facts.registered:
        yield ok("registrar", f"{words.removeprefix('registered at ')} answers")
        yield ok("registration", f"{printable(facts.user)} is registered")
    elif status is not None and status[1] != "408":
        yield ok("registrar", f"{server} answers")
        yield bad("registration", words, _remedy(int(status[1]), facts.words))
    else:
        yield _silence(words, server)
        yield bad("registration", words or "not registered", "First what stands above.")


def _remedy(status: int, words: str) -> str:
    if "wrong password" in words:
        return CREDENTIALS
    retry = "The exchange is in trouble itself; the phone tries again by itself."
    unusual = "What the exchange says: offhook trace -v"
    return REMEDIES.get(status, retry if status >= 500 else unusual)


def _silence(words: str, server: str) -> Finding:
    if words == "no network":
        return bad("registrar", "no network", "See network.")
    if words.startswith("no address"):
        return bad("registrar", words, "See dns.")
    if words in ("", "not registered"):
        return warn("registrar", "no answer yet", "Wait half a minute and look again.")
    return bad(
        "registrar", f"{server}: {words}",
        "Is it up and its address and port right ([account] domain, port, proxy)?  Does a firewall "
        "between drop UDP?  Watch: offhook trace",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Keys:
    """Of keypad and hook switch."""

    known: bool = False
    board: str = ""
    troubles: tuple[str, ...] = ()
    state: str = ""
    lifted: bool = False
    stuck: tuple[str, ...] = ()
    """Keys that the journal called stuck since offhookd started."""


def keys(machine: Machine, phone: Phone) -> Iterator[Finding]:
    """Look and judge."""
    return judge_keys(see_keys(phone, stuck_keys(machine)))


def see_keys(phone: Phone, stuck: tuple[str, ...] = ()) -> Keys:
    """From its status."""
    return Keys(
        known=not phone.silent,
        board=str(phone.about("board") or ""),
        troubles=tuple(
            each for each in strings(phone.about("troubles")) if not each.startswith(OF_THE_CLOCK)
        ),
        state=phone.text("state"),
        lifted=phone.status.get("lifted") is True,
        stuck=stuck,
    )


def judge_keys(facts: Keys) -> Iterator[Finding]:
    """Every trouble is a line; it brings its remedy itself."""
    if not facts.known:
        yield none("keypad, hook", "not known while offhookd is not asked")
        return
    for trouble in facts.troubles:
        yield bad("hardware", printable(trouble, 300), "Then: offhook test keys")
    if facts.board in ("", "none"):
        yield warn(
            "keypad, hook", "no board profile: no hook switch, no keys",
            "Name the board in offhook.toml: [board] profile.",
        )  # fmt: skip
        return
    hook = "handset up" if facts.lifted else "handset down"
    shown = f"{printable(facts.board)}: {hook}, {printable(facts.state)}"
    if facts.stuck:
        yield warn(
            "keypad, hook", f"{shown}; stuck: {' '.join(map(printable, facts.stuck))}",
            "Clean or free the key and watch it: offhook test keys",
        )  # fmt: skip
    elif not facts.troubles:
        yield ok("keypad, hook", shown)
