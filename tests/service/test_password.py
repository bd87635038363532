"""Where the password may come from."""

import os
from pathlib import Path

import pytest

from offhook.service.password import read_password
from offhook.service.schema import ConfigError


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "sip-password"
    path.write_text("hunter2\n")
    path.chmod(0o600)
    return path


def refusal(path: Path, owner: int | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        read_password(path, {}, owner)
    return str(caught.value)


def test_a_file_of_our_own_with_mode_0600_is_read_without_its_line_end(secret: Path) -> None:
    assert read_password(secret, {}) == "hunter2"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o666, 0o601])
def test_a_file_that_others_may_touch_is_refused_with_the_command_that_mends_it(
    secret: Path, mode: int
) -> None:
    secret.chmod(mode)
    assert f"mode {mode:04o}" in refusal(secret)
    assert f"chmod 0600 {secret}" in refusal(secret)


def test_a_file_of_somebody_else_is_refused(secret: Path) -> None:
    assert f"chown {os.geteuid() + 1}" in refusal(secret, os.geteuid() + 1)


def test_a_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    assert "chmod 0600" in refusal(tmp_path / "none")


def test_a_credential_of_systemd_wins_over_the_file(secret: Path, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "sip-password").write_text("from-systemd")
    (credentials / "sip-password").chmod(0o440)
    assert read_password(secret, {"CREDENTIALS_DIRECTORY": str(credentials)}) == "from-systemd"


def test_an_empty_credential_names_the_file_it_is_made_from(tmp_path: Path) -> None:
    (tmp_path / "sip-password").touch()
    with pytest.raises(ConfigError, match="into /etc/offhook/sip-password"):
        read_password(tmp_path / "none", {"CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_a_file_that_only_root_may_read_says_so(
    secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert "sudo offhook config check" in refusal(secret)


def test_credentials_without_ours_leave_the_file(secret: Path, tmp_path: Path) -> None:
    assert read_password(secret, {"CREDENTIALS_DIRECTORY": str(tmp_path / "x")}) == "hunter2"


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"two\nlines\n", b"\xff\xfe", b"a" * 1025, b"a\0b"]
)
def test_a_file_that_holds_no_password_is_refused_and_not_shown(
    secret: Path, content: bytes
) -> None:
    secret.write_bytes(content)
    assert "two" not in refusal(secret)


def test_a_pipe_or_directory_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "not a regular file" in refusal(tmp_path / "pipe")
    (tmp_path / "directory").mkdir(0o700)
    assert "regular file" in refusal(tmp_path / "directory")
