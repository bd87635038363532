"""`offhook factory-reset` and `offhook config apply`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from offhook.cli import apply, factory_reset
from offhook.cli.client import ClientError
from offhook.cli.doctor.finding import Phone
from offhook.cli.factory_reset import reset
from offhook.cli.machine import Machine, Ran
from offhook.cli.main import main
from support import pi
from support.recorded import machine, programs

TOOL = "/usr/lib/offhook/appliance reset"


class TestFactoryReset:
    """Nothing is lost by a slip of the finger."""

    def here(self, root: Path, answer: str | Ran = "") -> Machine:
        return machine(root, pi.FILES, {TOOL: answer})

    def test_the_name_must_be_typed(self, tmp_path: Path) -> None:
        made = self.here(tmp_path)
        reset(made, "offhook-7f3a", sure=False, ask=lambda _: "offhook-7f3a")
        assert programs(made).ran == [TOOL]

    @pytest.mark.parametrize("typed", ["", "y", "offhook-7F3A", None])
    def test_anything_else_changes_nothing(self, tmp_path: Path, typed: str | None) -> None:
        made = self.here(tmp_path)
        with pytest.raises(ClientError):
            reset(made, "offhook-7f3a", sure=False, ask=lambda _: typed)
        assert programs(made).ran == []

    def test_yes_needs_nobody(self, tmp_path: Path) -> None:
        made = self.here(tmp_path)
        reset(made, "offhook-7f3a", sure=True, ask=lambda _: pytest.fail("asked"))
        assert programs(made).ran == [TOOL]

    def test_a_debian_machine_is_left_alone(self, tmp_path: Path) -> None:
        made = machine(tmp_path, answers={TOOL: ""})
        with pytest.raises(ClientError, match="/etc/offhook"):
            reset(made, "desk", sure=True)
        assert programs(made).ran == []

    def test_a_tool_that_fails_is_told(self, tmp_path: Path) -> None:
        made = self.here(tmp_path, Ran(74, "", "no factory reset error=read-only\n"))
        with pytest.raises(ClientError, match="read-only"):
            reset(made, "x", sure=True)

    def test_others_than_root_are_told_the_command(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(factory_reset, "Machine", lambda: machine(tmp_path, uid=1000))
        assert main(["factory-reset", "--yes"]) == 4
        assert "sudo offhook factory-reset" in capsys.readouterr().err


class TestApply:
    """Check, restart, wait."""

    RESTART = "systemctl restart offhookd.service"

    @pytest.fixture
    def settings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        (tmp_path / "sip-password").write_text("secret\n")
        (tmp_path / "sip-password").chmod(0o600)
        path = tmp_path / "offhook.toml"
        path.write_text(
            '[account]\nuser = "200"\ndomain = "pbx.example.org"\n'
            f'password_file = "{tmp_path}/sip-password"\n'
        )
        monkeypatch.setattr(apply, "DEFAULT_PATH", path)
        return path

    def use(self, monkeypatch: pytest.MonkeyPatch, made: Machine, *phones: Phone) -> None:
        looks: Iterator[Phone] = iter((*phones, *[phones[-1]] * 100))
        monkeypatch.setattr(apply, "Machine", lambda: made)
        monkeypatch.setattr(apply, "ask", lambda _socket, _machine: next(looks))
        monkeypatch.setattr("time.sleep", lambda _seconds: None)

    def test_good_settings_are_taken_and_the_registration_is_told(
        self, tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:  # fmt: skip
        made = machine(tmp_path / "m", pi.FILES, {self.RESTART: ""})
        trying = pi.phone(registered=False, registration="")
        self.use(monkeypatch, made, pi.PHONE, Phone(silent="starting"), trying, pi.PHONE)
        assert main(["config", "apply"]) == 0
        assert programs(made).ran == [self.RESTART]
        assert capsys.readouterr().out == (
            "ok   registrar     192.0.2.10:5060 answers\nok   registration  200 is registered\n"
        )

    def test_a_wrong_password_is_told_at_once_with_its_remedy(
        self, tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:  # fmt: skip
        made = machine(tmp_path / "m", pi.FILES, {self.RESTART: ""})
        wrong = pi.phone(registered=False, registration="403 wrong password")
        self.use(monkeypatch, made, pi.PHONE, wrong)
        assert main(["config", "apply"]) == 1
        assert "/etc/offhook/sip-password" in capsys.readouterr().out

    def test_wrong_settings_leave_the_phone_running(
        self, tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:  # fmt: skip
        settings.write_text('[account]\nuser = "200"\n')
        made = machine(tmp_path / "m", pi.FILES, {self.RESTART: ""})
        self.use(monkeypatch, made, pi.PHONE)
        assert main(["config", "apply"]) == 1
        told = capsys.readouterr().err
        assert "account.domain" in told
        assert told.endswith("nothing was changed\n")
        assert programs(made).ran == []

    def test_a_call_is_not_cut_off_unless_told(
        self, tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:  # fmt: skip
        made = machine(tmp_path / "m", pi.FILES, {self.RESTART: ""})
        self.use(monkeypatch, made, pi.phone(calls=[{"party": "600"}]))
        assert main(["config", "apply"]) == 1
        assert "--now" in capsys.readouterr().err
        assert main(["config", "apply", "--now"]) == 0

    def test_a_service_that_does_not_start_is_told(
        self, tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:  # fmt: skip
        made = machine(tmp_path / "m", pi.FILES, {self.RESTART: Ran(1, "", "Job failed.\n")})
        self.use(monkeypatch, made, pi.PHONE)
        assert main(["config", "apply"]) == 1
        assert "Job failed." in capsys.readouterr().err

    def test_waiting_ends(self) -> None:
        waits: list[float] = []
        trying = pi.phone(registered=False, registration="")
        assert apply.settled(lambda: trying, waits.append, patience=3.0) is trying
        assert sum(waits) == 3.0
