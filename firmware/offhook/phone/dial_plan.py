"""Dial plans in the grammar of Cisco's small phones, evaluated digit by digit.

    plan     = [timers] "(" sequence *( "|" sequence ) ")"
    timers   = *( ("L" / "S") ":" seconds "," )     waits of the whole plan
    sequence = *( ["P" n] element ["."] / "," / "S" n / "L" n ) ["!"]
    element  = "x" / digit / "*" / "#" / "[" set "]" / "<" dialled ":" sent ">"

`x` is 0-9; `.` repeats the element before it zero or more times; `<9:>` dials 9 and sends nothing,
`<:1>` sends a 1 nobody dialled; `,` plays the outside dial tone; `!` bars the number; `S0` sends at
once; `P5` in front dials by itself after five seconds; `P0`, or `S0` with nothing to dial, is a hot
line.

The plan is a nondeterministic automaton: every sequence that the digits so far may still become is
followed at once.  Emergency numbers are sequences of their own, ahead of all: complete as soon as
dialled, never barred, and no rule of the plan sends or refuses their first digits at once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from offhook.units import Seconds

MAX_PLAN: Final = 4096  # characters
MAX_STEPS: Final = 128  # digits in one sequence of a plan
MAX_DIGITS: Final = 64  # longest number that can be dialled
LONGEST_WAIT: Final = Seconds(64)

DIGITS: Final = frozenset("0123456789")
KEYS: Final = DIGITS | frozenset("*#ABCD")

_TOKEN: Final = re.compile(
    r"(?P<key>[0-9*#A-DxX])|\[(?P<set>[0-9*#A-D-]+)\]"
    r"|<(?P<dialled>(?:[0-9*#A-DxX]|\[[0-9*#A-D-]+\])*):(?P<sent>[0-9*#A-D+]*)>"
    r"|(?P<repeat>\.)|(?P<tone>,)|(?P<bar>!)|(?P<timer>[SLP])(?P<seconds>[0-9]{0,2})",
    re.ASCII,
)
_PREFIX: Final = re.compile(r"([LS]):([0-9]{1,2}),", re.ASCII)
_INNER: Final = re.compile(r"\[([^\]]+)\]|(.)")


class DialPlanError(ValueError):
    """The plan cannot be understood; the text says where."""


class Verdict(Enum):
    """What the digits so far are."""

    IMPOSSIBLE = auto()
    PARTIAL = auto()
    COMPLETE = auto()
    EXTENDABLE = auto()  # complete, but more digits could follow
    BARRED = auto()


@dataclass(frozen=True, slots=True)
class Match:
    """`DialPlan.match`'s answer."""

    verdict: Verdict
    number: str = ""
    """What to send, when complete or extendable."""
    wait: Seconds | None = None
    """How long another digit may take; None: the plan does not say."""
    outside: bool = False
    """Play the outside dial tone now."""
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class _Take:
    """One dialled digit."""

    accepts: frozenset[str]
    sent: bool = True
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class _Put:
    """Digits sent that nobody dialled."""

    digits: str


@dataclass(frozen=True, slots=True)
class _Outside:
    """The outside dial tone."""


_Step = _Take | _Put | _Outside


@dataclass(frozen=True, slots=True)
class _Sequence:
    steps: tuple[_Step, ...] = ()
    barred: bool = False
    short: Seconds | None = None
    long: Seconds | None = None
    pause: Seconds | None = None
    emergency: bool = False
    fixed: bool = False
    """A service code: sent at once."""


@dataclass(frozen=True, slots=True)
class _Thread:
    """One way to read the digits so far."""

    sequence: _Sequence
    position: int = 0
    sent: str = ""
    outside: bool = False

    @property
    def complete(self) -> bool:
        return self.position == len(self.sequence.steps)


