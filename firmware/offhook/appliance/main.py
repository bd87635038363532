"""`python3 -m offhook.appliance WORD`: see `words` for all of them.

At every boot dial tone waits for `provision`, and nearly always there is nothing new: that way is
gone first, without the modules that any other needs.
"""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one word; the exit code."""
    chosen = sys.argv[1:] if arguments is None else [*arguments]
    if chosen == ["provision"]:
        from offhook.appliance.quick import look  # noqa: PLC0415

        if (code := look("/")) is not None:
            return code
    from offhook.appliance.words import run  # noqa: PLC0415

    return run(chosen)
