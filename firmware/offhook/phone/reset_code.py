"""The key sequence of the factory reset: first thing after power-on, and never by accident.

Up to its last key the code is held back from the dial plan, whatever that would make of it; a key
that does not belong to it goes there after all, behind those that were held back.
"""

from typing import Final

from offhook.units import Seconds

CODE: Final = "*#73738#"
""""reset" on the keys."""


class ResetCode:
    """Hears every key of one dialling attempt before the dial plan does."""

    def __init__(self) -> None:
        self.until: Seconds | None = None
        """The code is heard up to then; None: never."""
        self._entered: str | None = ""

    def begin(self) -> None:
        """Dial tone: a new attempt."""
        self._entered = ""

    def press(self, key: str, now: Seconds) -> tuple[str, bool]:
        """The keys that the dial plan gets now, and whether the code is complete."""
        if self._entered is None or self.until is None or now > self.until:
            return self._given_up(key), False
        if not CODE.startswith(self._entered + key):
            return self._given_up(key), False
        self._entered += key
        return "", self._entered == CODE

    def _given_up(self, key: str) -> str:
        held, self._entered = self._entered or "", None
        return held + key
