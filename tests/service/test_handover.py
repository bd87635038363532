"""Files between the phone and the image's helpers."""

import json
import time
from pathlib import Path

import pytest

from offhook.service.handover import RESET_TIME, Handover
from offhook.units import Seconds


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"2\n", 2),
        (b"5", 5),
        (b"", 0),
        (b"two", 0),
        (b"-1", 0),
        ("²".encode(), 0),
        (b"9" * 99, None),
    ],
)
def test_the_trouble_is_a_small_number_or_none(
    tmp_path: Path, content: bytes, code: int | None
) -> None:
    path = tmp_path / "trouble"
    path.write_bytes(content)
    found = Handover({"OFFHOOK_TROUBLE": str(path)}).trouble()
    assert found == code if code is not None else found == int("9" * 16)


def test_without_helpers_there_is_no_trouble(tmp_path: Path) -> None:
    assert Handover({"OFFHOOK_TROUBLE": str(tmp_path / "none")}).trouble() == 0


def test_the_reset_is_heard_for_a_minute_after_power_on(monkeypatch: pytest.MonkeyPatch) -> None:
    handover = Handover({"OFFHOOK_FACTORY_RESET": "/run/x"})
    monkeypatch.setattr(time, "clock_gettime", lambda clock: {time.CLOCK_BOOTTIME: 20.0}[clock])
    assert handover.reset_window(Seconds(5)) == 5 + RESET_TIME - 20
    monkeypatch.setattr(time, "clock_gettime", lambda _: 61.0)
    assert handover.reset_window(Seconds(5)) is None


def test_on_a_system_without_a_factory_state_there_is_no_reset(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "clock_gettime", lambda _: 1.0)
    handover = Handover({})
    assert handover.reset_window(Seconds(0)) is None
    handover.reset()


def test_the_reset_is_asked_for_by_a_file(tmp_path: Path) -> None:
    Handover({"OFFHOOK_FACTORY_RESET": str(tmp_path / "factory-reset")}).reset()
    assert (tmp_path / "factory-reset").exists()


def test_peers_are_told_where_there_is_a_runtime_directory(tmp_path: Path) -> None:
    handover = Handover({"RUNTIME_DIRECTORY": str(tmp_path)})
    handover.peers({"192.0.2.2", "192.0.2.1"}, 5060)
    told = json.loads((tmp_path / "peers.json").read_text())
    assert told == {"ports": [5060], "peers": ["192.0.2.1", "192.0.2.2"]}
    handover.peers((), None)
    assert json.loads((tmp_path / "peers.json").read_text()) == {"ports": [], "peers": []}


@pytest.mark.parametrize("directory", ["", "/nowhere/at/all"])
def test_and_nowhere_else(directory: str) -> None:
    Handover({"RUNTIME_DIRECTORY": directory}).peers({"192.0.2.1"}, 5060)
