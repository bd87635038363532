"""The files of the image, before any boot: units, presets, mounts, scripts."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

FILES: Final = Path(__file__).parents[2] / "deploy" / "image" / "files"
UNITS: Final = FILES / "usr/lib/systemd/system"
SERVICES: Final = sorted(path.name for path in UNITS.glob("offhook-*.service"))
PRESET: Final = (FILES / "usr/lib/systemd/system-preset/10-offhook.preset").read_text()
PREINIT: Final = (FILES / "usr/lib/offhook/preinit").read_text()
SCRIPTS: Final = ("preinit", "grow", "hostkeys")
NOT_OURS: Final = {
    "ssh.service", "nftables.service", "fstrim.timer", "default.target", "multi-user.target",
    "offhookd.service", "systemd-networkd.service", "systemd-resolved.service",
    "systemd-timesyncd.service",
}  # fmt: skip


def analyse(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not on this machine")
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def mounts() -> list[list[str]]:
    lines = (FILES / "etc/fstab").read_text().splitlines()
    return [line.split() for line in lines if line.strip() and not line.startswith("#")]


@pytest.mark.integration
@pytest.mark.parametrize("name", SERVICES)
def test_the_exposure_of_each_service_is_two_or_less(name: str) -> None:
    done = analyse("security", "--offline=true", "--threshold=20", "--no-pager", UNITS / name)
    assert done.returncode == 0, done.stdout[-200:]


@pytest.mark.integration
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    """Their programs exist only in the image."""
    for path in UNITS.glob("offhook-*"):
        text = re.sub(r"(?m)^(ExecStart=)\S+", r"\1/bin/true", path.read_text())
        (tmp_path / path.name).write_text(text)
    done = analyse("verify", "--man=no", *tmp_path.iterdir())
    assert [line for line in done.stderr.splitlines() if "offhook-" in line] == []


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_starts_is_in_the_image(name: str) -> None:
    [program] = re.findall(r"(?m)^ExecStart=/usr/lib/offhook/(\S+)", (UNITS / name).read_text())
    ours = FILES / "usr/lib/offhook" / program
    assert program == "appliance" or ours.stat().st_mode & 0o100


def test_every_unit_that_is_enabled_exists_and_nothing_else_is_enabled() -> None:
    enabled = set(re.findall(r"(?m)^enable (\S+)", PRESET))
    there = {path.name for path in UNITS.glob("offhook-*")}
    assert enabled - NOT_OURS <= there
    assert PRESET.rstrip().endswith("disable *")
    installable = {name for name in there if "[Install]" in (UNITS / name).read_text()}
    assert installable <= enabled


def test_masks_point_to_nothing() -> None:
    links = [path for path in (FILES / "etc/systemd").rglob("*") if path.is_symlink()]
    masks = [path for path in links if path.name != "default.target"]
    assert len(masks) > 30
    assert {str(path.readlink()) for path in masks} == {"/dev/null"}


def test_what_is_bound_lies_on_the_data_partition_and_is_made_there() -> None:
    binds = [
        (source, where, options) for source, where, _, options in mounts() if "bind" in options
    ]
    assert len(binds) == 6
    [loop] = re.findall(r"for path in (offhook [^;]*); do", PREINIT)
    made = {f"/data/{path}" for path in loop.split()}
    made |= set(re.findall(r"install -d .* (/data/\S+)", PREINIT))
    for source, where, options in binds:
        assert source in made, source
        assert {"nofail", "x-systemd.before=local-fs.target"} <= set(options.split(",")), where


def test_memory_takes_what_else_is_written_and_never_much() -> None:
    sizes = [options for what, _, _, options in mounts() if what == "tmpfs"]
    assert all(re.search(r"size=\d{1,2}m", options) for options in sizes)
    assert all("nosuid" in options and "nodev" in options for options in sizes)


@pytest.mark.integration
@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_understood_by_the_shell(name: str) -> None:
    path = FILES / "usr/lib/offhook" / name
    assert path.read_text().startswith("#!/bin/sh\n")
    subprocess.run(["/bin/sh", "-n", path], check=True)


def test_preinit_always_ends_in_systemd() -> None:
    assert "\nset -e" not in PREINIT
    assert PREINIT.rstrip().endswith('exec /usr/lib/systemd/systemd "$@"')


def test_the_watchdog_bites_sooner_than_the_pis_own_can() -> None:
    text = (FILES / "etc/systemd/system.conf.d/10-offhook.conf").read_text()
    [seconds] = re.findall(r"(?m)^RuntimeWatchdogSec=(\d+)$", text)
    assert int(seconds) <= 15  # bcm2835_wdt: 2^20 ticks of 1/65536 s


def test_no_secret_and_no_identity_is_in_the_files() -> None:
    assert (FILES / "etc/machine-id").read_text() == ""
    for path in FILES.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert "PRIVATE KEY" not in path.read_text(), path
    assert not [*FILES.rglob("ssh_host_*")]


def test_u_boots_variables_lie_where_the_builder_puts_them() -> None:
    image = (FILES.parent / "image.toml").read_text()
    [at] = re.findall(r"(?m)^environment = (0x\w+)", image)
    words = (FILES / "etc/fw_env.config").read_text().splitlines()[-1].split()
    assert words == ["/dev/disk/offhook", at, "0x200"]
