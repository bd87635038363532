"""From the settings file on the card to what the data partition is to hold.  Pure.

    bytes --text--> tables --config_tables, wifi, ssh, system--> Plan: files, what to erase, report
                                                             or Problems: every one, with remedy

The phone's own tables are read by the very code that reads them in `offhookd`, so what is taken
over here is understood there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from offhook.appliance import ssh, system, wifi
from offhook.appliance.changes import Change, Link, Remove, Write
from offhook.appliance.erase import NotFoundError, Span, locate
from offhook.appliance.text import parse
from offhook.appliance.toml import written
from offhook.phone.dial_plan import DialPlan, DialPlanError
from offhook.phone.settings import PhoneSettings
from offhook.service import config_tables
from offhook.service.schema import Problem, Reader

SETTINGS: Final = "offhook/etc/offhook.toml"
PASSWORD: Final = "offhook/etc/sip-password"  # noqa: S105  # a path
WPA: Final = "network/wpa_supplicant-wlan0.conf"
ADDRESS: Final = "network/10-offhook.network"
KEYS: Final = "ssh/authorized_keys/admin"
ZONE: Final = "localtime"
HOSTNAME: Final = "hostname"

DEFAULT_BOARD: Final = "handset-v1"
"""What a phone that knows nothing yet is taken for: it must be able to say so."""
FIRST: Final = "The phone is not set up yet: edit offhook.toml on the card.\n"
HEAD: Final = "Made from offhook.toml on the card's boot partition; change it there.\n"
PHONE_TABLES: Final = ("account", "board", "sound", "network", "phone", "service")
SECRETS: Final = (("account", "password"), ("wifi", "password"))


@dataclass(frozen=True, slots=True)
class Known:
    """What the phone has, and what its system knows."""

    password: bool = False
    """It has a password for its account."""
    network: wifi.Network | None = None
    """Whose key it has."""
    fresh: bool = True
    """No settings file has ever been taken over."""
    zone_known: Callable[[str], bool] = field(default=lambda _: True)
    board_trouble: Callable[[str], str] = field(default=lambda _: "")
    """What is wrong with a board profile; empty: nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it is good."""

    changes: tuple[Change, ...]
    spans: tuple[Span, ...]
    """The secrets, to be erased on the card."""
    told: tuple[tuple[str, str], ...]
    """What was taken over, for the report: no secrets."""
    account: bool
    """Whether the phone has one."""
    hostname: str
    """Empty: the one made on the device."""


@dataclass(frozen=True, slots=True)
class Problems:
    """It cannot be used."""

    problems: tuple[Problem, ...]
    instead: tuple[Change, ...] = ()
    """For a phone that knows nothing yet: enough to be heard."""


def plan(content: bytes, name: str, known: Known) -> Plan | Problems:
    """What becomes of the file `name`."""
    parsed = parse(content, name)
    if isinstance(parsed, Problem):
        return Problems((parsed,), first_settings({}) if known.fresh else ())
    reading = _Reading(name, parsed.tables, known)
    result = reading.plan(content)
    if not reading.problems:
        return result
    instead = first_settings(reading.sane()) if known.fresh else ()
    return Problems(tuple(reading.problems), instead)


def first_settings(tables: Mapping[str, object]) -> tuple[Change, ...]:
    """What a phone without settings begins with: a board, so that its earpiece can tell."""
    tables = {"board": {"profile": DEFAULT_BOARD}, **tables}
    content = written(tables, FIRST)
    return Write(SETTINGS, content.encode()), Write(PASSWORD, b"", 0o600)


class _Reading:
    """One look at all tables; problems pile up."""

    def __init__(self, name: str, tables: Mapping[str, object], known: Known) -> None:
        self.name = name
        self.tables = tables
        self.known = known
        self.problems: list[Problem] = []
        self.document = Reader(name, "", tables, self.problems)

    def plan(self, content: bytes) -> Plan:
        """Everything, as if there were no problem."""
        account = self._account()
        country = self._phone()
        board = self._board()
        config_tables.sound(self.document.table("sound"))
        address = self._network()
        self._service()
        network = self._wifi(country)
        keys = ssh.read(self.document.table("ssh"))
        machine = system.read_system(self.document.table("system"), self.known.zone_known)
        self.document.finish()
        changes = (
            Write(SETTINGS, self._settings(account).encode() if not self.problems else b""),
            *self._password(account=bool(account)),
            Write(WPA, network.configuration.encode(), 0o600) if network else Remove(WPA),
            Write(ADDRESS, address.encode()) if address else Remove(ADDRESS),
            Write(KEYS, ssh.authorized(keys).encode()) if keys else Remove(KEYS),
            Link(ZONE, f"/usr/share/zoneinfo/{machine.time_zone}"),
            Write(HOSTNAME, f"{machine.hostname}\n".encode())
            if machine.hostname
            else Remove(HOSTNAME),
        )
        told = [
            ("Account", account or "none: fill in [account]"),
            ("Country", country),
            ("Board", board),
            ("Wi-Fi", network.told if network else "off"),
            ("Address", "fixed, as in [network]" if address else "by DHCP"),
            *(("SSH key", key.fingerprint) for key in keys),
            *([] if keys else [("SSH", "off: no key is given")]),
            ("Time zone", machine.time_zone),
        ]
        return Plan(changes, self._spans(content), tuple(told), bool(account), machine.hostname)

    def sane(self) -> dict[str, object]:
        """The tables without a problem, of those that a phone without an account needs."""
        ill = {problem.key.partition(".")[0] for problem in self.problems}
        wanted = ("board", "sound", "phone")
        return {key: self.tables[key] for key in wanted if key in self.tables and key not in ill}

    def _account(self) -> str:
        """Who we are, for the report; empty: the table is not filled in."""
        table = self.document.table("account")
        password = table.text("password", "", most=255)
        if not any(table.entries.get(key) for key in ("user", "domain", "password")):
            return ""
        entries = {key: value for key, value in table.entries.items() if key != "password"}
        account = config_tables.account(
            Reader(self.name, "account", entries, self.problems), password
        )
        kept = not password
        if kept and not self.known.password and not table.given("password_file"):
            remedy = 'Write account.password = "…"; it is erased here once the phone has it.'
            table.fault("password", "must be given", remedy)
        self._fixed(table, "password_file")
        told = "password kept" if kept else "new password"
        return f"{account.user} at {account.domain}, {told}"

    def _password(self, *, account: bool) -> tuple[Change, ...]:
        given = self._secret("account", "password")
        if not account:
            return (Write(PASSWORD, b"", 0o600),)
        return (Write(PASSWORD, f"{given}\n".encode(), 0o600),) if given else ()

    def _phone(self) -> str:
        settings: PhoneSettings = config_tables.phone(self.document.table("phone"))
        dialling = settings.dialling
        try:
            DialPlan(dialling.dial_plan, dialling.emergency)
        except DialPlanError as error:
            self._problem("phone.dialling.dial_plan", dialling.dial_plan, str(error), "Mend it.")
        return settings.country

    def _board(self) -> str:
        table = self.document.table("board")
        if not table.given("profile"):
            remedy = f'Write board.profile = "{DEFAULT_BOARD}", or "none" for no hardware.'
            table.fault("profile", "must be given", remedy)
        board = config_tables.board(table)
        if trouble := self.known.board_trouble(board):
            remedy = "Mend that, or name another profile in [board]."
            self._problem("board.profile", board, trouble.removesuffix("."), remedy)
        return board

    def _network(self) -> str:
        table = self.document.table("network")
        address = system.read_address(table)
        config_tables.network(table)
        return address

    def _service(self) -> None:
        table = self.document.table("service")
        config_tables.service(table, Path("/var/lib/offhook"))
        self._fixed(table, "control_socket")
        self._fixed(table, "state_directory")

    def _fixed(self, table: Reader, key: str) -> None:
        if table.given(key):
            table.fault(key, "is fixed on this phone", "Delete the line.")

    def _wifi(self, phone_country: str) -> wifi.Wifi | None:
        table = self.document.table("wifi")
        return wifi.read(table, self.known.network, wifi.country_of(phone_country))

    def _settings(self, account: str) -> str:
        tables: dict[str, object] = {}
        for name in PHONE_TABLES:
            entries = self.tables.get(name)
            if isinstance(entries, dict) and not (name == "account" and not account):
                hidden = {"account": ("password",), "network": system.ADDRESS_KEYS}.get(name, ())
                tables[name] = {key: value for key, value in entries.items() if key not in hidden}
        return written(tables, HEAD)

    def _spans(self, content: bytes) -> tuple[Span, ...]:
        there = [(table, key) for table, key in SECRETS if self._secret(table, key)]
        try:
            return locate(content, there)
        except NotFoundError as error:
            what = "is written in a way that cannot be erased on the card"
            self._problem(str(error), "…", what, f'Write it on one line: {error} = "…"')
            return ()

    def _secret(self, table: str, key: str) -> str:
        entries = self.tables.get(table)
        value = entries.get(key) if isinstance(entries, dict) else None
        return value if isinstance(value, str) else ""

    def _problem(self, key: str, value: str, what: str, remedy: str) -> None:
        self.problems.append(Problem(self.name, key, value, what, remedy))
