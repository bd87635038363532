"""What was lost, how much it jittered, how far away the peer is (RFC 3550 §6.4, A.3, A.8)."""

from dataclasses import dataclass
from typing import Final

from offhook.rtp.rtcp import ReportBlock, SenderReport
from offhook.rtp.sequence import extend
from offhook.units import Hertz, RtpTicks, Seconds

MAX_DROPOUT: Final = 3000  # packets; a larger jump forwards is a new beginning (RFC 3550 A.1)
MAX_MISORDER: Final = 100  # a larger one backwards too
INTERVAL: Final = Seconds(5)  # between our reports, on average (RFC 3550 §6.2)
LONGEST_ROUND_TRIP: Final = Seconds(10)  # above it the peer's arithmetic is wrong
_NTP_SHIFT: Final = 16
_HASH: Final = 0x9E3779B1  # Knuth's multiplicative hash, 2^32 divided by the golden ratio


@dataclass(slots=True)
class ReceiverStats:
    """One SSRC that we hear."""

    rate: Hertz
    received: int = 0
    jitter_ticks: float = 0.0
    _base: int = 0
    _highest: int = -1
    _suspect: int | None = None
    """Where the sequence would go on if the last jump was a restart."""
    _transit: float | None = None
    _reported_expected: int = 0
    _reported_received: int = 0
    _last_report: int = 0
    _last_report_at: Seconds = Seconds(0)

    def accept(self, sequence: int) -> int | None:
        """A packet with this number came: its extended number, or None when it leaps too far.

        Two in a row after a leap are a restart of the sender: counted anew from there.
        """
        if self.received == 0:
            return self._begin(sequence)
        if sequence == (self._highest + 1) & 0xFFFF:  # the next one, as nearly always
            self._suspect = None
            self.received += 1
            self._highest += 1
            return self._highest
        extended = extend(sequence, self._highest)
        if -MAX_MISORDER < extended - self._highest < MAX_DROPOUT:
            self._suspect = None
            self.received += 1
            self._highest = max(self._highest, extended)
            return extended
        if sequence != self._suspect:
            self._suspect = (sequence + 1) & 0xFFFF
            return None
        self._suspect = None
        self._transit = None
        before = self.expected  # the count goes on, the leap itself is no loss
        self._highest = extend(sequence, self._highest)
        self._base = self._highest - before
        self.received += 1
        return self._highest

    def arrived(self, timestamp: RtpTicks, at: Seconds) -> None:
        """Voice stamped `timestamp` (extended) arrived: reckon the jitter (A.8)."""
        transit = at * self.rate - timestamp
        if self._transit is not None:
            self.jitter_ticks += (abs(transit - self._transit) - self.jitter_ticks) / 16
        self._transit = transit

    def reported(self, report: SenderReport, at: Seconds) -> None:
        """The peer's SR came: our next block tells when."""
        self._last_report = report.ntp >> _NTP_SHIFT & 0xFFFFFFFF
        self._last_report_at = at

    @property
    def expected(self) -> int:
        """Packets that were sent, as far as we can know."""
        return self._highest - self._base + 1 if self.received else 0

    @property
    def lost(self) -> int:
        """Never came; negative when duplicates did."""
        return self.expected - self.received

    @property
    def jitter(self) -> Seconds:
        """Interarrival jitter."""
        return Seconds(self.jitter_ticks / self.rate)

    def block(self, ssrc: int, now: Seconds) -> ReportBlock:
        """Our report about `ssrc`; its fraction covers the time since the last one."""
        expected = self.expected - self._reported_expected
        lost = expected - (self.received - self._reported_received)
        self._reported_expected, self._reported_received = self.expected, self.received
        fraction = min(lost * 256 // expected, 255) if expected > 0 and lost > 0 else 0
        delay = now - self._last_report_at if self._last_report else 0.0
        return ReportBlock(
            ssrc,
            fraction,
            self.lost,
            self._highest & 0xFFFFFFFF,
            min(int(self.jitter_ticks), 0xFFFFFFFF),
            self._last_report,
            min(int(max(delay, 0) * 65536), 0xFFFFFFFF),
        )

    def _begin(self, sequence: int) -> int:
        self._base = self._highest = sequence
        self.received = 1
        return sequence


@dataclass(slots=True)
class SenderStats:
    """The one SSRC that we send."""

    ssrc: int
    began: Seconds
    """Our NTP time is the time since the beginning: the phone may not know the date (§6.4.1)."""
    packets: int = 0
    octets: int = 0
    round_trip: Seconds | None = None
    remote_lost: int | None = None

    def sent(self, octets: int) -> None:
        """A packet left, with so many octets of payload."""
        self.packets += 1
        self.octets += octets

    def ntp(self, now: Seconds) -> int:
        """64-bit NTP format, 32.32 seconds since `began`, never 0."""
        return int((now - self.began + 1) * 2**32) & 0xFFFFFFFFFFFFFFFF

    def report(
        self, rtp_time: RtpTicks, now: Seconds, blocks: tuple[ReportBlock, ...]
    ) -> SenderReport:
        """Our SR."""
        return SenderReport(
            self.ssrc,
            self.ntp(now),
            rtp_time & 0xFFFFFFFF,
            self.packets & 0xFFFFFFFF,
            self.octets & 0xFFFFFFFF,
            blocks,
        )

    def heard(self, block: ReportBlock, now: Seconds) -> None:
        """The peer reports about us: A - LSR - DLSR is the round trip (§6.4.1)."""
        self.remote_lost = max(block.lost, 0)
        if block.last_report:
            here = self.ntp(now) >> _NTP_SHIFT & 0xFFFFFFFF
            trip = Seconds((here - block.last_report - block.delay) % 2**32 / 65536)
            self.round_trip = trip if trip < LONGEST_ROUND_TRIP else self.round_trip


def interval(ssrc: int, count: int) -> Seconds:
    """How long to wait before report number `count`: 2.5-7.5 s, the first half of that (§6.3.1).

    Drawn from the SSRC, itself random, so that phones that began together do not report together.
    """
    draw = (ssrc + count + 1) * _HASH % 2**32 / 2**32
    return Seconds(INTERVAL * (0.5 + draw) * (0.5 if count == 0 else 1.0))
