"""The drawn desk phone: one page, and a websocket between it and the simulated board.

    browser ── press, release, lift, put_down ─→ SimulatedBoard ─→ mock pins ─→ the service
    browser ←─ state, messages, levels ───────── pins, Status, ladder ←──────── the service

The page moves pins only: whatever it does, the owner of a telephone could do.  Only this machine
may open it (loopback address; Host and Origin are checked, so that no other page reaches it).
"""

import asyncio
import http
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from offhook.lab.board import SimulatedBoard
from offhook.lab.ladder import Ladder, Rung
from offhook.lab.media import Levels
from offhook.lab.services import SERVICES
from offhook.phone.settings import Function
from offhook.phone.station import Status
from offhook.units import Seconds

HOST: Final = "127.0.0.1"
PORT: Final = 8080
MAX_MESSAGE: Final = 1024  # bytes from the page
LOOK: Final = 0.05  # seconds between two looks at the telephone
PACE: Final = 0.06
"""Seconds between two moves, however late they come: the scanner must see each."""
PAGE: Final = Path(__file__).with_name("desk.html")
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self' ws:; img-src data:; base-uri 'none'; form-action 'none'"
)
_CAPTIONS: Final = {Function.FLASH: "Flash", Function.REDIAL: "Redial", Function.MUTE: "Mute"}

Json = dict[str, object]


@dataclass(slots=True)
class Desk:
    """What the page shows and moves."""

    board: SimulatedBoard
    ladder: Ladder
    status: Callable[[], Status]
    levels: Callable[[], Levels] = Levels
    functions: dict[str, Function] = field(default_factory=dict)
    """Keys that are no digits."""
    about: str = "a SIP desk phone"

    def hello(self) -> Json:
        """What a page needs once."""
        names = {key: _CAPTIONS[what] for key, what in self.functions.items()}
        return {
            "type": "hello",
            "about": self.about,
            "keys": [
                key for key in self.board.wiring.keys if key in "1234567890*#" or key in names
            ],
            "captions": names,
            "numbers": [[number, service.words] for number, service in SERVICES.items()],
        }

    def state(self) -> Json:
        """The telephone, as one sees it."""
        status, outputs = self.status(), self.board.outputs
        talked = [call.talked for call in status.calls if call.state in {"up", "held"}]
        return {
            "type": "state",
            "lifted": self.board.lifted,
            "commanded": status.lifted and not self.board.lifted,
            "pressed": sorted(self.board.pressed),
            "bell": outputs.bell,
            "lamp": outputs.lamp,
            "text": status.display,
            "tone": status.tone,
            "registered": status.registration if status.registered else "",
            "talking": int(talked[0]) if talked else None,
            "codec": next((call.codec for call in status.calls if call.codec), ""),
        }

    def loudness(self) -> Json:
        """What the exchange hears and says; whole dB are enough."""
        levels = self.levels()
        return {
            "type": "level",
            "heard": None if levels.heard is None else round(levels.heard),
            "spoken": None if levels.spoken is None else round(levels.spoken),
        }

    def obey(self, text: str | bytes, held: set[str]) -> None:
        """Move the board as the page asks; what is not understood is ignored."""
        try:
            message = json.loads(text)
        except ValueError:
            return
        match message:
            case {"do": "lift"}:
                self.board.lift()
            case {"do": "put_down"}:
                self.board.put_down()
            case {"do": "press", "key": str(key)} if key in self.board.wiring.keys:
                held.add(key)
                self.board.press(key)
            case {"do": "release", "key": str(key)} if key in held:
                held.discard(key)
                self.board.release(key)
            case _:
                pass


@dataclass(slots=True)
class DeskServer:
    """Serves the page and its websocket on one loopback port."""

    desk: Desk
    listener: socket.socket
    """Bound already, so that a port that is taken is known before anything starts."""
    _server: Server | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.listener.getsockname()[1])

    async def open(self) -> None:
        """Listen."""
        self._server = await serve(
            self._serve,
            sock=self.listener,
            process_request=self._page,
            max_size=MAX_MESSAGE,
            server_header=None,
        )

    async def close(self) -> None:
        """Close the page's connections and stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _page(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer everything that is not the websocket of our own page."""
        if request.headers.get("Host") not in self._names():
            return connection.respond(http.HTTPStatus.MISDIRECTED_REQUEST, "Not our name.\n")
        path = request.path.partition("?")[0]
        if path == "/board":
            wanted = {f"http://{name}" for name in self._names()}
            ours = request.headers.get("Origin") in wanted
            return (
                None if ours else connection.respond(http.HTTPStatus.FORBIDDEN, "Not our page.\n")
            )
        if path != "/":
            return connection.respond(http.HTTPStatus.NOT_FOUND, "Only / is here.\n")
        response = connection.respond(http.HTTPStatus.OK, PAGE.read_text(encoding="utf-8"))
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "text/html; charset=utf-8"
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    def _names(self) -> set[str]:
        return {f"{name}:{self.port}" for name in ("127.0.0.1", "localhost")}

    async def _serve(self, connection: ServerConnection) -> None:
        held: set[str] = set()
        try:
            async with asyncio.TaskGroup() as tasks:
                showing = tasks.create_task(self._show(connection))
                async for text in connection:
                    self.desk.obey(text, held)
                    await asyncio.sleep(PACE)
                showing.cancel()
        except* ConnectionClosed:
            pass  # the page was closed or reloaded
        finally:
            for key in held:  # no key stays down because a page went away
                self.desk.board.release(key)

    async def _show(self, connection: ServerConnection) -> None:
        await connection.send(json.dumps(self.desk.hello()))
        last: dict[object, Json] = {}
        seen = 0
        while True:
            for message in (self.desk.state(), self.desk.loudness()):
                if last.get(message["type"]) != message:
                    last[message["type"]] = message
                    await connection.send(json.dumps(message))
            rungs = self.desk.ladder.since(seen)
            seen = self.desk.ladder.count
            for text in _rungs(rungs):
                await connection.send(text)
            await asyncio.sleep(LOOK)


def _rungs(rungs: list[Rung]) -> Iterator[str]:
    for rung in rungs:
        yield json.dumps(
            {
                "type": "message",
                "at": Seconds(round(rung.at, 3)),
                "out": rung.out,
                "peer": str(rung.peer),
                "title": rung.title,
                "text": rung.text,
            }
        )
