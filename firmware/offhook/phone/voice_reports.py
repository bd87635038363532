"""RTCP of one stream: our reports every five seconds or so, and what the peer's tell."""

from typing import Final

from offhook.phone.actions import VoiceParameters
from offhook.phone.voice_receive import Receiver
from offhook.phone.voice_send import Sender
from offhook.rtp import rtcp
from offhook.rtp.packet import RtpError
from offhook.rtp.report import interval
from offhook.units import Endpoint, RtpTicks, Seconds

NEVER: Final = Seconds(float("inf"))


class Reports:
    """Silent until the gate was open once: nothing at all leaves before the call is answered."""

    def __init__(self, parameters: VoiceParameters, sender: Sender, receiver: Receiver) -> None:
        self._parameters = parameters
        self._sender = sender
        self._receiver = receiver
        self._count = 0
        self.due_at = NEVER
        """When `report` is to be called."""
        self._sent_before = 0

    def begin(self, now: Seconds) -> None:
        """The gate opened to this stream."""
        if self.due_at == NEVER:
            self.due_at = Seconds(now + interval(self._sender.stats.ssrc, 0))

    def update(self, parameters: VoiceParameters) -> None:
        """Negotiated anew."""
        self._parameters = parameters

    def target(self) -> Endpoint | None:
        """Where reports go: beside the RTP, wherever that was learnt to be."""
        lock = self._receiver.lock
        rtp = lock.target
        if rtp is None or self._parameters.rtcp_mux:
            return rtp
        if rtp == lock.named:
            return self._parameters.remote_rtcp
        return Endpoint(rtp.host, rtp.port + 1) if rtp.port < 65_535 else None

    def report(self, timestamp: RtpTicks, now: Seconds) -> bytes:
        """The report to send now."""
        self._count += 1
        self.due_at = Seconds(now + interval(self._sender.stats.ssrc, self._count))
        return rtcp.serialize(self._report(timestamp, now))

    def farewell(self, timestamp: RtpTicks, now: Seconds) -> bytes | None:
        """The BYE; None when we never said anything."""
        if self.due_at == NEVER:
            return None
        bye = rtcp.Goodbye((self._sender.stats.ssrc,))
        return rtcp.serialize([*self._report(timestamp, now), bye])

    def receive(self, data: bytes, source: Endpoint, at: Seconds) -> None:
        """A datagram of RTCP, or so it seems."""
        if not self._receiver.lock.knows(source.host):
            self._receiver.dropped["stranger"] += 1
            return
        try:
            parts = rtcp.parse(data)
        except RtpError:
            self._receiver.dropped["malformed"] += 1
            return
        self._receiver.alive_at = max(self._receiver.alive_at, at)
        for part in parts:
            self._hear(part, at)

    def _hear(self, part: rtcp.Part, at: Seconds) -> None:
        if isinstance(part, rtcp.Goodbye):
            for ssrc in part.sources:
                self._receiver.lock.left(ssrc)
        elif not isinstance(part, rtcp.Description):  # whose name concerns nobody
            self._blocks(part.reports, at)
            if isinstance(part, rtcp.SenderReport) and part.ssrc == self._receiver.lock.ssrc:
                self._receiver.stats.reported(part, at)

    def _blocks(self, blocks: tuple[rtcp.ReportBlock, ...], at: Seconds) -> None:
        for block in blocks:
            if block.ssrc == self._sender.stats.ssrc:
                self._sender.stats.heard(block, at)

    def _report(self, timestamp: RtpTicks, now: Seconds) -> list[rtcp.Part]:
        ours, theirs = self._sender.stats, self._receiver.lock.ssrc
        blocks = () if theirs is None else (self._receiver.stats.block(theirs, now),)
        speaking = ours.packets != self._sent_before
        self._sent_before = ours.packets
        name = rtcp.Description(
            ours.ssrc, self._parameters.cname.encode("latin-1", "replace")[:255]
        )
        if speaking:
            return [ours.report(timestamp, now, blocks), name]
        return [rtcp.ReceiverReport(ours.ssrc, blocks), name]