class DialPlan:
    """A compiled plan."""

    def __init__(
        self, text: str, emergency: tuple[str, ...] = (), codes: tuple[str, ...] = ()
    ) -> None:
        """Raise `DialPlanError` if `text` is no plan."""
        self.text = text
        self._timers, sequences = _parse(text)
        self._ahead = tuple(_literal(number, emergency=True) for number in emergency)
        self._plan = (*(_literal(code, fixed=True) for code in codes), *sequences)

    def match(self, digits: str) -> Match:
        """What `digits`, dialled so far, are.  Never raises; time grows with their number only."""
        if len(digits) > MAX_DIGITS:
            return Match(Verdict.IMPOSSIBLE)
        threads = _follow((*self._ahead, *self._plan), digits)
        for thread in threads:
            if thread.complete and thread.sequence.emergency:
                return Match(Verdict.COMPLETE, thread.sent, emergency=True)
        planned = [thread for thread in threads if not thread.sequence.emergency]
        if not digits:
            return _untouched(planned)
        found = self._judge(planned)
        return found if len(planned) == len(threads) else self._spare(found)

    def _judge(self, threads: list[_Thread]) -> Match:
        outside = any(thread.outside for thread in threads)
        complete = [thread for thread in threads if thread.complete]
        more = [thread for thread in threads if not thread.complete]
        if any(thread.sequence.barred for thread in complete):
            return Match(Verdict.BARRED)
        if not complete:
            return self._unfinished(more, outside)
        best = complete[0]
        wait = self._timers.get("S") if best.sequence.short is None else best.sequence.short
        at_once = best.sequence.fixed or best.sequence.short == Seconds(0)
        verdict = Verdict.EXTENDABLE if more and not at_once else Verdict.COMPLETE
        return Match(verdict, best.sent, wait, outside)

    def _unfinished(self, threads: list[_Thread], outside: bool) -> Match:
        if not threads:
            return Match(Verdict.IMPOSSIBLE)
        own = [thread.sequence.long for thread in threads if thread.sequence.long is not None]
        return Match(Verdict.PARTIAL, "", min(own, default=self._timers.get("L")), outside)

    def _spare(self, found: Match) -> Match:
        """Leave time for the rest of an emergency number that these digits begin."""
        if found.verdict is Verdict.COMPLETE:
            return replace(found, verdict=Verdict.EXTENDABLE, wait=self._timers.get("S"))
        if found.verdict in (Verdict.IMPOSSIBLE, Verdict.BARRED):
            return Match(Verdict.PARTIAL, "", self._timers.get("L"))
        return found


def _untouched(threads: list[_Thread]) -> Match:
    """Nothing is dialled yet: hot and warm lines."""
    for thread in threads:
        sequence = thread.sequence
        wait = sequence.short if sequence.pause is None else sequence.pause
        if thread.complete and thread.sent and wait is not None and not sequence.barred:
            verdict = Verdict.EXTENDABLE if wait else Verdict.COMPLETE
            return Match(verdict, thread.sent, wait)
    return Match(Verdict.PARTIAL)


def _follow(sequences: tuple[_Sequence, ...], digits: str) -> list[_Thread]:
    threads = _distinct(_expand(_Thread(sequence)) for sequence in sequences)
    for digit in digits:
        taken = (step for thread in threads for step in _take(thread, digit))
        threads = _distinct(_expand(thread) for thread in taken)
    return threads


def _distinct(ways: Iterator[Iterator[_Thread]]) -> list[_Thread]:
    """One thread for each place in a sequence: the first wins, so their number has a bound."""
    found: dict[tuple[int, int], _Thread] = {}
    for way in ways:
        for thread in way:
            found.setdefault((id(thread.sequence), thread.position), thread)
    return list(found.values())


def _expand(thread: _Thread) -> Iterator[_Thread]:
    """The places reached from here without a digit: where a digit is due, or the end."""
    if thread.complete:
        yield thread
        return
    step, further = thread.sequence.steps[thread.position], thread.position + 1
    if isinstance(step, _Take):
        yield thread
        if step.repeat:
            yield from _expand(replace(thread, position=further))
    elif isinstance(step, _Put):
        yield from _expand(replace(thread, position=further, sent=thread.sent + step.digits))
    else:
        yield from _expand(replace(thread, position=further, outside=True))


def _take(thread: _Thread, digit: str) -> Iterator[_Thread]:
    if thread.complete:
        return
    step = thread.sequence.steps[thread.position]
    if isinstance(step, _Take) and digit in step.accepts:
        position = thread.position + (not step.repeat)
        sent = thread.sent + digit if step.sent else thread.sent
        yield _Thread(thread.sequence, position, sent)


