"""The voice path: everything between microphone, earpiece and the RTP sockets, without a clock.

Once a period of the sound card its owner calls, in this order: `capture`, `receive` for each waiting
datagram, `playout`, `events`.  Nothing here waits, raises on what peers send, or grows without bound.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from offhook.phone.actions import VoiceCommand
from offhook.phone.events import DigitHeard, FirstAudio, MediaTimeout, VoiceReport
from offhook.phone.voice_send import Outgoing
from offhook.units import Decibels, Endpoint, Samples, Seconds

if TYPE_CHECKING:
    from offhook.audio.tones import TonePlan

VoiceEvent = FirstAudio | MediaTimeout | DigitHeard | VoiceReport
MAX_STREAMS: Final = 2


class VoicePath:
    """At most two streams, one gate, one earpiece."""

    def __init__(
        self,
        plan: "TonePlan",
        period: Samples,
        *,
        send_gain: Decibels = Decibels(0),
        receive_gain: Decibels = Decibels(0),
        limit: Decibels = Decibels(-9),
    ) -> None:
        """`period` samples come from and go to the sound card each time; `limit` in dBFS."""

    def obey(self, command: VoiceCommand, now: Seconds) -> list[VoiceEvent]:
        """Perform any voice command (`Listen` is for the runner; here it only clears what was captured)."""
        raise NotImplementedError

    def farewell(self, stream: int, now: Seconds) -> list[Outgoing]:
        """RTCP BYE to send just before `StopVoice` is obeyed; empty when nothing was ever sent."""
        raise NotImplementedError

    def capture(self, frame: bytes, now: Seconds) -> list[Outgoing]:
        """One period of microphone, 16-bit little-endian mono 8 kHz: what leaves for the network now."""
        raise NotImplementedError

    def receive(
        self, stream: int, data: bytes, source: Endpoint, at: Seconds, rtcp: bool
    ) -> list[VoiceEvent]:
        """A datagram came `at` (kernel time stamp) on the stream's RTP or RTCP socket.  Never raises."""
        raise NotImplementedError

    def playout(self, now: Seconds) -> bytes:
        """One period for the earpiece, after the limiter."""
        raise NotImplementedError

    def events(self, now: Seconds) -> list[VoiceEvent]:
        """Time-outs and reports that are due; call once a period."""
        raise NotImplementedError

    def dropped(self) -> Mapping[str, int]:
        """Datagrams thrown away since the start, by reason."""
        raise NotImplementedError
