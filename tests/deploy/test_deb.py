"""The Debian package: what it is made of, before any tool of Debian sees it."""

import argparse
import re
import subprocess
import sys
import tomllib
import zipfile
from difflib import ndiff
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from builder import deb, licences, wheels
from builder.say import BuildError
from builder.spec import ROOT
from builder.tree import Release
from offhook.cli import main as cli
from offhook.service.config import load

DEB = ROOT / "deploy" / "deb"
CONTROL = licences.fields((DEB / "control").read_text().split("\n\n")[1])
PINNED = re.findall(
    r"(?m)^([\w-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\\n|$))+)",
    (DEB / "wheels.txt").read_text() + (DEB / "sdists.txt").read_text(),
)
RELEASE = Release("1.2.3", 1_700_000_000)


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Stands for the compiled Python packages."""
    path = tmp_path / "packages"
    (path / "alsaaudio").mkdir(parents=True)
    (path / "alsaaudio" / "__init__.py").write_text("")
    return path


@pytest.fixture
def tree(tmp_path: Path, packages: Path) -> Path:
    path = tmp_path / "tree"
    deb.lay_out(path, packages, RELEASE)
    return path


def test_the_unit_is_that_of_make_install_but_for_where_programs_lie() -> None:
    before = (ROOT / "deploy/systemd/offhookd.service").read_text()
    after = deb.unit(before)
    changed = [line for line in ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
    assert changed == [
        "- # The telephone.  Installed by `make install` to /opt/offhook; settings in "
        "/etc/offhook/offhook.toml.",
        "+ # The telephone.  Settings in /etc/offhook/offhook.toml.",
        "- ExecStart=/opt/offhook/bin/offhookd",
        "+ ExecStart=/usr/bin/offhookd",
        "- ExecStopPost=-/opt/offhook/bin/offhookd --outputs-off",
        "+ ExecStopPost=-/usr/bin/offhookd --outputs-off",
    ]


def test_the_programs_see_neither_the_environment_nor_other_packages() -> None:
    for name in ("offhook", "offhookd", "appliance"):
        assert (DEB / name).read_text().startswith("#!/usr/bin/python3 -IS\n"), name


def test_the_lab_stays_at_the_desk(tree: Path) -> None:
    inside = {path.name for path in (tree / "usr/lib/offhook/offhook").iterdir()}
    assert {"service", "cli", "appliance", "__init__.py"} <= inside
    assert not inside & {"lab", "__pycache__"}
    assert not list(tree.rglob("*.pyc"))


def test_the_phone_runs_from_the_packed_tree_and_says_the_packed_version(tree: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(tree / 'usr/lib/offhook')!r});"
        "from offhook.service.version import VERSION; print(VERSION)"
    )
    said = subprocess.check_output([sys.executable, "-ISc", program], text=True)
    assert said == "1.2.3\n"


def test_everything_is_readable_and_only_programs_run(tree: Path) -> None:
    deb.settle(tree, RELEASE.epoch)
    programs = {
        path.relative_to(tree).as_posix()
        for path in tree.rglob("*")
        if path.is_file() and path.stat().st_mode & 0o111
    }
    assert programs == {
        "usr/bin/offhook", "usr/bin/offhookd", "usr/lib/offhook/appliance",
        "DEBIAN/postinst", "DEBIAN/prerm", "DEBIAN/postrm",
    }  # fmt: skip
    assert {path.stat().st_mode & 0o777 for path in tree.rglob("*")} == {0o755, 0o644}
    assert {path.stat().st_mtime for path in tree.rglob("*")} == {RELEASE.epoch}


def test_the_checksums_are_of_all_but_settings_and_scripts(tree: Path) -> None:
    listed = {line.split("  ")[1] for line in deb.md5sums(tree).splitlines()}
    files = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
    left = files - listed
    assert {"etc/offhook/offhook.toml", "DEBIAN/postinst"} <= left
    assert all(name.startswith(("etc/", "DEBIAN/")) for name in left)


def test_settings_are_kept_by_dpkg(tree: Path) -> None:
    assert (tree / "DEBIAN/conffiles").read_text() == "/etc/offhook/offhook.toml\n"


def test_a_fresh_phone_starts_and_says_that_it_is_not_set_up(tree: Path) -> None:
    """No exchange of an example is ever called; the three lines need only lose their `#`."""
    settings = load(tree / "etc/offhook/offhook.toml", {})
    assert settings.account is None
    before = (ROOT / "deploy/offhook.toml").read_text().splitlines()
    after = (tree / "etc/offhook/offhook.toml").read_text().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [old for old, _ in changed] == [new.removeprefix("#") for _, new in changed]
    assert [old.split()[0] for old, _ in changed] == ["[account]", "user", "domain"]


@pytest.mark.parametrize("name", ["postinst", "prerm", "postrm"])
def test_the_scripts_are_plain_shell(name: str) -> None:
    subprocess.run(["sh", "-n", DEB / name], check=True)
    assert "\nset -e\n" in (DEB / name).read_text()


def test_an_update_restarts_what_a_first_installation_starts() -> None:
    script = (DEB / "postinst").read_text()
    assert 'if [ -n "$2" ]; then action=restart; else action=start; fi' in script
    assert "deb-systemd-invoke $action offhookd.service" in script


def test_it_is_for_the_python_that_its_packages_were_compiled_for() -> None:
    major, minor = map(int, wheels.PYTHON.split("."))
    assert f"python3 (>= {major}.{minor}), python3 (<< {major}.{minor + 1})" in CONTROL["Depends"]


def test_the_library_that_no_tool_can_see_is_named() -> None:
    """G.729 is loaded with ctypes; dpkg-shlibdeps knows only what the linker knows."""
    assert "libbcg729-0," in CONTROL["Depends"]


def test_every_python_package_of_the_project_is_pinned_by_checksum() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = {name: version for name, version, _ in PINNED}
    for text in [*project["dependencies"], "colorzero", "pyserial"]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(pinned[wanted.name]), text
    lines = (DEB / "wheels.txt").read_text() + (DEB / "sdists.txt").read_text()
    assert len(re.findall(r"(?m)^[^#\s]", lines)) == len(PINNED)


def test_the_versions_are_those_that_are_tested() -> None:
    tested = re.findall(r"(?m)^([\w-]+)==(\S+)$", (ROOT / "deploy/dev/constraints.txt").read_text())
    both = {name for name, _, _ in PINNED} & {name for name, _ in tested}
    assert both >= {"gpiozero", "lgpio", "pyalsaaudio", "systemd-python"}
    assert {(name, version) for name, version, _ in PINNED if name in both} <= set(tested)


def test_every_package_of_others_has_its_place_in_the_copyright_file() -> None:
    text = (DEB / "copyright").read_text()
    modules = {
        "audioop-lts": "audioop/*", "colorzero": "colorzero/*", "gpiozero": "gpiozero/*",
        "pyserial": "serial/*", "lgpio": "lgpio.py", "pyalsaaudio": "alsaaudio*",
        "systemd-python": "systemd/*",
    }  # fmt: skip
    assert set(modules) == {name for name, _, _ in PINNED}
    assert all(f"usr/lib/offhook/{module}" in text for module in modules.values())
    assert {"GPL-3+", "LGPL-2.1+", "BSD-3-clause"} <= set(licences.of_debian(text))


def test_the_manual_knows_every_command() -> None:
    page = (DEB / "offhook.1").read_text().replace("\\", "")
    parser = cli._parser([])
    [commands] = [
        action.choices
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    told = {line.split()[1].strip('"') for line in re.findall(r"(?m)^\.BI? .*|^\.BR .*", page)}
    assert set(commands) <= told


def test_the_manual_knows_every_option_of_the_service() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "offhook.service", "--help"],
        env={"PYTHONPATH": str(ROOT / "firmware")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    page = (DEB / "offhookd.8").read_text().replace("\\", "")
    assert all(
        option in page for option in set(re.findall(r"--\w[\w-]*", done.stdout)) - {"--help"}
    )


# --- Python packages ---------------------------------------------------------------------------


def _wheel(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/") + ".py", text)
    return path


def test_two_packages_with_one_file_are_refused(tmp_path: Path) -> None:
    wheels.unpack(_wheel(tmp_path / "a-1-any.whl", a__b="1"), tmp_path / "site")
    with pytest.raises(BuildError, match="which another package has"):
        wheels.unpack(_wheel(tmp_path / "b-1-any.whl", a__b="2"), tmp_path / "site")
    assert (tmp_path / "site/a/b.py").read_text() == "1"


def test_what_a_phone_never_imports_is_left_out(tmp_path: Path) -> None:
    for name in ("x-1.dist-info/METADATA", "x-1.dist-info/entry_points.txt", "x/data.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("#!/usr/bin/env python\nx = 1\n")
    kept = sorted(tmp_path.rglob("*"))
    for name in ("x-1.dist-info/RECORD", "x-1.dist-info/LICENSE.txt", "x/data.pyi", "x/py.typed"):
        (tmp_path / name).write_text("")
    wheels.trim(tmp_path)
    assert sorted(tmp_path.rglob("*")) == kept
    assert not (tmp_path / "x/data.py").read_text().startswith("#!")


def test_the_list_of_releases_is_what_lay_there(tmp_path: Path) -> None:
    (tmp_path / "audioop_lts-0.2.2-cp313-abi3-manylinux1_x86_64.whl").write_bytes(b"w")
    (tmp_path / "lgpio-0.2.2.0.tar.gz").write_bytes(b"s")
    (tmp_path / "systemd-python-235.tar.gz").write_bytes(b"s")
    rows = wheels.listed(tmp_path.iterdir())
    assert re.findall(r'"(?:name|version)": "([^"]+)"', rows) == [
        "audioop-lts", "0.2.2", "lgpio", "0.2.2.0", "systemd-python", "235",
    ]  # fmt: skip
    assert "50e721e49c013f00c62cf59f2163542a9d8df02464efeb615d31051b0fddc326" in rows  # of "w"


@pytest.mark.parametrize(
    ("arch", "compiler"), [("arm64", "aarch64-linux-gnu-gcc"), ("amd64", "x86_64-linux-gnu-gcc")]
)
def test_extensions_are_compiled_for_the_machine_they_are_for(arch: str, compiler: str) -> None:
    environment = wheels.environment(arch)
    assert environment["CC"] == compiler
    assert environment["_PYTHON_HOST_PLATFORM"].endswith(compiler.split("-", maxsplit=1)[0])
    assert "-g0" in environment["CFLAGS"]  # debug information would tell where it was built
