"""The words, and the factory reset."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from offhook.appliance import reset
from offhook.appliance.exits import DISK, DONE
from offhook.appliance.main import main
from support.phone_card import GOOD, new_disk

FIRMWARE = Path(__file__).parents[2] / "firmware"


def test_provision_from_the_command_line(tmp_path: Path) -> None:
    disk = new_disk(tmp_path)
    disk.write(GOOD)
    assert main(["--root", str(tmp_path), "provision", "--card", str(disk.card)]) == DONE
    assert disk.data("offhook/etc/sip-password").startswith("hunter2")


def test_peers_from_the_command_line_without_a_phone(tmp_path: Path) -> None:
    assert main(["--root", str(tmp_path), "peers"]) == DONE


@pytest.mark.parametrize(("told", "code"), [(0, 0), (1, 1), (None, 7)])
def test_at_boot_the_quick_look_comes_first(
    monkeypatch: pytest.MonkeyPatch, told: int | None, code: int
) -> None:
    monkeypatch.setattr("offhook.appliance.quick.look", lambda _: told)
    monkeypatch.setattr("offhook.appliance.words.run", lambda _: 7)
    monkeypatch.setattr(sys, "argv", ["appliance", "provision"])
    assert main() == code


@pytest.mark.parametrize("word", ["good", "reset"])
def test_the_other_words_reach_their_work(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setattr(f"offhook.appliance.{word}.run", lambda root: len(root.parts))
    assert main(["--root", "/a/b", word]) == 3


@pytest.mark.parametrize("words", [[], ["dial"], ["provision", "x"]])
def test_other_words_are_wrong(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)


def test_a_reset_sets_the_flag_and_then_restarts(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()

    def tool(command: Sequence[str]) -> None:
        assert (tmp_path / "data/factory-reset").exists()
        said.append(command)

    said: list[Sequence[str]] = []
    assert reset.run(tmp_path, tool) == DONE
    assert said == [["systemctl", "reboot"]]


def test_a_reset_that_cannot_be_written_does_not_restart(tmp_path: Path) -> None:
    assert reset.run(tmp_path, lambda _: pytest.fail("restarted")) == DISK


@pytest.mark.integration
def test_a_boot_with_nothing_new_imports_next_to_nothing() -> None:
    program = (
        "import sys; before = set(sys.modules)\n"
        "from offhook.appliance import main, quick\n"
        "print(*(set(sys.modules) - before))"
    )
    shown = subprocess.run(
        [sys.executable, "-S", "-c", program], env={**os.environ, "PYTHONPATH": str(FIRMWARE)},
        check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    ours = {name for name in shown if name.startswith("offhook")}
    assert ours == {
        "offhook", "offhook.appliance", "offhook.appliance.main", "offhook.appliance.quick",
    }  # fmt: skip
    heavy = {"argparse", "dataclasses", "enum", "json", "pathlib", "re", "subprocess", "typing"}
    assert heavy.isdisjoint(shown)
