"""From digits to a number: the dial plan and its two patiences.

    digit    1        2        3
    verdict  partial  partial  extendable
    wait     long     long     short, then the number goes out

`#` sends what is complete at once, unless the plan has a use for it at that place.
"""

from dataclasses import dataclass
from typing import Final

from offhook.notes import Note, Severity, note
from offhook.phone.dial_plan import KEYS, DialPlan, DialPlanError, Match, Verdict
from offhook.phone.settings import DEFAULT_DIAL_PLAN, DiallingSettings
from offhook.units import Seconds

SEND: Final = "#"


@dataclass(frozen=True, slots=True)
class More:
    """Another digit may come."""

    outside: bool = False
    """Play the outside dial tone until it does."""


@dataclass(frozen=True, slots=True)
class Number:
    """Call this."""

    number: str


@dataclass(frozen=True, slots=True)
class Redial:
    """Call the last number again."""


@dataclass(frozen=True, slots=True)
class NoSuchNumber:
    """No number begins like this, it is barred, or the rest of it never came."""


Outcome = More | Number | Redial | NoSuchNumber


class Dialling:
    """The digits of one attempt after the other, under the newest plan that could be understood."""

    def __init__(self, settings: DiallingSettings) -> None:
        self.settings = settings
        self.digits = ""
        self.trouble = ""
        """What is wrong with the plan or the emergency numbers, if anything."""
        self._plan = DialPlan(DEFAULT_DIAL_PLAN)
        self._deadline: Seconds | None = None
        self.configure(settings)

    def configure(self, settings: DiallingSettings) -> list[Note]:
        """Take a new plan; one that cannot be understood leaves the last good one in force."""
        self.settings = settings
        emergency = tuple(number for number in settings.emergency if _dialable(number))
        codes = tuple(code for code in (settings.redial_code,) if _dialable(code))
        self.trouble = ""
        try:
            self._plan = DialPlan(settings.dial_plan, emergency, codes)
        except DialPlanError as error:
            self.trouble = f"dial plan: {error}"
            self._plan = DialPlan(self._plan.text, emergency, codes)
        if emergency != settings.emergency:
            self.trouble += " emergency: some numbers cannot be dialled"
        return self.complaints()

    def complaints(self) -> list[Note]:
        """`trouble` as a line for the journal."""
        if not self.trouble:
            return []
        return [note("dial plan trouble", Severity.ERROR, why=self.trouble.strip())]

    def begin(self, now: Seconds) -> Outcome:
        """The dial tone sounds."""
        self.digits = ""
        return self._judge(now)

    def press(self, digit: str, now: Seconds) -> Outcome:
        """A digit was dialled."""
        match = self._plan.match(self.digits + digit)
        if digit == SEND and self.digits and match.verdict is Verdict.IMPOSSIBLE:
            return self._send()
        self.digits += digit
        return self._judge(now)

    def stop(self) -> None:
        """Nothing more will be dialled."""
        self._deadline = None

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        return self._deadline

    def tick(self, now: Seconds) -> Outcome | None:
        """Decide if no digit came in time."""
        if self._deadline is None or now < self._deadline:
            return None
        return self._send()

    def emergency(self, number: str) -> bool:
        """Whether `number` is an emergency number."""
        return self._plan.match(number).emergency

    def _judge(self, now: Seconds) -> Outcome:
        match = self._plan.match(self.digits)
        if match.verdict not in (Verdict.PARTIAL, Verdict.EXTENDABLE):
            return self._send()
        self._deadline = self._until(match, now)
        return More(match.outside)

    def _until(self, match: Match, now: Seconds) -> Seconds | None:
        partial = match.verdict is Verdict.PARTIAL
        if partial and not self.digits:
            return None  # the patience of the dial tone
        usual = self.settings.long if partial else self.settings.short
        return Seconds(now + (usual if match.wait is None else match.wait))

    def _send(self) -> Outcome:
        self._deadline = None
        match = self._plan.match(self.digits)
        if match.verdict not in (Verdict.COMPLETE, Verdict.EXTENDABLE) or not match.number:
            return NoSuchNumber()
        if self.digits == self.settings.redial_code:
            return Redial()
        return Number(match.number)


def _dialable(number: str) -> bool:
    return bool(number) and set(number) <= KEYS
