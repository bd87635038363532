"""Debian's baresip as a second phone: speech in from a file, what it hears into a file."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from support.ports import free_ports
from support.process import PATIENCE, Program

MODULES: Final = Path("/usr/lib/baresip/modules")
CONFIG: Final = """
poll_method epoll
sip_listen 127.0.0.1:{sip}
call_max_calls 4
audio_player aubridge,{name}
audio_source aufile,{speech}
audio_alert aubridge,alert
audio_srate 8000-8000
audio_channels 1-1
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports {rtp_low}-{rtp_high}
net_interface 127.0.0.1
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
snd_path {directory}
sip_autoanswer_beep no
"""

ALSA_CONFIG: Final = """
poll_method epoll
sip_listen 127.0.0.1:{sip}
call_max_calls 4
audio_player alsa,{ear}
audio_source alsa,{mic}
audio_alert aubridge,alert
audio_srate 8000-8000
audio_channels 1-1
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports {low}-{high}
net_interface 127.0.0.1
module_path {modules}
module g711.so
module alsa.so
module aubridge.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""
"""With a sound card, and nothing said of delay: as it comes."""


@dataclass(slots=True)
class Baresip:
    """A running baresip, driven over its control port (JSON in netstrings)."""

    program: Program
    control: socket.socket
    directory: Path
    uri: str
    _buffer: bytes = b""
    events: list[dict[str, object]] = field(default_factory=list)

    def registered(self) -> None:
        """Wait until its registrar said yes."""
        self.program.wait_for(r"200 OK .*binding")

    def command(self, command: str, params: str = "") -> None:
        """Give a command of its menu, such as dial, accept, hangup, sndcode."""
        message = json.dumps({"command": command, "params": params, "token": command}).encode()
        self.control.sendall(b"%d:%s," % (len(message), message))

    def wait_for(self, kind: str) -> dict[str, object]:
        """The next event of this type, such as CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED."""
        while True:
            message = self._next(kind)
            if message.get("event"):
                self.events.append(message)
            if message.get("type") == kind:
                return message

    def heard(self) -> Path:
        """The recording of what it decoded in its last call."""
        return max(self.directory.glob("dump-*-dec.wav"), key=lambda path: path.stat().st_mtime)

    def _next(self, kind: str) -> dict[str, object]:
        while (message := self._parse()) is None:
            try:
                data = self.control.recv(65536)
            except TimeoutError:
                raise AssertionError(
                    f"no {kind}, only {self.events}:\n{self.program.log}"
                ) from None
            assert data, f"baresip closed its control port:\n{self.program.log}"
            self._buffer += data
        return message

    def _parse(self) -> dict[str, object] | None:
        head, colon, rest = self._buffer.partition(b":")
        if not colon or len(rest) <= int(head):
            return None
        size = int(head)
        self._buffer = rest[size + 1 :]
        parsed: dict[str, object] = json.loads(rest[:size])
        return parsed


@contextmanager
def baresip(directory: Path, account: str, speech: Path, name: str = "ear") -> Iterator[Baresip]:
    """A phone with this account line; `speech` is what it says."""
    home = directory / f"baresip-{name}"
    home.mkdir()
    sip, control = free_ports(2, span=4)
    (home / "config").write_text(
        CONFIG.format(
            sip=sip,
            control=control,
            name=name,
            speech=speech,
            directory=home,
            modules=MODULES,
            rtp_low=sip + 2000 if sip < 50000 else sip - 20000,
            rtp_high=sip + 2200 if sip < 50000 else sip - 19800,
        )
    )
    (home / "accounts").write_text(account.format(port=sip) + "\n")
    with Program(["baresip", "-f", str(home)]) as program:
        program.wait_for(r"baresip is ready")
        with socket.create_connection(("127.0.0.1", control), timeout=PATIENCE) as connection:
            yield Baresip(program, connection, home, f"sip:{name}@127.0.0.1:{sip}")