def _literal(number: str, *, emergency: bool = False, fixed: bool = False) -> _Sequence:
    if not number or not set(number) <= KEYS:
        raise DialPlanError(f"{number!r} is not a number that can be dialled")
    steps = tuple(_Take(frozenset(digit)) for digit in number)
    return _Sequence(steps, emergency=emergency, fixed=fixed)


def _parse(text: str) -> tuple[dict[str, Seconds], tuple[_Sequence, ...]]:
    if len(text) > MAX_PLAN:
        raise DialPlanError(f"longer than {MAX_PLAN} characters")
    plan = "".join(text.split())
    timers: dict[str, Seconds] = {}
    while prefix := _PREFIX.match(plan):
        timers[prefix[1]] = _seconds(prefix[2])
        plan = plan[prefix.end() :]
    if not (plan.startswith("(") and plan.endswith(")")):
        raise DialPlanError("a plan is written in parentheses: (xx.|*xx)")
    return timers, tuple(_sequence(part) for part in plan[1:-1].split("|"))


def _sequence(text: str) -> _Sequence:
    sequence, at = _Sequence(), 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or sequence.barred:
            raise DialPlanError(f"cannot understand {text[at : at + 10]!r} in {text[:40]!r}")
        sequence, at = _extend(sequence, token), token.end()
    if not 0 < len(sequence.steps) <= MAX_STEPS:
        raise DialPlanError(f"a sequence has 1 to {MAX_STEPS} digits")
    return sequence


def _extend(sequence: _Sequence, token: re.Match[str]) -> _Sequence:
    steps = sequence.steps
    match token.lastgroup:
        case "key" | "set":
            return replace(sequence, steps=(*steps, _one(token)))
        case "sent":
            return replace(sequence, steps=(*steps, *_substitution(token)))
        case "repeat":
            return replace(sequence, steps=_repeated(steps))
        case "tone":
            return replace(sequence, steps=(*steps, _Outside()))
        case "bar":
            return replace(sequence, barred=True)
        case _:
            return _timed(sequence, token["timer"], _seconds(token["seconds"] or "0"))


def _one(token: re.Match[str]) -> _Take:
    return _Take(_keys(token["key"] or f"[{token['set']}]"))


def _substitution(token: re.Match[str]) -> Iterator[_Step]:
    for inner in _INNER.finditer(token["dialled"]):
        yield _Take(_keys(inner[0]), sent=False)
    yield _Put(token["sent"])


def _repeated(steps: tuple[_Step, ...]) -> tuple[_Step, ...]:
    if not steps or not isinstance(last := steps[-1], _Take) or last.repeat:
        raise DialPlanError("'.' must follow x, a digit or a [set]")
    return (*steps[:-1], replace(last, repeat=True))


def _timed(sequence: _Sequence, timer: str, wait: Seconds) -> _Sequence:
    match timer:
        case "S":
            return replace(sequence, short=wait)
        case "L":
            return replace(sequence, long=wait)
        case _ if sequence.steps:
            raise DialPlanError("'P' stands in front of a sequence")
        case _:
            return replace(sequence, pause=wait)


def _seconds(text: str) -> Seconds:
    if (seconds := int(text)) > LONGEST_WAIT:
        raise DialPlanError(f"a wait of {seconds} s; at most {LONGEST_WAIT}")
    return Seconds(seconds)


def _keys(text: str) -> frozenset[str]:
    if text in "xX":
        return DIGITS
    if not text.startswith("["):
        return frozenset(text)
    accepted: set[str] = set()
    for part in re.finditer(r"(.)-(.)|(.)", text[1:-1]):
        low, high = (part[1], part[2]) if part[1] else (part[3], part[3])
        if low == "-" or high == "-" or low > high or (low != high and not {low, high} <= DIGITS):
            raise DialPlanError(f"cannot understand the set {text}")
        accepted |= {chr(code) for code in range(ord(low), ord(high) + 1)}
    return frozenset(accepted)
