"""The partition, mounted for a moment."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from offhook.appliance.card import DEVICE, MOUNT_POINT, Folder, Found, digest_of, mounted
from offhook.appliance.erase import Span
from offhook.appliance.tools import run


def test_it_is_read_only_until_something_must_be_written(tmp_path: Path) -> None:
    said: list[Sequence[str]] = []
    with mounted(tmp_path, said.append) as card:
        assert card.settings() == ()
        assert len(said) == 1
        card.report("good\n")
    device, point = str(tmp_path / DEVICE), str(tmp_path / MOUNT_POINT)
    assert [command[0] for command in said] == ["mount", "mount", "umount"]
    assert said[0][3:] == ["-o", said[0][4], device, point]
    assert said[0][4].startswith("ro,nosuid,nodev,noexec")
    assert said[1][2].startswith("remount,rw,")
    assert (tmp_path / MOUNT_POINT / "offhook-report.txt").read_bytes() == b"good\r\n"


def test_it_is_let_go_whatever_happens(tmp_path: Path) -> None:
    said: list[Sequence[str]] = []
    with pytest.raises(ZeroDivisionError), mounted(tmp_path, said.append):
        raise ZeroDivisionError
    assert said[-1][0] == "umount"


def test_only_settings_files_are_settings(tmp_path: Path) -> None:
    for name in ("OFFHOOK.TOML", "offhook-report.txt", "._offhook.toml", "offhook.toml.bak"):
        (tmp_path / name).write_text(name)
    assert Folder(tmp_path).settings() == (Found("OFFHOOK.TOML", b"OFFHOOK.TOML"),)


def test_only_the_bytes_named_are_written_over(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"0123456789")
    Folder(tmp_path).overwrite("x", [(2, Span(2, 4).blank), (8, Span(8, 1, quotes=False).blank)])
    assert (tmp_path / "x").read_bytes() == b'01""  67 9'


def test_names_and_contents_are_told_apart() -> None:
    several = [
        (), (Found("a", b""),), (Found("a", b"b"),), (Found("b", b"a"),),
        (Found("a", b"1"), Found("b", b"2")), (Found("a", b"1b\x001\x002"),),
    ]  # fmt: skip
    assert len(set(map(digest_of, several))) == len(several)


def test_a_tool_that_fails_says_so_in_its_own_words() -> None:
    with pytest.raises(OSError, match=r"ls: .*nowhere"):
        run(["ls", "/nowhere/at/all"])
    with pytest.raises(OSError, match="no-such-tool"):
        run(["no-such-tool"])
    assert run(["cat"], "given") == "given"


def test_a_tool_without_an_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("x", 1)

    monkeypatch.setattr(subprocess, "run", never)
    with pytest.raises(OSError, match="no end after"):
        run(["x"])
