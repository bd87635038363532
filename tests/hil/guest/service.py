"""The unit of deploy/systemd under a real systemd: hardened, watched, restarted."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import chown
from time import monotonic, sleep
from typing import Final

from hil.guest.card import LEAD, Conversation
from hil.guest.desk import BELL, PROFILE, Desk
from hil.guest.exchange import PASSWORDS
from hil.guest.found import FOUND, speech
from hil.guest.patience import wait_for
from hil.guest.phone import Telephone
from offhook.cli.client import ClientError

ETC: Final = Path("/etc/offhook")
UNIT: Final = "offhookd.service"
SHOWN: Final = ("ActiveState", "MainPID", "NRestarts", "Result", "StatusText", "WatchdogUSec")


@dataclass(slots=True)
class ServicePhone(Telephone):
    """The telephone that systemd runs."""

    @property
    def socket(self) -> Path:
        return Path("/run/offhook/control")

    def configure(self) -> Path:
        """In the place where the service looks, readable as an installation leaves it."""
        written = Telephone.configure(self)
        ETC.mkdir(exist_ok=True)
        text = written.read_text().replace(str(self.directory / "control"), str(self.socket))
        text = text.replace(str(self.directory), "/var/lib/offhook")
        (ETC / "offhook.toml").write_text(text)
        password = ETC / "sip-password"
        password.write_text(PASSWORDS[self.user] + "\n")
        password.chmod(0o600)
        return ETC / "offhook.toml"

    def start(self) -> None:
        """`systemctl start` returns when READY=1 was told."""
        self.configure()
        _systemctl("start", UNIT)

    @property
    def main(self) -> int:
        return int(show()["MainPID"])

    def processes(self) -> list[int]:
        return self.descent(self.main)


def service() -> Mapping[str, object]:
    """Started, used, stopped and killed in every way."""
    desk = Desk.set_up(start=False)
    chown("/dev/gpiochip0", group="gpio")  # as udev does
    Path("/dev/gpiochip0").chmod(0o660)
    PROFILE.chmod(0o644)
    desk.phone = phone = ServicePhone("1001", 0, str(PROFILE))
    began = monotonic()
    try:
        phone.start()
    except subprocess.CalledProcessError:
        sleep(1)
        return {"failed": journal(), "show": show()}
    ready = monotonic()
    registered = phone.wait_registered()
    caller = Telephone("1002", 1)
    caller.start()
    return {
        "start": {"ready": ready - began, "registered": registered - began, **show()},
        "process": [_process(pid) for pid in phone.processes()],
        "call": _call(desk),
        "voice stopped": _stop_voice(phone),
        "main stopped": _stop_main(desk, caller),
        "voice and keeper stopped": _stop_keeper(phone),
        "killed": _kill(desk, caller),
        "end": _end(),
        "stall": desk.wires.tell("stall"),
        "journal": journal(),
    }


def show() -> dict[str, str]:
    """What systemd knows of the unit."""
    told = _systemctl("show", UNIT, *(f"-p{name}" for name in SHOWN))
    return dict(line.split("=", 1) for line in told.splitlines())


def journal() -> list[dict[str, object]]:
    """The unit's entries."""
    command = ["journalctl", "-o", "json", "--no-pager", "-u", UNIT]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    kept = ("MESSAGE", "PRIORITY", "_PID", "_TRANSPORT", "_UID")
    entries = [json.loads(line) for line in lines]
    return [{key: value for key, value in each.items() if key in kept} for each in entries]


def _systemctl(*words: str) -> str:
    done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, words, done.stdout, done.stderr)
    return done.stdout


def _process(pid: int) -> Mapping[str, object]:
    """Who it is and what it may do."""
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    kept = ("Uid", "Gid", "Groups", "CapEff", "NoNewPrivs", "Seccomp")
    return {
        **{key: status[key].split() for key in kept},
        "policy": os.sched_getscheduler(pid),
    }


def _call(desk: Desk) -> object:
    """Pins and sound work for this user in this cage."""
    desk.lift()
    desk.phone.wait("dial tone")
    desk.phone.ask("dial", number="600")
    desk.phone.wait("talking")
    line = Conversation.start(0, LEAD + 4.0, FOUND / "service.raw", speech(0)).running()
    result = line.result()
    desk.put_down()
    desk.phone.wait("idle")
    return result


def _stop_voice(phone: ServicePhone) -> object:
    """The voice runner hangs: its keeper replaces it, nobody else notices."""
    main, _, runner = phone.processes()
    os.kill(runner, signal.SIGSTOP)
    at = monotonic()
    replaced = wait_for("another runner", lambda: phone.processes()[-1] not in (main, runner))
    return {"after": replaced - at, "same main": phone.main == main, **show()}


def _stop_main(desk: Desk, caller: Telephone) -> object:
    """The loop hangs, of all times while the bell sounds."""
    phone = desk.phone
    assert isinstance(phone, ServicePhone)
    _ring(desk, caller)
    found = _again(phone, lambda: os.kill(phone.main, signal.SIGSTOP))
    caller.ask("hangup")
    phone.wait("idle")
    return {**found, "bell": desk.chip.value(BELL)}


def _ring(desk: Desk, caller: Telephone) -> None:
    caller.wait("idle")
    caller.ask("dial", number="1001")
    wait_for("the bell", lambda: desk.chip.value(BELL))


def _stop_keeper(phone: ServicePhone) -> object:
    """Runner and keeper both hang: nobody is left to help but systemd."""
    _, keeper, runner = phone.processes()

    def stop() -> None:
        os.kill(keeper, signal.SIGSTOP)
        os.kill(runner, signal.SIGSTOP)

    return _again(phone, stop)


def _kill(desk: Desk, caller: Telephone) -> object:
    """SIGKILL while the bell sounds."""
    phone = desk.phone
    assert isinstance(phone, ServicePhone)
    _ring(desk, caller)
    found = _again(phone, lambda: os.kill(phone.main, signal.SIGKILL))
    return {**found, "bell": desk.chip.value(BELL)}


def _again(phone: ServicePhone, harm: Callable[[], None]) -> dict[str, object]:
    """Do harm; how long until another telephone has registered."""
    before, left = phone.main, phone.processes()
    harm()
    at = monotonic()
    wait_for("another main process", lambda: phone.main not in (0, before))
    back = wait_for("registered", lambda: _registered(phone))
    sleep(0.1)
    survivors = [pid for pid in left if Path(f"/proc/{pid}").exists()]
    return {"after": back - at, "survivors": survivors, **show()}


def _registered(phone: ServicePhone) -> bool:
    try:
        return phone.status()["registered"] is True
    except ClientError:
        return False


def _end() -> object:
    began = monotonic()
    _systemctl("stop", UNIT)
    return {"after": monotonic() - began, **show()}
