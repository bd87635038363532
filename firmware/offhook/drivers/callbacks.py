"""Listeners run on gpiozero's threads, where an exception would be printed and lost."""

from collections.abc import Callable
from typing import ParamSpec

_P = ParamSpec("_P")
Lost = Callable[[str, BaseException], None]
"""Told of an exception in a listener: who, and what."""


def guarded(who: str, listener: Callable[_P, None], lost: Lost | None) -> Callable[_P, None]:
    """`listener`, with its exceptions handed to `lost` (None: left to gpiozero)."""
    if lost is None:
        return listener

    def call(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            listener(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  # reported, not swallowed
            lost(who, error)

    return call
