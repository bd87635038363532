"""The command, without a phone and with a pretended one."""

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from offhook.cli.main import main

HELLO = b'{"offhook":1,"version":"0.1.0"}\n'
Pretend = Callable[..., Path]


def test_without_a_daemon_it_says_what_to_look_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--socket", str(tmp_path / "none"), "status"]) == 3
    told = capsys.readouterr()
    assert "Is offhookd running?  systemctl status offhookd" in told.err
    assert told.out == ""


@pytest.mark.parametrize(
    "words", [[], ["reboot"], ["dial"], ["hook", "sideways"], ["test", "engine"], ["config"]]
)
def test_wrong_words_are_refused_with_usage(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: offhook" in capsys.readouterr().err


def test_checking_a_file_tells_every_problem_and_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "offhook.toml"
    path.write_text('[account]\nusr = "200"\n')
    assert main(["config", "check", str(path), "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)
    assert {"account.user", "account.domain", "account.usr"} <= {each["key"] for each in problems}


@pytest.mark.integration
class TestAgainstAPretendedPhone:
    """A socket that answers what the test says."""

    @pytest.fixture
    def pretend(self, tmp_path: Path) -> Pretend:
        def serve(*lines: bytes, greeting: bytes = HELLO) -> Path:
            path = tmp_path / "control"
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(path))
            listener.listen()

            def run() -> None:
                client, _ = listener.accept()
                with listener, client:
                    client.sendall(greeting)
                    if client.recv(4096):
                        client.sendall(b"".join(lines))

            threading.Thread(target=run, daemon=True).start()
            return path

        return serve

    def test_a_refusal_is_told_on_standard_error(
        self, pretend: Pretend, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = pretend(b'{"id":1,"ok":false,"error":"no key"}\n')
        assert main(["--socket", str(path), "key", "X"]) == 1
        assert capsys.readouterr().err == "offhook: no key\n"

    def test_json_stands_before_or_after_the_command(
        self, pretend: Pretend, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = pretend(b'{"id":1,"ok":true,"result":{"calls":[]}}\n')
        assert main(["--socket", str(path), "calls", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"calls": []}

    def test_a_phone_of_another_version_is_not_talked_to(
        self, pretend: Pretend, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = pretend(greeting=b'{"offhook":2}\n')
        assert main(["--socket", str(path), "status"]) == 3
        assert "version 2" in capsys.readouterr().err

    def test_a_phone_that_goes_away_is_told(
        self, pretend: Pretend, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["--socket", str(pretend()), "status"]) == 3
        assert "has gone" in capsys.readouterr().err

    def test_a_trace_is_drawn_until_the_phone_goes(
        self, pretend: Pretend, capsys: pytest.CaptureFixture[str]
    ) -> None:
        message = {"at": 1, "out": True, "local": "a:1", "peer": "b:2", "text": "BYE sip:x SIP/2.0"}
        trace = json.dumps({"trace": message}).encode() + b"\n"
        path = pretend(b'{"id":1,"ok":true,"result":{}}\n', trace)
        assert main(["--socket", str(path), "trace"]) == 3
        assert "- BYE -" in capsys.readouterr().out
