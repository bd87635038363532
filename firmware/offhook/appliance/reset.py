"""Back to the state of a new phone: a flag on the data partition, which the next boot obeys.

What was flashed stays; settings, passwords, keys, call log and journal go.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from offhook.appliance.exits import DISK, DONE
from offhook.appliance.say import say
from offhook.appliance.tools import run as run_tool
from offhook.notes import Severity
from offhook.service.files import write_atomically

FLAG: Final = Path("data/factory-reset")


def run(root: Path, tool: Callable[[Sequence[str]], object] = run_tool) -> int:
    """Set the flag, restart; the exit code."""
    say("factory reset", Severity.NOTICE, instead="restarting")
    try:
        write_atomically(root / FLAG, b"", 0o600)
        tool(["systemctl", "reboot"])
    except OSError as error:
        say("no factory reset", Severity.ERROR, error=str(error))
        return DISK
    return DONE
