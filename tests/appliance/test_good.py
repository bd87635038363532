"""Whether a slot is good."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from offhook.appliance import good
from offhook.appliance.exits import DISK, DONE, FAILED
from offhook.appliance.good import (
    HARDWARE_TIME,
    NETWORK_TIME,
    PATIENCE,
    Health,
    Slot,
    Tools,
    Verdict,
    decide,
    health,
    slot,
)
from offhook.cli.client import ClientError
from offhook.service.control_protocol import Json
from offhook.units import Seconds

TONE = Health(answers=True, network=True)
READY = Health(answers=True, network=True, registered=True)
ALONE = Health(answers=True)
BROKEN = Health(answers=True, troubles=("no card",), network=True, registered=True)
SILENT = Health()

W, G, L, H = Verdict.WAIT, Verdict.GOOD, Verdict.GOOD_WITHOUT, Verdict.HOPELESS


@pytest.mark.parametrize(
    ("seen", "waited", "trial", "verdict"),
    [
        (READY, 0, True, G), (READY, 0, False, G),
        (TONE, 0, False, G),  # good before: dial tone is enough
        (TONE, NETWORK_TIME, True, W), (TONE, PATIENCE, True, H),  # the network is there
        (ALONE, 0, True, W), (ALONE, NETWORK_TIME, True, G),  # there is none
        (Health(answers=True, account=False, network=True), 0, True, G),  # nothing to register
        (SILENT, 0, True, W), (SILENT, PATIENCE, True, H), (SILENT, PATIENCE, False, H),
        (BROKEN, HARDWARE_TIME, True, W), (BROKEN, PATIENCE, True, H),
        (BROKEN, 0, False, W), (BROKEN, HARDWARE_TIME, False, L),
    ],
)  # fmt: skip
def test_the_rule(seen: Health, waited: float, trial: bool, verdict: Verdict) -> None:
    assert decide(seen, Seconds(waited), trial=trial) is verdict


STATUS: dict[str, Json] = {
    "local": "192.0.2.7:5060", "registered": True, "sound_trouble": "", "set_up": True,
    "service": {"hardware": [], "troubles": ["the clock is wrong"], "voice": "alive"},
}  # fmt: skip


def test_the_phone_s_status_is_understood() -> None:
    assert health(STATUS) == READY
    assert health({**STATUS, "set_up": False}).account is False
    assert health({**STATUS, "local": None}).network is False
    assert health({**STATUS, "sound_trouble": "no card"}).troubles == ("no card",)
    assert health({**STATUS, "service": {"hardware": ["no hook"]}}).troubles == (
        "no hook", "the voice runner is silent",
    )  # fmt: skip
    assert health({}).troubles


def rauc(booted: str = "B", installed: str = "2026-11-22T10:00:00Z") -> dict[str, object]:
    written = {"installed": {"timestamp": installed}, "checksum": {"sha256": "ab"}}
    return {
        "booted": booted,
        "slots": [
            {"rootfs.0": {"bootname": "A", "slot_status": {}}},
            {"rootfs.1": {"bootname": "B", "slot_status": written if installed else {}}},
        ],
    }


def test_the_slot_and_what_was_installed_there() -> None:
    assert slot(rauc()) == Slot("B", "2026-11-22T10:00:00Z ab")
    assert slot(rauc("A")) == Slot("A", "")


@pytest.mark.parametrize(
    "document", [None, [], {}, {"booted": "C", "slots": []}, {"booted": "A", "slots": [1]}]
)
def test_another_answer_of_rauc_is_told(document: object) -> None:
    with pytest.raises(ValueError, match=r"not as expected|unpack"):
        slot(document)


@dataclass
class Machine:
    """RAUC, the phone and a clock."""

    seen: Iterable[Health]
    status: object = field(default_factory=rauc)
    broken: tuple[str, ...] = ()
    said: list[Sequence[str]] = field(default_factory=list)
    now: float = 0.0

    def run(self, command: Sequence[str]) -> str:
        if command[-1] in self.broken:
            raise OSError("broken")
        self.said.append(command)
        return json.dumps(self.status)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def boot(self, root: Path) -> int:
        looks = iter([*self.seen])
        last = SILENT

        def ask() -> Health:
            nonlocal last
            last = next(looks, last)
            return last

        return good.run(root, Tools(ask, self.run, lambda: self.now, self.sleep))

    @property
    def marked(self) -> bool:
        return ["rauc", "status", "mark-good"] in self.said

    @property
    def restarted(self) -> bool:
        return ["systemctl", "reboot"] in self.said


def test_a_slot_on_trial_is_good_when_it_is_registered_and_trusted_from_then_on(
    tmp_path: Path,
) -> None:
    first = Machine([SILENT, SILENT, TONE, READY])
    assert first.boot(tmp_path) == DONE
    assert first.marked
    assert first.now == 3
    again = Machine([TONE])
    assert again.boot(tmp_path) == DONE
    assert again.marked
    assert again.now == 0


def test_a_slot_on_trial_that_does_not_register_is_restarted_after_five_minutes(
    tmp_path: Path,
) -> None:
    machine = Machine([TONE])
    assert machine.boot(tmp_path) == FAILED
    assert machine.now == PATIENCE
    assert machine.restarted
    assert not machine.marked
    assert machine.boot(tmp_path) == FAILED  # it is still on trial


def test_another_installation_is_on_trial_again(tmp_path: Path) -> None:
    Machine([READY]).boot(tmp_path)
    machine = Machine([TONE], rauc(installed="2026-12-24T10:00:00Z"))
    assert machine.boot(tmp_path) == FAILED
    assert machine.restarted


def test_the_slot_as_flashed_is_never_on_trial(tmp_path: Path) -> None:
    machine = Machine([TONE], rauc("A"))
    assert machine.boot(tmp_path) == DONE
    assert machine.marked
    silent = Machine([SILENT], rauc("A"))
    assert silent.boot(tmp_path) == FAILED
    assert not silent.restarted


@pytest.mark.parametrize(
    ("machine", "code"),
    [
        (Machine([READY], broken=("--detailed",)), DISK),
        (Machine([READY], broken=("mark-good",)), DISK),
        (Machine([READY], status="what"), FAILED),
    ],
)
def test_what_fails_is_told_and_changes_nothing(
    tmp_path: Path, machine: Machine, code: int
) -> None:
    assert machine.boot(tmp_path) == code
    assert not machine.restarted
    assert not (tmp_path / "data/rauc").exists()


def test_a_phone_that_does_not_answer_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFHOOK_CONTROL", "/nowhere/at/all")
    assert good._ask() == SILENT


def test_a_phone_that_answers_wrongly_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf:
        closed = False

        def ask(self, _: str) -> None:
            raise ClientError("no")

        def close(self) -> None:
            self.closed = True

    deaf = Deaf()
    monkeypatch.setattr("offhook.cli.client.Client.connect", lambda _: deaf)
    assert good._ask() == SILENT
    assert deaf.closed
