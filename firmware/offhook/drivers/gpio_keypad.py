"""A matrix of keys: rows are driven, columns are read.

    idle        all rows driven; a key pressed moves its column, whose edge wakes the scanner
    scanning    rows driven one by one, the columns read for each, every `rescan` seconds,
                until nothing is closed; then all rows are driven again

A row that is not driven floats (an input), so that two keys in one column cannot short two rows.
Debounce, ghosts and stuck keys are not decided here: whenever the set of closed contacts differs
from the last scan it is passed on.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from gpiozero import DigitalInputDevice, Factory, GPIODevice

from offhook.drivers.callbacks import Lost, guarded
from offhook.ports import Crosspoint
from offhook.units import Seconds

Listener = Callable[[frozenset[Crosspoint], Seconds], None]
Device = Any
"""gpiozero has no types."""
HEAL: Final = 0.25  # seconds after which the columns are looked at even without an edge
JOIN: Final = 1.0  # seconds to wait for the scanner at the end


class GpioKeypad:
    """`ports.Keypad`."""

    def __init__(
        self,
        rows: Sequence[int],
        columns: Sequence[int],
        *,
        pull: str,
        rescan: Seconds,
        settle: Seconds,
        pin_factory: Factory,
        now: Callable[[], Seconds],
        lost: Lost | None = None,
    ) -> None:
        """`pull` ("up" or "down") is of the columns; a driven row is at the other level."""
        self._driven = 0 if pull == "up" else 1
        self._rescan, self._settle = rescan, settle
        self._now, self._lost = now, lost
        self._tell: Listener | None = None
        self._closed: frozenset[Crosspoint] = frozenset()
        self._wake, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="keypad", daemon=True)
        self._devices: list[Device] = []
        try:
            self._rows = [self._row(pin, pin_factory) for pin in rows]
            self._columns = [self._column(pin, pull, pin_factory) for pin in columns]
        except BaseException:
            self._release()
            raise
        self._arm()
        self.checked = now()
        """When the scanner last looked: a sign of life."""

    def listen(self, listener: Listener) -> None:
        """Pass on every change of the closed contacts; starts the scanner."""
        self._tell = guarded("keypad", listener, self._lost)
        if not self._thread.is_alive():
            self._thread.start()

    def close(self) -> None:
        """End the scanner and let go of all lines."""
        self._ended.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(JOIN)
        self._release()

    def scan(self) -> frozenset[Crosspoint]:
        """Look once, and pass the closed contacts on if they differ from those of the last scan."""
        at = self._now()
        closed = self._look() if self._touched() else frozenset()
        self.checked = at
        if closed != self._closed:
            self._closed = closed
            if self._tell is not None:
                self._tell(closed, at)
        return closed

    def _run(self) -> None:
        while not self._ended.is_set():
            self._wake.clear()
            pause = self._rescan if self.scan() else HEAL
            if pause == self._rescan:
                self._ended.wait(pause)
            else:
                self._wake.wait(pause)

    def _touched(self) -> bool:
        """All rows are driven: whether any column shows a contact."""
        return any(column.value for column in self._columns)

    def _look(self) -> frozenset[Crosspoint]:
        closed: set[Crosspoint] = set()
        for row in self._rows:
            row.pin.function = "input"
        for number, row in enumerate(self._rows):
            self._drive(row)
            time.sleep(self._settle)
            closed |= {Crosspoint(number, c) for c, each in enumerate(self._columns) if each.value}
            row.pin.function = "input"
        self._arm()
        return frozenset(closed)

    def _arm(self) -> None:
        for row in self._rows:
            self._drive(row)

    def _drive(self, row: Device) -> None:
        row.pin.output_with_state(self._driven)

    def _row(self, pin: int, factory: Factory) -> Device:
        device = GPIODevice(pin, pin_factory=factory)
        self._devices.append(device)
        return device

    def _column(self, pin: int, pull: str, factory: Factory) -> Device:
        device = DigitalInputDevice(pin, pull_up=pull == "up", pin_factory=factory)
        self._devices.append(device)
        device.when_activated = device.when_deactivated = self._wake.set
        return device

    def _release(self) -> None:
        for device in self._devices:
            device.close()
        self._devices.clear()
