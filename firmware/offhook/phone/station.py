"""The whole telephone without hardware: events in, actions out.

`handle` takes everything of `phone.events`; the service performs the actions in order, then asks
`deadline` and calls `tick` when it is due.  RTP ports: feed two `RtpPort` events at start, and one
more after each `StartVoice` or `ClosePort`, so that two lie ready.
"""

from dataclasses import dataclass

from offhook.entropy import Entropy
from offhook.phone.actions import Action
from offhook.phone.events import Event
from offhook.phone.settings import PhoneSettings
from offhook.sip.account import Account
from offhook.units import Endpoint, Seconds


@dataclass(frozen=True, slots=True)
class CallStatus:
    """One call, for `offhook status`."""

    incoming: bool
    party: str
    """Number, printable."""
    name: str
    state: str
    """"offered", "calling", "up", "held" or "over"."""
    codec: str
    talked: Seconds
    call_id: str
    packets_sent: int = 0
    packets_received: int = 0
    packets_lost: int = 0
    packets_late: int = 0
    jitter: Seconds = Seconds(0)
    playout_delay: Seconds = Seconds(0)
    round_trip: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The telephone at a glance."""

    state: str
    """Name of the behaviour's state in lower case: "idle", "dial tone", "talking" …"""
    lifted: bool
    registered: bool
    registration: str
    """"registered at 192.0.2.1:5060", "403 Forbidden", "no network" …; printable."""
    local: Endpoint | None
    display: str
    lamp: bool
    missed: int
    tone: str
    """Lower-case name of the tone played, or empty."""
    microphone: bool
    """Whether the gate is open."""
    sound_trouble: str
    dial_plan_trouble: str
    codecs: tuple[str, ...]
    calls: tuple[CallStatus, ...]


class Station:
    """The telephone.  Synchronous, total: no event raises."""

    def __init__(
        self,
        account: Account,
        settings: PhoneSettings,
        codecs: tuple[str, ...],
        entropy: Entropy,
        local: Endpoint | None,
    ) -> None:
        """`codecs`: names the voice path can do (`audio.codec.available()`)."""
        raise NotImplementedError

    def start(self, now: Seconds) -> list[Action]:
        """Register and show the state."""
        raise NotImplementedError

    def handle(self, event: Event, now: Seconds) -> list[Action]:
        """One thing happened.  Timers due before `now` fire first."""
        raise NotImplementedError

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        raise NotImplementedError

    def tick(self, now: Seconds) -> list[Action]:
        """Fire every timer due at `now`, earliest first."""
        raise NotImplementedError

    def configure(self, settings: PhoneSettings, now: Seconds) -> list[Action]:
        """Take new settings; they hold from the next call or lift on."""
        raise NotImplementedError

    def stop(self, now: Seconds) -> list[Action]:
        """Hang up every call and unregister; feed on until `stopped`, or for a few seconds."""
        raise NotImplementedError

    @property
    def stopped(self) -> bool:
        """After `stop`: the binding was given back and no call is left."""
        raise NotImplementedError

    def status(self, now: Seconds) -> Status:
        """The telephone at a glance."""
        raise NotImplementedError
