"""One run of the lab: exchange, telephone and desk on one event loop."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from offhook.board.profile import load as load_profile
from offhook.entropy import Entropy
from offhook.lab.board import SimulatedBoard, Wiring
from offhook.lab.desk import Desk, DeskServer
from offhook.lab.household import Household, settle
from offhook.lab.ladder import Ladder
from offhook.lab.server import Server, Sockets
from offhook.service.config import Settings
from offhook.service.loop import Phone
from offhook.service.main import run
from offhook.service.serve import Hooks


@dataclass(slots=True)
class Session:
    """Made with everything bound, so that a port that is taken is known before anything starts."""

    household: Household
    sockets: Sockets
    page: socket.socket
    """Listens for browsers."""
    entropy: Entropy
    sound: bool
    ready: Callable[["Session"], None]
    """Called once the telephone runs."""
    settings: Settings = field(init=False)
    board: SimulatedBoard = field(init=False)
    ladder: Ladder = field(default_factory=Ladder)
    exchange: Server = field(init=False)

    def __post_init__(self) -> None:
        self.settings = settle(self.household, self.sockets.address, sound=self.sound)
        self.board = SimulatedBoard(Wiring.of(load_profile(self.settings.board)))
        self.exchange = Server(self.sockets, self.household.passwords, self.entropy)

    def run(self) -> int:
        """Until SIGINT or SIGTERM; the service's exit code."""
        try:
            return run(
                self.settings,
                pin_factory=self.board.pin_factory,
                hooks=Hooks(companion=self._beside, observe=self.ladder.see),
            )
        finally:
            self.page.close()
            self.sockets.close()

    async def _beside(self, phone: Phone) -> None:
        account = self.settings.account
        desk = Desk(
            board=self.board,
            ladder=self.ladder,
            status=phone.status,
            levels=lambda: self.exchange.exchange.levels,
            functions=dict(self.settings.phone.keypad.functions),
            about=f"a SIP desk phone, number {account.user if account else 'none'}",
        )
        server = DeskServer(desk, self.page)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.exchange.run())
            await server.open()
            try:
                self.ready(self)
                await asyncio.Event().wait()
            finally:
                await server.close()
