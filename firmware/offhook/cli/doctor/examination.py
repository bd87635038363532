"""All checks in the order of the page."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from offhook.cli.client import Client, ClientError
from offhook.cli.doctor.about import versions
from offhook.cli.doctor.board import memory, power, temperature
from offhook.cli.doctor.clock import clock
from offhook.cli.doctor.exchange import keys, registration, service
from offhook.cli.doctor.finding import Finding, Phone, warn
from offhook.cli.doctor.net import firewall, names, network
from offhook.cli.doctor.past import past, watchdog
from offhook.cli.doctor.slots import slots
from offhook.cli.doctor.sound import audio
from offhook.cli.doctor.storage import disk
from offhook.cli.machine import Machine
from offhook.service.control_protocol import Json

Check = Callable[[Machine, Phone], Iterator[Finding]]
CHECKS: Final[tuple[Check, ...]] = (
    service, power, temperature, clock, network, names, registration, firewall, audio, keys,
    disk, memory, slots, watchdog, past, versions,
)  # fmt: skip
SETTINGS: Final = "etc/offhook/offhook.toml"


def examine(machine: Machine, phone: Phone) -> list[Finding]:
    """Every check; one that fails itself says so and stops nobody."""
    return [finding for check in CHECKS for finding in _examined(check, machine, phone)]


def _examined(check: Check, machine: Machine, phone: Phone) -> list[Finding]:
    try:
        return list(check(machine, phone))
    except Exception as error:  # noqa: BLE001  # a doctor who dies of a patient helps none
        words = f"could not be examined: {type(error).__name__}: {error}"
        return [warn(check.__name__, words, "A bug in offhook doctor: please report it.")]


def ask(socket: Path, machine: Machine) -> Phone:
    """What offhookd says; without it, what its settings file says."""
    try:
        client = Client.connect(socket)
    except ClientError as error:
        return Phone(config=_settings(machine), silent=_short(error))
    try:
        return Phone(client.ask("status"), _table(client.ask("config").get("config")))
    except ClientError as error:
        return Phone(config=_settings(machine), silent=_short(error))
    finally:
        client.close()


def _short(error: ClientError) -> str:
    return str(error).partition("\n")[0].removeprefix("offhook: ")


def _table(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _settings(machine: Machine) -> Mapping[str, Json]:
    """Tables of the file in the shape that offhookd gives; unchecked, only for looking."""
    try:
        document = tomllib.loads(machine.read(SETTINGS))
    except tomllib.TOMLDecodeError:
        return {}
    account, board = document.get("account"), document.get("board")
    shown: dict[str, Json] = {}
    if isinstance(account, dict):
        host = str(account.get("proxy", "")).rpartition("]")[0].lstrip("[")
        proxy = host or str(account.get("proxy", "")).partition(":")[0]
        shown["account"] = {
            "user": str(account.get("user", "")), "domain": str(account.get("domain", "")),
            "proxy": [proxy] if proxy else None,
        }  # fmt: skip
    if isinstance(board, dict):
        shown["board"] = str(board.get("profile", "none"))
    if isinstance(sound := document.get("sound"), dict):
        shown["sound"] = {str(key): str(value) for key, value in sound.items()}
    return shown
