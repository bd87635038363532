"""One stream of voice: its two halves, its reports, its watchdog."""

from typing import Final

from offhook.phone.actions import VoiceParameters
from offhook.phone.events import DigitHeard, FirstAudio, MediaTimeout, VoiceReport
from offhook.phone.voice_receive import Receiver, somewhere
from offhook.phone.voice_reports import Reports
from offhook.phone.voice_send import Outgoing, Sender
from offhook.rtp.packet import is_rtcp
from offhook.units import Endpoint, Samples, Seconds

VoiceEvent = FirstAudio | MediaTimeout | DigitHeard | VoiceReport
REPORT_EVERY: Final = Seconds(5)
IN_VAIN: Final = Seconds(10)
"""Voice goes no longer than this to an address that never said anything: perhaps it never asked
for it, and somebody uses us to flood it (reliability A.3 #18)."""


class Stream:
    """What `StartVoice` opens and `StopVoice` closes."""

    def __init__(
        self, number: int, parameters: VoiceParameters, began: Samples, now: Seconds
    ) -> None:
        self.number = number
        self.receiver = Receiver(number, parameters, now)
        self._take(parameters)
        self._sender = Sender(parameters, began, now)
        self._reports = Reports(parameters, self._sender, self.receiver)
        self._report_due = Seconds(now + REPORT_EVERY)
        self._timed_out = False

    def update(self, parameters: VoiceParameters, now: Seconds) -> None:
        """Negotiated anew."""
        self._take(parameters)
        self._sender.update(parameters)
        self.receiver.update(parameters, now)
        self._reports.update(parameters)

    def _take(self, parameters: VoiceParameters) -> None:
        self._parameters = parameters
        # to the source we hear, unless SDP names no address at all
        self._sends = parameters.send and somewhere(parameters.remote) is not None

    def opened(self, now: Seconds) -> None:
        """The gate opened to this stream."""
        self.receiver.lock.renew(now)
        self._reports.begin(now)

    def closed(self) -> None:
        """The gate closed, or the microphone stopped: forget what was captured."""
        self._sender.drop()

    def press(self, key: str) -> None:
        """A key towards the peer."""
        self._sender.press(key)

    def release(self) -> None:
        """The key goes up."""
        self._sender.release()

    def playout(self, n: int, now: Seconds) -> bytes | None:
        """`n` samples of the peer's voice; None while it does not come, or may not."""
        if not self._parameters.receive or not self.receiver.started:
            return None
        return self.receiver.playout.get(n, now)

    def capture(self, frame: bytes | None, at: Samples, now: Seconds) -> list[Outgoing]:
        """What leaves now; `frame` is None unless the gate lets it through."""
        out: list[Outgoing] = []
        if frame is not None and self._sends and not self._in_vain(now):
            packets = self._sender.send(frame, at)
            if packets and (to := self.receiver.lock.target) is not None:
                out = [Outgoing(self.number, data, to, False) for data in packets]
        if now >= self._reports.due_at:
            out += self._rtcp(self._reports.report(self._sender.timestamp(at), now))
        return out

    def farewell(self, at: Samples, now: Seconds) -> list[Outgoing]:
        """RTCP BYE."""
        return self._rtcp(self._reports.farewell(self._sender.timestamp(at), now))

    def receive(self, data: bytes, source: Endpoint, at: Seconds, rtcp: bool) -> list[VoiceEvent]:
        """A datagram."""
        if rtcp or is_rtcp(data):
            self._reports.receive(data, source, at)
            return []
        return [*self.receiver.receive(data, source, at)]

    def events(self, now: Seconds) -> list[VoiceEvent]:
        """Time-outs and reports that are due."""
        found: list[VoiceEvent] = []
        silent = Seconds(now - self.receiver.alive_at)
        late = 0 < self._parameters.timeout <= silent
        if late and not self._timed_out:
            found.append(MediaTimeout(self.number, silent))
        self._timed_out = late
        if now >= self._report_due:
            self._report_due = Seconds(now + REPORT_EVERY)
            found.append(self.report(final=False))
        return found

    def report(self, *, final: bool) -> VoiceReport:
        """How it fares."""
        sent, heard = self._sender.stats, self.receiver.playout.stats
        return VoiceReport(
            stream=self.number,
            codec=self._parameters.codec,
            sent=sent.packets,
            received=self.receiver.received,
            lost=self.receiver.lost,
            late=heard.late,
            jitter=self.receiver.stats.jitter,
            playout_delay=heard.mean_delay,
            round_trip=sent.round_trip,
            remote_lost=sent.remote_lost,
            concealed=heard.concealed,
            final=final,
        )

    def _in_vain(self, now: Seconds) -> bool:
        lock = self.receiver.lock
        if lock.locked is not None or not self._parameters.timeout:
            return False
        return now - max(lock.armed_at, self.receiver.alive_at) > IN_VAIN

    def _rtcp(self, data: bytes | None) -> list[Outgoing]:
        to = self._reports.target()
        if data is None or to is None:
            return []
        return [Outgoing(self.number, data, to, not self._parameters.rtcp_mux)]
