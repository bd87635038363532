"""Where the person is with the telephone, and how each of these states sounds, looks and lasts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from offhook.phone.actions import Tone
from offhook.phone.settings import Patience
from offhook.units import Seconds


class State(Enum):
    """Where the person is."""

    IDLE = auto()
    RINGING = auto()
    TROUBLE = auto()  # what is wrong is told before dial tone
    NOT_SET_UP = auto()  # there is no account: told again and again instead of dial tone
    DIAL_TONE = auto()
    DIALLING = auto()
    SECOND_TONE = auto()  # the outside line's dial tone, in the middle of a number
    CALLING = auto()
    AGAIN = auto()  # an emergency call failed; it is tried once more in a moment
    RINGBACK = auto()
    EARLY_MEDIA = auto()
    TALKING = auto()
    ANNOUNCED = auto()  # talking, and a second call waits
    HOLDING = auto()  # talking, and a second call is held
    LEFT_WITH_OTHER = auto()  # the peer went; the other call still waits or is held
    REMOTE_ENDED = auto()
    BUSY = auto()
    REORDER = auto()
    UNOBTAINABLE = auto()
    HOWLER = auto()
    SILENCE = auto()  # the handset was forgotten: a permanent signal
    RESETTING = auto()  # the key sequence was dialled; there is still time to put down


@dataclass(frozen=True, slots=True)
class Face:
    """How a state sounds and looks."""

    words: str
    """For the display; `{0}` is the active party, `{1}` the other, `{2}` the trouble."""
    tone: Tone | None = None
    off_hook: bool = True
    """The handset is live: the sound card runs."""
    bell: bool = False
    talk: bool = False
    """The person answered, or was answered: the microphone may be heard by `active`."""


FACES: Final[Mapping[State, Face]] = {
    State.IDLE: Face("", off_hook=False),
    State.RINGING: Face("Call from {0}", off_hook=False, bell=True),
    State.TROUBLE: Face("{2}"),
    State.NOT_SET_UP: Face("{2}"),
    State.DIAL_TONE: Face("Dial", Tone.DIAL),
    State.DIALLING: Face("Dial {0}"),
    State.SECOND_TONE: Face("Dial {0}", Tone.OUTSIDE),
    State.CALLING: Face("Calling {0}"),
    State.AGAIN: Face("Calling again"),
    State.RINGBACK: Face("Ringing {0}", Tone.RINGBACK),
    State.EARLY_MEDIA: Face("Ringing {0}"),
    State.TALKING: Face("Talking to {0}", talk=True),
    State.ANNOUNCED: Face("{1} calls, talking to {0}", Tone.CALL_WAITING, talk=True),
    State.HOLDING: Face("Talking to {0}, {1} is held", talk=True),
    State.LEFT_WITH_OTHER: Face("{1} waits", Tone.CALL_WAITING),
    State.REMOTE_ENDED: Face("Call ended", Tone.BUSY),
    State.BUSY: Face("Busy", Tone.BUSY),
    State.REORDER: Face("Call failed", Tone.REORDER),
    State.UNOBTAINABLE: Face("No such number", Tone.UNOBTAINABLE),
    State.HOWLER: Face("Put the handset down", Tone.HOWLER),
    State.SILENCE: Face("Put the handset down"),
    State.RESETTING: Face("Factory reset: put down to stop it", Tone.RESET),
}
"""Each state to eye and ear."""

EMERGENCY_PAUSE: Final = Seconds(1)
"""Between two attempts of an emergency call."""

RESET_TIME: Final = Seconds(5)
"""To put the handset down again after the factory reset was dialled."""

PATIENCE: Final[Mapping[State, Callable[[Patience], Seconds]]] = {
    State.NOT_SET_UP: lambda patience: patience.howler,
    State.DIAL_TONE: lambda patience: patience.dial_tone,
    State.CALLING: lambda patience: patience.no_answer,
    State.AGAIN: lambda _: EMERGENCY_PAUSE,
    State.RINGBACK: lambda patience: patience.no_answer,
    State.EARLY_MEDIA: lambda patience: patience.no_answer,
    State.REMOTE_ENDED: lambda patience: patience.reorder,
    State.BUSY: lambda patience: patience.reorder,
    State.REORDER: lambda patience: patience.reorder,
    State.UNOBTAINABLE: lambda patience: patience.reorder,
    State.HOWLER: lambda patience: patience.howler,
    State.RESETTING: lambda _: RESET_TIME,
}
"""How long a state lasts before `Input.TIMEOUT`; the others last for ever, but for `TROUBLE`,
which lasts as long as its beeps."""

WAITING: Final = (State.CALLING, State.RINGBACK, State.EARLY_MEDIA)
COLLECTING: Final = (
    State.TROUBLE, State.NOT_SET_UP, State.DIAL_TONE, State.DIALLING, State.SECOND_TONE,
)  # fmt: skip
FAILED: Final = (State.REMOTE_ENDED, State.BUSY, State.REORDER, State.UNOBTAINABLE)
IN_CALL: Final = (State.TALKING, State.ANNOUNCED, State.HOLDING)
