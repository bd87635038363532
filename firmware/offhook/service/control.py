"""The control socket's server.  The words are in `control_protocol.py`."""

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from offhook.service import control_protocol
from offhook.service.control_protocol import MAX_LINE, Json, RefusedError, Request, parse, refused

MAX_CLIENTS: Final = 8
MAX_UNSENT: Final = 1 << 20  # bytes a client may leave unread before it is cut off
MODE: Final = 0o660  # whoever is in the group of the service may drive the phone


@dataclass(slots=True)
class Clients:
    """Everybody connected, and what each listens to."""

    obey: Callable[["Client", Request], None]
    """Do it, and answer with `Client.done` or `Client.refuse`, now or later."""
    version: str
    connected: set["Client"] = field(default_factory=set)

    def tell(self, topic: str, document: Json) -> None:
        """Send a line to all who asked for this topic ("trace", "keys")."""
        for client in [client for client in self.connected if topic in client.topics]:
            client.send(control_protocol.line({topic: document}))

    def wanted(self, topic: str) -> bool:
        """Whether anybody listens: what nobody reads need not be written."""
        return any(topic in client.topics for client in self.connected)


class Client(asyncio.Protocol):
    """One connection: bytes to lines to requests."""

    def __init__(self, clients: Clients) -> None:
        self.topics: set[str] = set()
        self._clients = clients
        self._unread = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, or say that the house is full."""
        self._transport = cast(asyncio.Transport, transport)  # a stream's always is
        if len(self._clients.connected) >= MAX_CLIENTS:
            self.send(refused(0, f"already {MAX_CLIENTS} clients"))
            self.close()
            return
        self._clients.connected.add(self)
        self.send(control_protocol.hello(self._clients.version))

    def connection_lost(self, _exc: Exception | None) -> None:
        """Forget it."""
        self._clients.connected.discard(self)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Handle every whole line."""
        *lines, self._unread = (self._unread + data).split(b"\n")
        for text in lines:
            if self._transport is None or self not in self._clients.connected:
                return
            self._handle(text)
        if len(self._unread) > MAX_LINE:
            self.send(refused(0, f"a line is at most {MAX_LINE} bytes"))
            self.close()

    def done(self, request: Request, **result: Json) -> None:
        """Answer that it was done."""
        self.send(control_protocol.done(request.id, result))

    def refuse(self, request: Request, words: str) -> None:
        """Answer that it was not."""
        self.send(refused(request.id, words))

    def send(self, data: bytes) -> None:
        """Send a line; a client that does not read is cut off."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > MAX_UNSENT:
            self._transport.abort()

    def close(self) -> None:
        """Hang up after what is still to be sent."""
        if self._transport is not None:
            self._transport.close()

    def _handle(self, text: bytes) -> None:
        if len(text) > MAX_LINE:
            self.send(refused(0, f"a line is at most {MAX_LINE} bytes"))
            return
        if not text.strip():
            return
        try:
            request = parse(text)
        except RefusedError as error:
            self.send(refused(0, str(error)))
            return
        try:
            self._clients.obey(self, request)
        except RefusedError as error:
            self.refuse(request, str(error))


async def listen(path: Path, clients: Clients) -> asyncio.Server:
    """Bind and serve.  Raises `OSError`: another phone runs, or the directory is missing."""
    listener = _bound(path)
    loop = asyncio.get_running_loop()
    return await loop.create_unix_server(lambda: Client(clients), sock=listener)


def _bound(path: Path) -> socket.socket:
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    before = os.umask(0o777 & ~MODE)  # never open to more, not even for a moment
    try:
        listener.setblocking(False)
        listener.bind(str(path))
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def _remove_stale(path: Path) -> None:
    """Remove the socket of a phone that died; raise if one still answers there."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise FileExistsError(f"{path} is there and is no socket")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
            else:
                raise FileExistsError(f"a phone is already running at {path}")
