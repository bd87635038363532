"""Everything that can happen to the telephone.  The counterpart is `actions`.

Each event is fed to `Station.handle(event, now)`; for edges `now` is the time of the edge.
"""

from dataclasses import dataclass

from offhook.ports import Crosspoint
from offhook.units import Endpoint, Seconds


@dataclass(frozen=True, slots=True)
class Datagram:
    """Bytes on the SIP socket."""

    data: bytes
    source: Endpoint


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The network told that datagrams to `peer` do not arrive (ICMP)."""

    peer: Endpoint


@dataclass(frozen=True, slots=True)
class Resolved:
    """Answer to `actions.Resolve`; empty when the name has none or the resolver is silent."""

    host: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NetworkChanged:
    """Our SIP socket is now bound to `local`; None while the machine has no address."""

    local: Endpoint | None


@dataclass(frozen=True, slots=True)
class RtpPort:
    """A pair of ports (RTP on the even `port`, RTCP on the next) is free; `OpenPort` uses it."""

    port: int


@dataclass(frozen=True, slots=True)
class HookEdge:
    """The hook switch's level, raw: at an edge, and regularly re-read (a missed edge must heal)."""

    lifted: bool


@dataclass(frozen=True, slots=True)
class KeypadScan:
    """The closed contacts of the keypad changed, raw."""

    closed: frozenset[Crosspoint]


@dataclass(frozen=True, slots=True)
class Dial:
    """A technician's command: lift as it were, and dial."""

    number: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A technician's command: answer the ringing call."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """A technician's command: end, cancel or reject whatever is going on."""


@dataclass(frozen=True, slots=True)
class PressKey:
    """A technician's command: press and release a key (0-9 * # and the board's function keys)."""

    key: str


@dataclass(frozen=True, slots=True)
class SetHook:
    """A technician's command: act as if the handset were lifted or put down."""

    lifted: bool


@dataclass(frozen=True, slots=True)
class TestOutput:
    """A technician's command: sound the bell, light the lamp or play a tone for a moment."""

    output: str
    """"bell", "lamp" or "audio"."""


@dataclass(frozen=True, slots=True)
class FirstAudio:
    """The first RTP packet of this stream was accepted."""

    stream: int


@dataclass(frozen=True, slots=True)
class MediaTimeout:
    """No RTP and no RTCP came on this stream for the configured time."""

    stream: int
    silent_for: Seconds


@dataclass(frozen=True, slots=True)
class DigitHeard:
    """The peer sent a telephone-event (RFC 4733): 0-9 * # A-D, or "flash"."""

    stream: int
    digit: str


@dataclass(frozen=True, slots=True)
class VoiceReport:
    """How a stream fared, sent when it stops (and on the way for `offhook status`)."""

    stream: int
    codec: str
    sent: int
    """Packets."""
    received: int
    lost: int
    late: int
    """Packets that arrived after their playout time."""
    jitter: Seconds
    """Interarrival jitter (RFC 3550 §6.4.1)."""
    playout_delay: Seconds
    """Mean stretch between arrival and playout."""
    round_trip: Seconds | None
    """From RTCP, if the peer reports."""
    remote_lost: int | None
    """What the peer says it lost, from RTCP."""
    concealed: Seconds
    """How much of what was heard was invented."""
    final: bool


@dataclass(frozen=True, slots=True)
class SoundTrouble:
    """The sound card went away or came back (None)."""

    trouble: str | None


@dataclass(frozen=True, slots=True)
class SelfTrouble:
    """What is wrong with the telephone itself, as a number of beeps (`trouble`); 0: nothing."""

    code: int


@dataclass(frozen=True, slots=True)
class ResetWindow:
    """The machine was switched on a moment ago: until then a key sequence resets it."""

    until: Seconds


Event = (
    Datagram | Unreachable | Resolved | NetworkChanged | RtpPort
    | HookEdge | KeypadScan
    | Dial | Answer | HangUp | PressKey | SetHook | TestOutput
    | FirstAudio | MediaTimeout | DigitHeard | VoiceReport | SoundTrouble
    | SelfTrouble | ResetWindow
)  # fmt: skip
