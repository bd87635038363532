"""A connection to the control socket of `offhookd`."""

import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from offhook.service.control_protocol import VERSION, Json

TIMEOUT: Final = 5.0  # seconds that an answer may take
MAX_ANSWER: Final = 1 << 22  # bytes of one line

NOT_RUNNING: Final = (
    "offhook: no answer at {path} ({error}).\nIs offhookd running?  systemctl status offhookd"
)
NOT_ALLOWED: Final = (
    "offhook: not allowed to use {path}.\nUse sudo, or join the group: "
    "sudo usermod -aG offhook $USER (then log in again)"
)


class ClientError(Exception):
    """What to tell the person; `code` is the exit code."""

    def __init__(self, words: str, code: int = 1) -> None:
        super().__init__(words)
        self.code = code


@dataclass(slots=True)
class Client:
    """One connection; `ask` and `lines` raise `ClientError`."""

    _socket: socket.socket
    _unread: bytearray = field(default_factory=bytearray)
    _last: int = 0

    @classmethod
    def connect(cls, path: Path) -> "Client":
        """Connect and check that we speak the same version."""
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        opened.settimeout(TIMEOUT)
        client = cls(opened)
        try:
            opened.connect(str(path))
            client._greet()
        except PermissionError as error:
            client.close()
            raise ClientError(NOT_ALLOWED.format(path=path), 4) from error
        except OSError as error:
            client.close()
            words = NOT_RUNNING.format(path=path, error=error.strerror or error)
            raise ClientError(words, 3) from error
        except ClientError:
            client.close()
            raise
        return client

    def ask(self, do: str, **arguments: Json) -> Mapping[str, Json]:
        """Send a request; its result."""
        self._last += 1
        request = json.dumps({"id": self._last, "do": do, **arguments})
        try:
            self._socket.sendall(request.encode() + b"\n")
        except OSError as error:
            raise ClientError(f"offhook: offhookd has gone ({error.strerror})", 3) from error
        answer = self._line()
        if answer.get("ok") is not True:
            raise ClientError(f"offhook: {answer.get('error', 'refused')}")
        result = answer.get("result")
        return result if isinstance(result, Mapping) else {}

    def lines(self) -> Iterator[Mapping[str, Json]]:
        """What comes unasked, for ever."""
        self._socket.settimeout(None)
        while True:
            yield self._line()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _greet(self) -> None:
        greeting = self._line()
        if greeting.get("offhook") != VERSION:
            words = str(greeting.get("error", f"it speaks version {greeting.get('offhook')}"))
            raise ClientError(f"offhook: cannot talk to offhookd: {words}", 3)

    def _line(self) -> Mapping[str, Json]:
        while (end := self._unread.find(b"\n")) < 0:
            if len(self._unread) > MAX_ANSWER:
                raise ClientError("offhook: the answer is too long", 3)
            try:
                data = self._socket.recv(65536)
            except TimeoutError as error:
                raise ClientError("offhook: offhookd does not answer", 3) from error
            except OSError as error:
                raise ClientError(f"offhook: offhookd has gone ({error.strerror})", 3) from error
            if not data:
                raise ClientError("offhook: offhookd has gone", 3)
            self._unread += data
        text = bytes(self._unread[:end])
        del self._unread[: end + 1]
        document = json.loads(text)
        return document if isinstance(document, dict) else {}
