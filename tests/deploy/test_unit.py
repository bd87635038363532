"""The systemd unit: valid, hardened, and about the program that exists."""

import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest

from offhook.service.config import DEFAULT_PATH
from offhook.service.loop import FAREWELL
from offhook.service.main import EXIT_CONFIG
from offhook.service.password import CREDENTIAL, DEFAULT_PASSWORD
from offhook.service.records import ServiceSettings

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "systemd" / "offhookd.service"
SYSUSERS = UNIT.with_name("offhook.sysusers")
TEXT = UNIT.read_text()


def values(key: str) -> list[str]:
    return re.findall(rf"(?m)^{key}=(.*)$", TEXT)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The unit with programs that exist here: `verify` looks for them."""
    path = tmp_path / UNIT.name
    path.write_text(re.sub(r"/opt/offhook/bin/(offhookd|python)", "/bin/true", TEXT))
    return path


def analyse(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not on this machine")
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.mark.integration
def test_systemd_finds_nothing_wrong_with_it(copy: Path) -> None:
    result = analyse("verify", copy)
    told = [line for line in result.stderr.splitlines() if "offhook" in line]
    assert (result.returncode, told) == (0, [])


@pytest.mark.integration
def test_its_exposure_is_two_or_less(copy: Path) -> None:
    result = analyse("security", "--offline=true", "--threshold=20", "--no-pager", copy)
    assert result.returncode == 0, result.stdout[-200:]


@pytest.mark.integration
def test_the_users_are_what_systemd_sysusers_understands(tmp_path: Path) -> None:
    program = shutil.which("systemd-sysusers")
    if program is None:
        pytest.skip("systemd-sysusers is not on this machine")
    (tmp_path / "etc").mkdir()
    subprocess.run([program, f"--root={tmp_path}", str(SYSUSERS)], check=True, capture_output=True)
    assert re.search(r"(?m)^offhook:.*nologin$", (tmp_path / "etc/passwd").read_text())
    assert re.search(r"(?m)^gpio:", (tmp_path / "etc/group").read_text())


def test_a_machine_without_raspberry_pi_os_gets_the_group_of_the_gpio_chips() -> None:
    [group] = re.findall(r"(?m)^g (\S+)", SYSUSERS.read_text())
    rule = (DEPLOY / "udev" / "60-offhook.rules").read_text()
    assert f'SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="{group}", MODE="0660"' in rule
    assert group in values("SupplementaryGroups")[0].split()


def test_what_is_installed_exists() -> None:
    named = re.findall(r'"\$here/([^"]+)"', (DEPLOY / "install.sh").read_text())
    assert {"offhook.toml", "systemd/offhookd.service", "udev/60-offhook.rules"} <= set(named)
    assert all((DEPLOY / name).exists() for name in named)


def test_it_is_an_ini_file_with_three_sections() -> None:
    parser = RawConfigParser(strict=False)
    parser.read_string(TEXT)
    assert parser.sections() == ["Unit", "Service", "Install"]


def test_the_paths_are_those_the_program_uses() -> None:
    assert values("LoadCredential") == [f"{CREDENTIAL}:{DEFAULT_PASSWORD}"]
    assert str(DEFAULT_PATH.parent) == f"/etc/{values('ConfigurationDirectory')[0]}"
    defaults = ServiceSettings()
    assert str(defaults.state_directory) == f"/var/lib/{values('StateDirectory')[0]}"
    assert str(defaults.control_socket.parent) == f"/run/{values('RuntimeDirectory')[0]}"


def test_lgpio_finds_its_fifo_where_it_made_it() -> None:
    [directory] = values("WorkingDirectory")
    assert f"LG_WD={directory}" in values("Environment")[0].split()
    assert directory == f"/run/{values('RuntimeDirectory')[0]}"


def test_a_good_bye_fits_into_the_time_to_stop() -> None:
    assert int(values("TimeoutStopSec")[0]) > FAREWELL + 1


def test_unusable_settings_do_not_restart_for_ever() -> None:
    assert values("RestartPreventExitStatus") == [str(EXIT_CONFIG)]


def test_the_bell_is_silenced_whatever_happened() -> None:
    assert values("ExecStopPost") == ["-/opt/offhook/bin/offhookd --outputs-off"]


def test_no_secret_stands_in_the_environment() -> None:
    assert not re.search(r"(?i)password|secret|token", " ".join(values("Environment")))


def test_it_does_not_wait_for_the_network() -> None:
    assert "network-online.target" not in " ".join(values("After") + values("Wants"))
