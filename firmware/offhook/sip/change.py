"""The vocabulary of changing a session: whose offer is open, and what may happen then."""

from enum import Enum, auto


class State(Enum):
    """Whose offer is open."""

    STABLE = auto()
    ASKING = auto()  # our re-INVITE
    WAITING = auto()  # ours collided; once more after a while
    ASKED = auto()  # their re-INVITE or UPDATE waits for the phone
    AGREED = auto()  # our 200 to their re-INVITE waits for the ACK


class Input(Enum):
    """What may happen to it."""

    OFFER = auto()  # the phone's
    ASK = auto()  # the peer's
    REFRESH = auto()  # session timer
    ACCEPT = auto()
    ACCEPT_UPDATE = auto()
    REFUSE = auto()
    SUCCESS = auto()
    REFUSED = auto()
    GLARE = auto()
    ACK = auto()
    CANCEL = auto()
    TIMER = auto()
