"""The hook switch: from raw levels to lifted, put down and flash.

One machine.  A break of the raised switch may be bounce, a flash or the end; until that is known
the microphone is cut off (`Meaning.BROKEN`), and given back if it was nothing (`Meaning.MENDED`).

    level   ▔▔▔▔▔▔▔▔▔▔▔▔╲▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
    time                0            on_hook
    meaning          BROKEN          PUT_DOWN

Levels may be fed as often as one likes: one that is already known changes nothing, and one that
was missed is caught up with.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from offhook.phone.settings import HookSettings
from offhook.units import Seconds


class State(Enum):
    """Where the handset is, as far as can be told."""

    DOWN = auto()
    LIFTING = auto()  # up, perhaps bouncing
    UP = auto()
    BREAKING = auto()  # down: bounce, flash or end
    RETURNING = auto()  # up again, perhaps bouncing


class Input(Enum):
    """What may happen to the switch."""

    RAISED = auto()
    LOWERED = auto()
    SETTLED = auto()  # the level stayed as long as this state asks


class Meaning(Enum):
    """What it meant."""

    LIFTED = auto()
    PUT_DOWN = auto()
    FLASHED = auto()
    BROKEN = auto()  # perhaps the end: close the microphone now
    MENDED = auto()  # it was bounce: go on


Effect = Callable[["HookSwitch", Seconds], Iterator[Meaning]]


@dataclass(slots=True)
class HookSwitch:
    """Decides what the levels of the cradle switch mean."""

    settings: HookSettings
    state: State = State.DOWN
    level: bool = False
    """The last raw level; True is up."""
    _broken: Seconds = Seconds(0)
    _break: Seconds = Seconds(0)
    _deadline: Seconds | None = None

    @property
    def lifted(self) -> bool:
        """Off the cradle, for the telephone: a break is still part of it until it is decided."""
        return self.state in (State.UP, State.BREAKING, State.RETURNING)

    def edge(self, lifted: bool, now: Seconds) -> list[Meaning]:
        """The raw level is `lifted`: at an edge, or read again."""
        if lifted == self.level:
            return []
        self.level = lifted
        return self._step(Input.RAISED if lifted else Input.LOWERED, now)

    def force(self, lifted: bool) -> list[Meaning]:
        """Act as if lifted or put down by hand, until the real switch moves again."""
        if lifted == self.lifted:
            return []
        self.state = State.UP if lifted else State.DOWN
        self._deadline = None
        return [Meaning.LIFTED if lifted else Meaning.PUT_DOWN]

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        return self._deadline

    def tick(self, now: Seconds) -> list[Meaning]:
        """The level stayed until `now`."""
        if self._deadline is None or now < self._deadline:
            return []
        self._deadline = None
        return self._step(Input.SETTLED, now)

    def _step(self, what: Input, now: Seconds) -> list[Meaning]:
        step = TRANSITIONS.get((self.state, what))
        if step is None:
            return []  # a real move of a switch that was moved by command
        self.state, effect = step
        return list(effect(self, now))

    def _debounce(self, now: Seconds) -> Iterator[Meaning]:
        self._deadline = Seconds(now + self.settings.debounce)
        yield from ()

    def _drop(self, _now: Seconds) -> Iterator[Meaning]:
        self._deadline = None
        yield from ()

    def _lift(self, _now: Seconds) -> Iterator[Meaning]:
        yield Meaning.LIFTED

    def _open(self, now: Seconds) -> Iterator[Meaning]:
        self._broken = now
        self._wait(now)
        yield Meaning.BROKEN

    def _bounce(self, now: Seconds) -> Iterator[Meaning]:
        self._wait(now)
        yield from ()

    def _return(self, now: Seconds) -> Iterator[Meaning]:
        self._break = Seconds(now - self._broken)
        yield from self._debounce(now)

    def _judge(self, _now: Seconds) -> Iterator[Meaning]:
        flash = self.settings.flash
        flashed = flash is not None and flash.shortest <= self._break <= flash.longest
        yield Meaning.FLASHED if flashed else Meaning.MENDED

    def _end(self, _now: Seconds) -> Iterator[Meaning]:
        yield Meaning.PUT_DOWN

    def _wait(self, now: Seconds) -> None:
        flash = self.settings.flash
        longest = self.settings.on_hook if flash is None else flash.longest
        self._deadline = Seconds(now + max(self.settings.on_hook, longest))


TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, Effect]]] = {
    (State.DOWN, Input.RAISED): (State.LIFTING, HookSwitch._debounce),
    (State.LIFTING, Input.LOWERED): (State.DOWN, HookSwitch._drop),
    (State.LIFTING, Input.SETTLED): (State.UP, HookSwitch._lift),
    (State.UP, Input.LOWERED): (State.BREAKING, HookSwitch._open),
    (State.BREAKING, Input.RAISED): (State.RETURNING, HookSwitch._return),
    (State.BREAKING, Input.SETTLED): (State.DOWN, HookSwitch._end),
    (State.RETURNING, Input.LOWERED): (State.BREAKING, HookSwitch._bounce),
    (State.RETURNING, Input.SETTLED): (State.UP, HookSwitch._judge),
}
"""The cradle switch."""
