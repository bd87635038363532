"""What can be wrong with a SIP message."""

from typing import Final

BAD_REQUEST: Final = 400
VERSION_NOT_SUPPORTED: Final = 505


class SipError(ValueError):
    """A value that cannot stand in a SIP message, ours or theirs."""


class MessageError(SipError):
    """Received text that is not SIP.

    `status` is what to answer.  `partial` is the `message.Request` (typed as object, so that this
    file stands below that one) when enough was readable to answer to; None: drop it in silence.
    Nothing in it is certain to be readable: answer to where it came from.
    """

    def __init__(self, what: str, status: int = BAD_REQUEST, partial: object | None = None) -> None:
        super().__init__(what)
        self.status = status
        self.partial = partial
