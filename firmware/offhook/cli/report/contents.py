"""What stands in a report, file by file, before it is masked."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from offhook.cli import doctor
from offhook.cli.client import Client, ClientError
from offhook.cli.doctor.examination import SETTINGS, ask, examine
from offhook.cli.doctor.finding import SERVICE, Phone, rows
from offhook.cli.journal import UNITS, Columns, entries
from offhook.cli.machine import Machine
from offhook.service.control_protocol import Json

MAX_CALLS: Final = 200
CHAIN: Final = 60.0  # seconds that systemd-analyze may take on a slow card
COMMANDS: Final[Mapping[str, Sequence[Sequence[str]]]] = {
    "units.txt": (
        ("systemctl", "--no-pager", "--failed"),
        ("systemctl", "--no-pager", "--full", "status", SERVICE, "offhook-*"),
        ("systemctl", "show", SERVICE, "-p", "NRestarts,Result,MemoryPeak,CPUUsageNSec"),
        ("systemctl", "--no-pager", "list-units", "--all"),
    ),
    "start.txt": (
        ("systemd-analyze", "--no-pager", "time"),
        ("systemd-analyze", "--no-pager", "critical-chain", SERVICE),
        ("systemd-analyze", "--no-pager", "blame"),
    ),
    "slots.txt": (
        ("rauc", "status", "--detailed"), ("fw_printenv",), ("cat", "/proc/cmdline"),
    ),
    "versions.txt": (
        ("cat", "/etc/os-release"), ("uname", "-a"),
        ("dpkg-query", "-W", "-f", "${Package} ${Version}\\n"),
    ),
    "network.txt": (
        ("ip", "address"), ("ip", "route"), ("ip", "-6", "route"), ("cat", "/etc/resolv.conf"),
        ("networkctl", "--no-pager", "status"), ("iw", "dev"), ("ss", "-lnptu"),
        ("nft", "list", "ruleset"),
    ),
    "sound.txt": (("cat", "/proc/asound/cards"), ("aplay", "-L"), ("amixer",)),
    "machine.txt": (
        ("cat", "/proc/device-tree/model"), ("uptime",), ("free", "-m"), ("df", "-h"),
        ("df", "-i"), ("findmnt",), ("timedatectl",), ("lsusb",), ("lsmod",),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the report."""

    name: str
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Collector:
    """Asks phone and machine."""

    machine: Machine
    phone: Phone
    calls: Sequence[Mapping[str, Json]]
    lines: int
    """Of the journal."""

    def parts(self) -> Iterator[Part]:
        """All of them."""
        findings = examine(self.machine, self.phone)
        yield Part("doctor.txt", "offhook doctor", "\n".join(doctor.page(findings)))
        yield Part("doctor.json", "the same for machines", _json([*map(doctor.plain, findings)]))
        yield Part("status.json", "offhook status", _json(self.phone.status) or self.phone.silent)
        yield Part("config.json", "settings in use", _json(self.phone.config))
        yield Part("offhook.toml", "settings as written", self.machine.read(SETTINGS))
        yield Part("calls.json", f"the last {MAX_CALLS} calls", _json(self.calls))
        yield Part("phone.log", f"the phone's last {self.lines} lines", self._log(*UNITS))
        yield Part("errors.log", "errors of all programs", self._log("-p", "err"))
        yield Part("kernel.log", "the kernel's warnings since the start", self._log(*_KERNEL))
        for name, commands in COMMANDS.items():
            yield Part(name, _names(commands), self._said(commands))

    def _log(self, *match: str) -> str:
        columns = Columns()
        records = entries(self.machine, "-n", str(self.lines), *match)
        return "\n".join(line for record in records for line in columns.lines(record))

    def _said(self, commands: Sequence[Sequence[str]]) -> str:
        return "\n".join(f"$ {' '.join(each)}\n{self._output(each)}" for each in commands)

    def _output(self, words: Sequence[str]) -> str:
        if words[0] == "cat":
            return f"{self.machine.read(words[1])}\n"
        ran = self.machine.run(words, CHAIN)
        if ran is None:
            return "(not here)\n"
        return f"{ran.out.rstrip()}\n{ran.err.rstrip()}".strip() + "\n"


def _names(commands: Sequence[Sequence[str]]) -> str:
    return ", ".join(dict.fromkeys(each[-1] if each[0] == "cat" else each[0] for each in commands))


_KERNEL: Final = ("-k", "-b", "-p", "warning")


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) if value else ""


def collector(socket: Path, machine: Machine, lines: int) -> Collector:
    """Ask offhookd once; what it does not answer is left empty and said."""
    phone = ask(socket, machine)
    return Collector(machine, phone, _calls(socket) if not phone.silent else [], lines)


def _calls(socket: Path) -> Sequence[Mapping[str, Json]]:
    try:
        client = Client.connect(socket)
    except ClientError:
        return []  # the phone went away since the status, which the page of the doctor tells
    try:
        return rows(client.ask("calls", limit=MAX_CALLS).get("calls"))
    except ClientError:
        return []
    finally:
        client.close()


_SECRETS: Final = re.compile(
    r"(?im)^\s*(?:wpa-)?(?:psk|sae_password|password|passphrase|wep_key\d?)\s*=\s*(.+?)\s*$"
)
_WHOLE: Final = ("etc/offhook/sip-password", "data/offhook/etc/sip-password")
_INSIDE: Final = (
    SETTINGS, "boot/firmware/offhook.toml", "data/network/*.conf", "etc/wpa_supplicant/*.conf",
    "var/lib/iwd/*.psk", "etc/NetworkManager/system-connections/*",
)  # fmt: skip


def secrets(machine: Machine, phone: Phone) -> tuple[str, ...]:
    """The values that must not appear, from where they live; what we may not read, nobody told."""
    found = [machine.read(path) for path in _WHOLE]
    for pattern in _INSIDE:
        for path in machine.find(pattern):
            found += [_bare(value) for value in _SECRETS.findall(machine.read(path))]
    found.append(_token(phone))
    return tuple(dict.fromkeys(filter(None, found)))


def _bare(value: str) -> str:
    """Without its quotes, and without a remark behind them."""
    quoted = re.match(r"""(["'])(.*?)\1""", value)
    return quoted[2] if quoted else value


def _token(phone: Phone) -> str:
    """Our Contact's user part: whoever knows it can ring this phone past the exchange."""
    found = re.match(r"sips?:([^@;]+)@", phone.text("contact"))
    return found[1] if found else ""
