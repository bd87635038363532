"""An event loop of one timer in virtual time."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class FakeTimer:
    at: float
    callback: Callable[[], None]
    cancelled: bool = False

    def when(self) -> float:
        return self.at

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class FakeLoop:
    """What `service.loop.Phone` uses of asyncio's loop."""

    clock: float = 100.0
    timers: list[FakeTimer] = field(default_factory=list)
    soon: list[Callable[[], None]] = field(default_factory=list)
    handler: Callable[[Any, Mapping[str, Any]], None] | None = None

    def time(self) -> float:
        return self.clock

    def call_at(self, at: float, callback: Callable[[], None]) -> FakeTimer:
        self.timers.append(FakeTimer(at, callback))
        return self.timers[-1]

    def call_soon(self, callback: Callable[..., None], *arguments: object) -> None:
        self.soon.append(lambda: callback(*arguments))

    call_soon_threadsafe = call_soon

    def set_exception_handler(self, handler: Callable[[Any, Mapping[str, Any]], None]) -> None:
        self.handler = handler

    def pending(self) -> list[FakeTimer]:
        return [timer for timer in self.timers if not timer.cancelled]

    def run_soon(self) -> None:
        while self.soon:
            self.soon.pop(0)()

    def advance(self, to: float) -> None:
        """Let virtual time pass, firing timers on the way."""
        self.run_soon()
        while due := [timer for timer in self.pending() if timer.at <= to]:
            timer = min(due, key=lambda each: each.at)
            self.timers.remove(timer)
            self.clock = max(self.clock, timer.at)
            timer.callback()
            self.run_soon()
        self.clock = to

    def real(self) -> asyncio.AbstractEventLoop:
        """Itself, for a signature."""
        return self  # type: ignore[return-value]
