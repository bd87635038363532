"""What the words end with."""

from typing import Final

DONE: Final = 0
"""Or there was nothing to do."""
REFUSED: Final = 1
"""What was given cannot be used; everything stays as it was."""
FAILED: Final = 3
"""The phone or a tool did not do its part."""
DISK: Final = 74
"""EX_IOERR of sysexits.h."""
