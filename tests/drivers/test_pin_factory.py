"""The GPIO chip is found by its label; what is missing is told with its remedy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from offhook.board.profile import CHIPS
from offhook.drivers import pin_factory
from offhook.drivers.pin_factory import GpioError, check_access, find_chip, runtime_directory


def chip(sysfs: Path, number: int, label: str) -> None:
    directory = sysfs / f"gpiochip{number}"
    directory.mkdir()
    (directory / "label").write_text(f"{label}\n")


@pytest.mark.parametrize(("label", "number"), [(CHIPS[0], 4), (CHIPS[0], 0), (CHIPS[2], 0)])
def test_the_number_does_not_matter(tmp_path: Path, label: str, number: int) -> None:
    """A Pi 5's chip was number 4, and became number 0 with another kernel."""
    chip(tmp_path, number, label)
    chip(tmp_path, 7, "brcmvirt-gpio")
    assert find_chip(CHIPS, tmp_path) == number


def test_the_first_label_wins(tmp_path: Path) -> None:
    chip(tmp_path, 0, CHIPS[1])
    chip(tmp_path, 1, CHIPS[0])
    assert find_chip(CHIPS, tmp_path) == 1


def test_no_chip_of_ours_tells_those_there_are(tmp_path: Path) -> None:
    chip(tmp_path, 0, "INT33FF:00")
    with pytest.raises(GpioError, match=r"there are INT33FF:00.*chips"):
        find_chip(CHIPS, tmp_path)


def test_no_chip_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(GpioError, match="no GPIO chip at all"):
        find_chip(CHIPS, tmp_path / "nowhere")


def test_a_chip_without_a_label_file_is_asked_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gpiochip3").mkdir()
    monkeypatch.setattr(pin_factory, "_ask", lambda device: {"gpiochip3": CHIPS[0]}[device.name])
    assert find_chip(CHIPS, tmp_path) == 3


def test_a_device_that_is_no_chip_has_no_label() -> None:
    assert pin_factory._ask(Path("/dev/null")) == ""
    assert pin_factory._ask(Path("/dev/nothing-here")) == ""


def test_a_missing_device_node_points_to_the_sandbox(tmp_path: Path) -> None:
    with pytest.raises(GpioError, match="DeviceAllow"):
        check_access(tmp_path / "gpiochip0")


def test_a_device_without_permission_points_to_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "gpiochip0"
    device.touch()
    check_access(device)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(GpioError, match="group gpio"):
        check_access(device)


def test_where_the_fifo_goes() -> None:
    assert runtime_directory({"LG_WD": "/a", "RUNTIME_DIRECTORY": "/b"}) == Path("/a")
    assert runtime_directory({"RUNTIME_DIRECTORY": "/b:/c"}) == Path("/b")
    assert runtime_directory({}) == Path("/tmp")  # noqa: S108


@pytest.mark.integration
def test_importing_lgpio_leaves_the_working_directory_alone(tmp_path: Path) -> None:
    """The FIFO lies in the directory given; a read-only working directory does not matter."""
    runtime, here = tmp_path / "run", tmp_path / "here"
    runtime.mkdir()
    here.mkdir()
    code = (
        "import os, sys; from pathlib import Path; from offhook.drivers import pin_factory\n"
        "pin_factory._lgpio_factory(Path(sys.argv[1]))\n"
        "print(os.getcwd()); print(*os.listdir(sys.argv[1])); os._exit(0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(runtime)],
        cwd=here, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0] == str(here)
    assert ".lgd-nfy" in lines[1]
    assert list(here.iterdir()) == []


@pytest.mark.integration
def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(GpioError, match="RuntimeDirectory=offhook"):
        pin_factory._lgpio_factory(tmp_path / "nowhere")
