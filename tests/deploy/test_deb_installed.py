"""The package itself: built twice, installed, upgraded and purged in Debian's own tree.

The tree is a chroot with neither systemd nor udev running: as in the image's builder.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder import deb
from builder.toolbox import Tree
from support.deb import build, needs_trees, newest

pytestmark = needs_trees


@pytest.fixture(scope="module", autouse=True)
def _code_stands_still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Somebody may be writing while this runs."""
    copy = tmp_path_factory.mktemp("firmware") / "offhook"
    shutil.copytree(deb.FIRMWARE, copy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deb, "FIRMWARE", copy)
        yield


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first of all versions here."""
    return build(tmp_path_factory.mktemp("deb") / "first", "0.1.0")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Tree]:
    """A fresh Debian."""
    tree = tmp_path / "machine"
    tree.mkdir()
    base = newest("base-amd64")
    assert base is not None
    subprocess.run(["tar", "-C", tree, "--numeric-owner", "-xpf", base], check=True)
    yield Tree(tree, tmp_path / "machine.log")
    shutil.rmtree(tree)


def _files(tree: Path) -> set[str]:
    passing = ("var/log/", "var/lib/dpkg/", "usr/share/python3/", "run/", "tmp/")
    names = {path.relative_to(tree).as_posix() for path in tree.rglob("*")}
    # sysusers keeps the user, and what stood in /etc/passwd before
    return {name for name in names if not name.startswith(passing) and not name.endswith("-")}


def test_two_builds_are_the_same(package: Path, tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        again = build(tmp_path / "second", "0.1.0")
    finally:
        os.umask(umask)
    assert again.read_bytes() == package.read_bytes()


def test_it_needs_only_what_debian_13_has(package: Path, machine: Tree) -> None:
    fields = machine.run(["dpkg-deb", "--field", package, "Depends"], paths=[package])
    for name in ("libasound2t64", "libc6", "libsystemd0", "libbcg729-0", "python3 (<< 3.14)"):
        assert name in fields
    machine.run(["dpkg", "--install", package], paths=[package])


def test_the_installed_phone_runs_with_its_own_packages(package: Path, machine: Tree) -> None:
    machine.run(["dpkg", "--install", package], paths=[package])
    assert machine.run(["offhookd", "--version"]) == "offhookd 0.1.0\n"
    program = (
        "import sys; sys.path.insert(0, '/usr/lib/offhook');"
        "import alsaaudio, audioop, colorzero, gpiozero, lgpio, serial, systemd.journal;"
        "from gpiozero.pins.lgpio import LGPIOFactory;"
        "from offhook.audio.codec import available; print(*available());"
        "print(*{m.__file__.startswith('/usr/lib/offhook/') for n, m in sys.modules.items()"
        " if n in ('alsaaudio', 'audioop', 'gpiozero', 'lgpio', 'serial', 'systemd')})"
    )
    said = machine.run(["python3", "-ISc", program], cwd=Path("/tmp"))  # noqa: S108  # its own
    assert {*said.splitlines()[0].split()} == {"PCMU", "PCMA", "G729"}
    assert said.splitlines()[1] == "True"
    _check_settings(machine)


def _check_settings(machine: Tree) -> None:
    password = machine.path / "etc/offhook/sip-password"
    assert (password.stat().st_mode & 0o777, password.read_text()) == (0o600, "")
    assert machine.run(["offhook", "config", "check"]) == "/etc/offhook/offhook.toml: good.\n"
    words = machine.run(["/usr/lib/offhook/appliance", "--help"])
    assert "provision" in words


def test_the_service_is_enabled_and_has_its_user(package: Path, machine: Tree) -> None:
    machine.run(["dpkg", "--install", package], paths=[package])
    assert machine.run(["systemctl", "--root=/", "is-enabled", "offhookd"]) == "enabled\n"
    assert "offhook:/usr/sbin/nologin" in machine.run(["getent", "passwd", "offhook"])
    assert machine.run(["systemd-analyze", "verify", "offhookd.service"]) == ""


def test_an_upgrade_keeps_the_settings_and_purging_leaves_nothing(
    package: Path, machine: Tree, tmp_path: Path
) -> None:
    before = _files(machine.path)
    newer = build(tmp_path / "newer", "0.2.0")
    machine.run(["dpkg", "--install", package], paths=[package])
    settings = machine.path / "etc/offhook/offhook.toml"
    password = machine.path / "etc/offhook/sip-password"
    settings.write_text(settings.read_text() + "\n# mine\n")
    password.write_text("secret\n")
    machine.run(["mkdir", "/var/lib/offhook"])

    machine.run(["dpkg", "--install", newer], paths=[newer])
    assert machine.run(["offhookd", "--version"]) == "offhookd 0.2.0\n"
    assert settings.read_text().endswith("# mine\n")
    assert (password.read_text(), password.stat().st_mode & 0o777) == ("secret\n", 0o600)

    machine.run(["dpkg", "--remove", "offhook"])
    assert not (machine.path / "usr/lib/offhook").exists()  # compiled modules are gone too
    assert settings.exists()
    assert password.exists()

    machine.run(["dpkg", "--purge", "offhook"])
    assert _files(machine.path) == before
