"""A real `offhookd` in a process of its own, on loopback, in a temporary directory."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

FIRMWARE = Path(__file__).parents[2] / "firmware"
PASSWORD = "correct-horse-battery"  # noqa: S105
PATIENCE = 20.0


@dataclass
class Daemon:
    """One phone; `start` returns when it is ready."""

    directory: Path
    server: tuple[str, int] = ("127.0.0.1", 9)
    extra: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    ready: bool = False

    @property
    def config(self) -> Path:
        return self.directory / "offhook.toml"

    @property
    def control(self) -> Path:
        return self.directory / "control"

    @property
    def state(self) -> Path:
        return self.directory / "state"

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    def write(self, mode: int = 0o600) -> None:
        """Write settings and password."""
        secret = self.directory / "sip-password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(mode)
        self.config.write_text(
            f'[account]\nuser = "200"\ndomain = "{self.server[0]}"\nport = {self.server[1]}\n'
            f'password_file = "{secret}"\n[service]\ncontrol_socket = "{self.control}"\n'
            f'state_directory = "{self.state}"\n{self.extra}'
        )

    def launch(self) -> "subprocess.Popen[bytes]":
        """Start the process without waiting."""
        environment = {**os.environ, "PYTHONPATH": str(FIRMWARE), **self.environment}
        with (self.directory / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "offhook.service", "--config", str(self.config)],
                stdout=log, stderr=log, env=environment,
            )  # fmt: skip
        return self.process

    def start(self) -> None:
        """Start it, and wait for READY=1 as systemd does."""
        notify = self.directory / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(str(notify))
            listener.settimeout(PATIENCE)
            self.environment["NOTIFY_SOCKET"] = str(notify)
            self.launch()
            while b"READY=1" not in listener.recv(4096):
                pass
        self.ready = True

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run `offhook`."""
        return subprocess.run(
            [sys.executable, "-m", "offhook.cli", "--socket", str(self.control), *words],
            capture_output=True, text=True, check=False, timeout=PATIENCE,
            env={**os.environ, "PYTHONPATH": str(FIRMWARE)},
        )  # fmt: skip

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextmanager
def daemon(
    directory: Path, server: tuple[str, int] = ("127.0.0.1", 9), extra: str = ""
) -> Iterator[Daemon]:
    """A phone that is ready, and gone afterwards."""
    phone = Daemon(directory, server, extra)
    phone.write()
    try:
        phone.start()
        yield phone
    finally:
        if phone.process is not None and phone.process.poll() is None:
            phone.process.kill()
            phone.process.wait()


class Registrar:
    """An exchange that challenges every REGISTER once and takes whatever answer comes."""

    def __init__(self, date: str = "") -> None:
        """`date`: what its clock shows, for the Date header; empty: it does not say."""
        self.date = f"Date: {date}\r\n" if date else ""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(PATIENCE)
        self.requests: list[str] = []

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.socket.getsockname()
        return str(host), int(port)

    def serve(self) -> None:
        """Answer until `close`; run it in a thread."""
        while True:
            data, source = self.socket.recvfrom(65535)
            if data == b"close":
                return
            text = data.decode()
            if not text.strip():
                continue
            self.requests.append(text)
            proved = re.search(r"(?im)^authorization:", text) is not None
            status = "200 OK" if proved else "401 Unauthorized"
            extra = 'WWW-Authenticate: Digest realm="pbx", nonce="n0nce", qop="auth"\r\n'
            if proved:
                [contact] = re.findall(r"(?im)^contact: *(.*?)\r$", text)
                extra = f"Contact: {contact}\r\n{self.date}"
            kept = re.findall(r"(?im)^(?:via|from|to|call-id|cseq):.*\n", text)
            answer = f"SIP/2.0 {status}\r\n{''.join(kept)}{extra}Content-Length: 0\r\n\r\n"
            self.socket.sendto(answer.encode(), source)

    def close(self) -> None:
        self.socket.sendto(b"close", self.address)
