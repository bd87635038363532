"""The simulated board: gpiozero's mock pins joined by wires that behave like wires.

    row ─────┬────┬────┬───     A pressed key joins its row with its column.  Whatever net
             /    /    /        results takes the level of a pin that drives it (low wins),
    column ──┘    │    │        else that of its pull resistors.  So a driven row pulls the
    column ───────┘    │        column of a pressed key, and three keys at the corners of a
    column ────────────┘        rectangle close the fourth, as in a matrix without diodes.

`SimulatedBoard` moves the handset and the keys, and lets bell and lamp be watched.  The telephone
itself sees nothing but pins.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Final

from gpiozero import Factory
from gpiozero.pins.mock import MockFactory, MockPWMPin

from offhook.board.profile import Profile
from offhook.ports import Crosspoint
from offhook.units import Hertz

ON_OFF_BUZZER: Final = Hertz(0)
"""What an observer is told when a buzzer without pitch sounds."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """Which pins the parts of the simulated telephone hang on (BCM numbers)."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    keys: Mapping[str, Crosspoint]
    hook: int
    hook_closed_when_lifted: bool = False
    """Which way the switch works; closed, it ties the pin to ground."""
    hook_to_ground: bool = True
    """False: a closed switch ties the pin to 3.3 V."""
    bell: int | None = None
    bell_active_high: bool = True
    lamp: int | None = None
    lamp_active_high: bool = True

    @classmethod
    def of(cls, profile: Profile) -> "Wiring":
        """As a board profile says.  Raises ValueError when it lacks hook or keypad."""
        hook, pad = profile.hook, profile.keypad
        if hook is None or pad is None:
            raise ValueError(f"board {profile.name!r} has no hook or no keypad to simulate")
        return cls(
            rows=pad.rows,
            columns=pad.columns,
            keys={key: at for at, key in pad.keys.items()},
            hook=hook.pin,
            hook_closed_when_lifted=hook.closed_when_lifted,
            hook_to_ground=hook.pull == "up",
            bell=profile.bell.pin if profile.bell else None,
            bell_active_high=profile.bell.active_high if profile.bell else True,
            lamp=profile.lamp.pin if profile.lamp else None,
            lamp_active_high=profile.lamp.active_high if profile.lamp else True,
        )


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a person in front of the telephone would hear and see."""

    bell: Hertz | None
    """None is silence, `ON_OFF_BUZZER` a buzzer that has one pitch only."""
    lamp: bool


Watcher = Callable[[Outputs], None]


class _WiredPin(MockPWMPin):  # type: ignore[misc]  # gpiozero has no types
    """A mock pin that tells the wires when it is driven, and is told its level by them."""

    def _change_state(self, value: float) -> bool:
        """As the parent, without the history: that grows for ever under a scanned matrix."""
        changed = bool(self._state != value)
        self._state: float = value
        self._last_change = monotonic()
        return changed

    def _set_function(self, value: str) -> None:
        super()._set_function(value)
        self.factory.settle()

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        self.factory.settle()

    def _set_state(self, value: float) -> None:
        super()._set_state(value)
        self.factory.settle()

    def _set_frequency(self, value: float | None) -> None:
        super()._set_frequency(value)
        self.factory.settle()

    @property
    def driven(self) -> bool | None:
        """The level it forces on its net; None for an input."""
        return bool(self._state) if self._function == "output" else None

    @property
    def pulled(self) -> bool | None:
        """The level of its resistor; None while floating."""
        return {"up": True, "down": False}.get(self._pull)

    @property
    def duty(self) -> float:
        """Share of the time an output is high."""
        return float(self._state) if self._function == "output" else 0.0


class _WiredFactory(MockFactory):  # type: ignore[misc]  # gpiozero has no types
    """A factory of wired pins."""

    def __init__(self, settle: Callable[[], None]) -> None:
        super().__init__(pin_class=_WiredPin)
        self._settle = settle

    def settle(self) -> None:
        """A pin changed by itself."""
        self._settle()


@dataclass(slots=True)
class SimulatedBoard:
    """Hands on the simulated telephone.  Every method may be called from any thread.

    One lock keeps keys and levels consistent, because the driver's threads and the lab's loop both
    arrive here; it is never held while somebody else's code runs.
    """

    wiring: Wiring
    _factory: _WiredFactory = field(init=False)
    _pressed: set[str] = field(default_factory=set)
    _lifted: bool = False
    _watchers: tuple[Watcher, ...] = ()
    _shown: Outputs = Outputs(None, lamp=False)
    _lock: Lock = field(default_factory=Lock)
    _matrix: list[tuple[int, ...]] = field(default_factory=list)
    """Row and column pins that are joined by the keys held down."""
    _found: dict[int, _WiredPin] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._factory = _WiredFactory(self._settle)
        self._rewire()

    @property
    def pin_factory(self) -> Factory:
        """Hand this to the service."""
        return self._factory

    @property
    def outputs(self) -> Outputs:
        """Bell and lamp now."""
        return self._shown

    @property
    def lifted(self) -> bool:
        """True while the handset is up."""
        return self._lifted

    @property
    def pressed(self) -> frozenset[str]:
        """Keys held down."""
        with self._lock:
            return frozenset(self._pressed)

    def press(self, key: str) -> None:
        """Push a key down and keep it there.  Raises KeyError for a key that the board lacks."""
        self.wiring.keys[key]
        with self._lock:
            self._pressed.add(key)
            self._rewire()
        self._settle()

    def release(self, key: str) -> None:
        """Let go of a key; nothing happens if it is up."""
        with self._lock:
            self._pressed.discard(key)
            self._rewire()
        self._settle()

    def lift(self) -> None:
        """Take the handset."""
        self._lifted = True
        self._settle()

    def put_down(self) -> None:
        """Put the handset back."""
        self._lifted = False
        self._settle()

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` at each change of bell or lamp, on whatever thread changed it."""
        with self._lock:
            self._watchers += (watcher,)

    def _settle(self) -> None:
        with self._lock:
            moved = [pin for net, level in self._nets() for pin in self._follow(net, level)]
            outputs = self._listen()
            news = outputs != self._shown
            self._shown = outputs
            watchers = self._watchers if news else ()
        for pin in moved:
            _announce(pin)
        for watcher in watchers:
            watcher(outputs)

    def _nets(self) -> Iterable[tuple[tuple[int, ...], bool | None]]:
        """Pins that are joined, with the level that the hook switch forces on them."""
        wiring = self.wiring
        closed = self._lifted == wiring.hook_closed_when_lifted
        yield (wiring.hook,), (not wiring.hook_to_ground) if closed else None
        for net in self._matrix:
            yield net, None

    def _rewire(self) -> None:
        wiring = self.wiring
        contacts = [wiring.keys[key] for key in self._pressed]
        joined = [(wiring.rows[at.row], wiring.columns[at.column]) for at in contacts]
        self._matrix = _join(joined, wiring.rows + wiring.columns)

    def _follow(self, net: tuple[int, ...], forced: bool | None) -> list[_WiredPin]:
        """Give the inputs of `net` its level; return those that moved."""
        pins = [pin for number in net if (pin := self._pin(number)) is not None]
        level = _level([forced, *(pin.driven for pin in pins)])
        if level is None:
            level = _level([pin.pulled for pin in pins])
        return [
            pin
            for pin in pins
            if level is not None and pin.driven is None and pin._change_state(level)
        ]

    def _listen(self) -> Outputs:
        bell, lamp = self._pin(self.wiring.bell), self._pin(self.wiring.lamp)
        return Outputs(
            bell=_sounding(bell, active_high=self.wiring.bell_active_high),
            lamp=_lit(lamp, active_high=self.wiring.lamp_active_high),
        )

    def _pin(self, number: int | None) -> _WiredPin | None:
        """The pin, if the telephone has taken it yet."""
        if number is None:
            return None
        if number not in self._found:
            for info, pin in list(self._factory.pins.items()):
                if info.name == f"GPIO{number}":
                    self._found[number] = pin
        return self._found.get(number)


