"""Everything the telephone can ask for.  The counterpart is `events`.

The service performs the actions in the order given, before it feeds the next event.
"""

from dataclasses import dataclass
from enum import Enum, auto

from offhook.notes import Note
from offhook.sip.actions import Resolve, Send, ServerDate
from offhook.units import Endpoint, Hertz, RtpTicks, Seconds


class Tone(Enum):
    """Call-progress tones (ITU-T E.180); the country's plan says how each sounds."""

    DIAL = auto()
    STUTTER = auto()  # dial tone while messages wait
    OUTSIDE = auto()  # second dial tone, for "," in a dial plan
    RINGBACK = auto()
    BUSY = auto()
    REORDER = auto()
    UNOBTAINABLE = auto()
    CALL_WAITING = auto()  # mixed into the call
    HOWLER = auto()
    CONFIRM = auto()
    MILLIWATT = auto()  # 1004 Hz at 0 dBm0, for tests
    CODE_2 = auto()  # so many beeps say what is wrong: see `trouble`
    CODE_3 = auto()
    CODE_4 = auto()
    CODE_5 = auto()
    RESET = auto()  # the factory reset comes when it ends


@dataclass(frozen=True, slots=True)
class Listen:
    """Start (True: handset up) or stop the sound card."""

    on: bool


@dataclass(frozen=True, slots=True)
class VoiceParameters:
    """What was negotiated for one stream."""

    port: int
    """Local RTP port, as given by `events.RtpPort`."""
    codec: str
    """PCMU, PCMA or G729."""
    send_payload_type: int
    receive_payload_type: int
    remote: Endpoint | None
    """Where RTP goes; None while the peer's address is unknown."""
    remote_rtcp: Endpoint | None
    rtcp_mux: bool
    """RTCP on the RTP port (RFC 5761)."""
    packet_time: Seconds
    """Voice in one packet we send."""
    send: bool
    receive: bool
    dtmf_send: int | None
    """Payload type of telephone-event towards the peer; None: tones are sent in-band."""
    dtmf_receive: int | None
    silence_frames: bool
    """G.729 Annex B frames may be sent."""
    ssrc: int
    sequence: int
    timestamp: RtpTicks
    cname: str
    """RFC 7022: random, never the user's name."""
    timeout: Seconds
    """Report `events.MediaTimeout` after this long without a packet; 0: never (held)."""


@dataclass(frozen=True, slots=True)
class StartVoice:
    """Open a stream: receive at once; send only when the gate is open."""

    stream: int
    parameters: VoiceParameters


@dataclass(frozen=True, slots=True)
class UpdateVoice:
    """The stream was negotiated anew; SSRC, sequence and timestamp go on (RFC 3550 §8)."""

    stream: int
    parameters: VoiceParameters


@dataclass(frozen=True, slots=True)
class StopVoice:
    """Close the stream and its port; a final `VoiceReport` follows."""

    stream: int


@dataclass(frozen=True, slots=True)
class SetGate:
    """The gate between microphone and network: open only to `stream`, None closes it."""

    stream: int | None


@dataclass(frozen=True, slots=True)
class Mute:
    """Silence instead of the microphone, on purpose."""

    on: bool


@dataclass(frozen=True, slots=True)
class PlayTone:
    """Play this tone until told otherwise: instead of the voice, or (call waiting) over it."""

    tone: Tone


@dataclass(frozen=True, slots=True)
class StopTone:
    """No tone."""


@dataclass(frozen=True, slots=True)
class StartDigit:
    """Begin to send this digit to the peer (RFC 4733, or in-band)."""

    stream: int
    digit: str


@dataclass(frozen=True, slots=True)
class StopDigit:
    """The key was released; the digit is never shorter than 40 ms."""

    stream: int


@dataclass(frozen=True, slots=True)
class OpenPort:
    """A port from `events.RtpPort` is told to a peer next: bind it; nobody listened there."""

    port: int


@dataclass(frozen=True, slots=True)
class ClosePort:
    """A port from `events.RtpPort` is no longer needed and no stream was started on it."""

    port: int


@dataclass(frozen=True, slots=True)
class Ring:
    """Sound the bell at `frequency`, or silence it (None)."""

    frequency: Hertz | None


@dataclass(frozen=True, slots=True)
class Light:
    """The message lamp."""

    on: bool


@dataclass(frozen=True, slots=True)
class Show:
    """The display line: state and the other party, already `printable`."""

    text: str


class Outcome(Enum):
    """How a call went, for the call log."""

    ANSWERED = "answered"
    MISSED = "missed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"  # we gave up before an answer
    BUSY = "busy"
    FAILED = "failed"
    ELSEWHERE = "answered elsewhere"


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The canonical line of one call: into the journal and the call log."""

    incoming: bool
    party: str
    """Number or URI user part."""
    name: str
    outcome: Outcome
    cause: str
    """What ended it, in words and SIP status: "486 Busy Here", "hung up here"."""
    call_id: str
    talked: Seconds
    """From answer to end; 0 when never answered."""
    codec: str
    """Empty when no media flowed."""
    packets_lost: int
    jitter: Seconds
    playout_delay: Seconds
    round_trip: Seconds | None


@dataclass(frozen=True, slots=True)
class FactoryReset:
    """Forget everything and start as a new phone."""


VoiceCommand = (
    Listen | StartVoice | UpdateVoice | StopVoice | SetGate | Mute
    | PlayTone | StopTone | StartDigit | StopDigit
)  # fmt: skip
"""What the voice runner obeys."""

Action = (
    Send | Resolve | ServerDate | Note | VoiceCommand | OpenPort | ClosePort | Ring | Light | Show
    | CallEnded | FactoryReset
)  # fmt: skip