def _level(candidates: Iterable[bool | None]) -> bool | None:
    """What wins on one wire: a low, else a high, else nobody."""
    levels = [level for level in candidates if level is not None]
    return all(levels) if levels else None


def _join(edges: Iterable[tuple[int, int]], pins: Iterable[int]) -> list[tuple[int, ...]]:
    """Connected groups of `pins`."""
    group = {pin: {pin} for pin in pins}
    for one, other in edges:
        merged = group[one] | group[other]
        for pin in merged:
            group[pin] = merged
    return [tuple(sorted(net)) for net in {id(net): net for net in group.values()}.values()]


def _announce(pin: _WiredPin) -> None:
    rising = bool(pin._state)
    wanted = pin._edges in {"both", "rising" if rising else "falling"}
    if wanted and pin._when_changed is not None:
        pin._call_when_changed()


def _sounding(pin: _WiredPin | None, *, active_high: bool) -> Hertz | None:
    if pin is None or pin.driven is None:
        return None
    if pin._frequency is not None:
        return Hertz(round(pin._frequency)) if 0 < pin.duty < 1 else None
    return ON_OFF_BUZZER if pin.driven == active_high else None


def _lit(pin: _WiredPin | None, *, active_high: bool) -> bool:
    return pin is not None and pin.driven is not None and pin.driven == active_high
