"""Network to earpiece."""

import random
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.audio.codec import available, open_codec
from offhook.audio.codec.g711 import decode_ulaw
from offhook.audio.tones import plan
from offhook.phone.actions import (
    PlayTone,
    SetGate,
    StartDigit,
    StartVoice,
    StopDigit,
    StopTone,
    StopVoice,
    Tone,
    UpdateVoice,
    VoiceCommand,
)
from offhook.phone.events import DigitHeard, FirstAudio, MediaTimeout, VoiceReport
from offhook.phone.voice import MAX_STREAMS, VoicePath
from offhook.rtp import rtcp
from offhook.rtp.packet import Packet
from offhook.rtp.rtcp import Goodbye, ReceiverReport, ReportBlock, SenderReport
from offhook.units import Decibels, Endpoint, Samples, Seconds
from support.sound import chirp, numbers, sine, steepest
from support.voices import BOB, PARAMETERS, Alone

CONFIRM = plan("uk").source("confirm").frame(2000)
EVIL = Endpoint("203.0.113.66", 6666)
NATTED = Endpoint("198.51.100.1", 33000)


class Peer:
    """Sends a sound in packets, as somebody else's telephone would."""

    def __init__(
        self, phone: Alone, sound: bytes, *, ms: int = 20, codec: str = "PCMU", ssrc: int = 9
    ) -> None:
        self.phone, self.sound, self.samples, self.ssrc = phone, sound, 8 * ms, ssrc
        self.codec = open_codec(codec)
        self.kind = {"PCMU": 0, "PCMA": 8, "G729": 18}[codec]
        self.count = 0
        self.source = BOB
        self.stream = 1
        self.first = 65_000
        self.offset = 2**32 - 4000
        self.began = phone.now

    def packet(self) -> Packet:
        at = self.count * self.samples
        pcm = self.sound[2 * at : 2 * (at + self.samples)].ljust(2 * self.samples, b"\0")
        self.count += 1
        return Packet(
            self.kind,
            (self.first + self.count) % 65_536,
            (self.offset + at) % 2**32,
            self.ssrc,
            self.codec.encode(pcm),
            marker=self.count == 1,
        )

    def run(self, seconds: float) -> None:
        """Packets on time while the phone plays."""
        until = self.phone.now + seconds
        while self.phone.now < until - 1e-9:
            while self.began + self.count * self.samples / 8000 <= self.phone.now + 1e-9:
                self.phone.hear(self.packet(), self.source, stream=self.stream)
            self.phone.step()


def likeness(heard: bytes, sound: bytes, window: int = 8000) -> tuple[float, int]:
    """The best correlation of the last `window` heard with what was said, and the delay."""
    a = numbers(heard)[-window:]
    end = len(heard) // 2
    said = numbers(sound)[:end]
    found = [
        (float(a @ b / np.sqrt((a @ a) * (b @ b) + 1)), delay)
        for delay in range(2000)
        for b in [said[end - window - delay : end - delay]]
    ]
    return max(found)


CODECS = [name for name in ("PCMU", "PCMA", "G729") if name in available()]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("ms", [10, 20, 30, 40, 60])
def test_c48_voice_is_heard_whatever_the_length_of_its_packets(codec: str, ms: int) -> None:
    phone = Alone()
    sound = chirp(8000 * 3)
    peer = Peer(phone, sound, ms=ms, codec=codec)
    phone.start(replace(PARAMETERS, codec=codec, receive_payload_type=peer.kind))
    peer.run(2.8)
    like, delay = likeness(bytes(phone.heard), sound)
    assert like > (0.5 if codec == "G729" else 0.99)  # G.729 keeps the sound, not the wave
    assert delay < 8 * (ms + 30)
    assert [event for event in phone.events if isinstance(event, FirstAudio)] == [FirstAudio(1)]


def test_a_peer_that_answered_with_two_codecs_may_send_either() -> None:
    phone = Alone()
    phone.start()
    peer = Peer(phone, sine(400, 8000 * 3, 4000))
    peer.run(0.5)
    peer.codec, peer.kind = open_codec("PCMA"), 8
    peer.run(0.5)
    heard = numbers(bytes(phone.heard)[-4000:])
    assert np.abs(heard).mean() == pytest.approx(4000 * 2 / np.pi, rel=0.1)


def test_c46_a_peer_may_send_by_its_own_numbers() -> None:
    phone = Alone()
    phone.start(replace(PARAMETERS, dtmf_send=96, dtmf_receive=101))
    phone.hear(Packet(96, 1, 800, 9, bytes.fromhex("070a00a0")))
    phone.hear(Packet(101, 2, 2400, 9, bytes.fromhex("080a00a0"), marker=True))
    assert phone.events == [DigitHeard(1, "7"), DigitHeard(1, "8")]


def test_row_75_the_length_may_change_in_the_middle() -> None:
    phone = Alone()
    phone.start()
    sound = sine(400, 8000 * 3, 4000)
    peer = Peer(phone, sound)
    peer.run(1)
    peer.count, peer.samples = peer.count * 2 // 3, 240
    peer.first += peer.count
    peer.began = phone.now - peer.count * 0.03
    peer.run(1)
    assert np.abs(numbers(bytes(phone.heard)[-8000:])).mean() > 1500


def test_reliability_15_spray_changes_not_one_bit_and_gets_nothing() -> None:
    def call(spray: bool) -> Alone:
        phone = Alone()
        phone.start()
        peer = Peer(phone, chirp(16_000))
        dice = random.Random(3)
        for _ in range(100):
            peer.run(0.01)
            if spray:
                junk = Packet(0, dice.randrange(2**16), dice.randrange(2**32), 9, b"\x2a" * 160)
                phone.hear(junk, EVIL)
                phone.hear(rtcp.serialize([ReceiverReport(9), Goodbye((9,))]), EVIL, rtcp=True)
        assert {each.to.host for each in phone.run(6)} == {BOB.host}
        return phone

    quiet, sprayed = call(False), call(True)
    assert quiet.heard == sprayed.heard
    assert sprayed.voice.dropped()["stranger"] == 200


def test_c49_a_peer_behind_a_nat_is_heard_and_answered() -> None:
    phone = Alone()
    phone.start()
    peer = Peer(phone, chirp(16_000))
    peer.source = NATTED
    peer.run(1)
    assert {each.to for each in phone.run(0.1)} == {NATTED}
    reports = [each.to for each in phone.run(10) if each.rtcp]
    assert set(reports) == {Endpoint(NATTED.host, NATTED.port + 1)}


def test_a_peer_on_the_last_port_gets_no_reports() -> None:
    phone = Alone()
    phone.start()
    peer = Peer(phone, chirp(16_000))
    peer.source = NATTED._replace(port=65_535)
    peer.run(1)
    assert [each for each in phone.run(10) if each.rtcp] == []


def test_a_new_ssrc_is_heard_without_a_hole_and_losses_add_up() -> None:
    phone = Alone()
    phone.start()
    sound = sine(400, 8000 * 4, 4000)
    first = Peer(phone, sound)
    first.run(1)
    first.first += 3  # three lost
    first.count += 0
    first.run(0.1)
    second = Peer(phone, sound, ssrc=77)
    second.first, second.offset = 5, 123_456_789
    second.run(1)
    assert np.abs(numbers(bytes(phone.heard)[-8000:])).mean() > 1500
    (report,) = phone.obey(StopVoice(1))
    assert isinstance(report, VoiceReport)
    assert report.received == first.count + second.count - 1
    assert report.lost == 3


def test_c30_a_change_of_codec_is_decoded_from_the_next_packet() -> None:
    phone = Alone()
    phone.start()
    sound = sine(400, 8000 * 4, 4000)
    peer = Peer(phone, sound)
    peer.run(0.5)
    phone.obey(UpdateVoice(1, replace(PARAMETERS, codec="PCMA", receive_payload_type=8)))
    peer.codec, peer.kind = open_codec("PCMA"), 8
    peer.run(0.5)
    assert np.abs(numbers(bytes(phone.heard)[-4000:])).mean() > 1500
    assert phone.voice.dropped() == {}


@pytest.mark.parametrize("nowhere", [None, Endpoint("0.0.0.0", 5000)])  # noqa: S104
def test_reliability_15_a_hold_does_not_open_the_lock(nowhere: Endpoint | None) -> None:
    phone = Alone()
    phone.start()
    peer = Peer(phone, sine(400, 8000 * 9, 4000))
    peer.run(0.5)
    phone.obey(UpdateVoice(1, replace(PARAMETERS, send=False, remote=nowhere)))
    for sequence in range(20):
        phone.hear(Packet(0, sequence, 160 * sequence, 66, b"\x2a" * 160), EVIL)
    assert phone.voice.dropped() == {"stranger": 20}
    peer.run(0.5)  # music on hold
    assert np.abs(numbers(bytes(phone.heard)[-1600:])).mean() > 1500
    assert {each.to for each in phone.run(20)} == {PARAMETERS.remote_rtcp}
    phone.obey(UpdateVoice(1, PARAMETERS))
    assert {each.to for each in phone.run(0.1)} == {BOB}


def test_row_35_an_update_without_change_is_not_heard() -> None:
    phones = []
    for update in (False, True):
        phone = Alone()
        phone.start()
        peer = Peer(phone, chirp(16_000))
        peer.run(0.5)
        if update:
            phone.obey(UpdateVoice(1, PARAMETERS))
        peer.run(0.5)
        phones.append(bytes(phone.heard))
    assert phones[0] == phones[1]


def test_c29_what_comes_while_we_hold_is_not_heard() -> None:
    phone = Alone()
    held = replace(PARAMETERS, receive=False)
    phone.start(held)
    peer = Peer(phone, chirp(32_000))
    peer.run(0.5)
    assert not any(phone.heard)
    phone.obey(UpdateVoice(1, PARAMETERS))
    peer.run(0.5)
    assert any(phone.heard)
    phone.obey(UpdateVoice(1, held))
    phone.heard.clear()
    peer.run(0.5)
    assert not any(phone.heard[320:])


def test_only_the_agreed_payload_types_are_taken() -> None:
    phone = Alone()
    phone.start()
    for kind in (3, 9, 13, 100):
        phone.hear(Packet(kind, 1, 0, 9, bytes(160)))
    phone.hear(b"\x80")
    phone.hear(b"\x80\xc8\x00", rtcp=True)
    assert phone.voice.dropped() == {"type": 4, "malformed": 2}
    phone.hear(Packet(0, 1, 0, 9, bytes(160)), stream=8)
    assert phone.voice.dropped()["no stream"] == 1


def test_a_leap_of_one_packet_is_not_believed() -> None:
    phone = Alone()
    phone.start()
    phone.hear(Packet(0, 1, 0, 9, bytes(160)))
    phone.hear(Packet(0, 30_000, 0, 9, bytes(160)))
    assert phone.voice.dropped() == {"leap": 1}


def test_a_packet_larger_than_any_voice_is_not_played() -> None:
    phone = Alone()
    phone.start()
    assert phone.hear(Packet(0, 1, 0, 9, bytes(1501))) == []


# Keys, tones, the earpiece


def test_c45_the_peers_keys_are_told() -> None:
    phone = Alone()
    phone.start()
    for sequence in range(5):
        phone.hear(Packet(101, sequence, 800, 9, bytes.fromhex("070a00a0")))
    phone.hear(Packet(101, 5, 2400, 9, bytes.fromhex("100a00a0"), marker=True))
    assert phone.events == [DigitHeard(1, "7"), DigitHeard(1, "flash")]


def test_a_key_of_the_peer_is_a_pause_not_a_loss() -> None:
    phone = Alone()
    phone.start()
    peer = Peer(phone, chirp(32_000))
    peer.run(0.5)
    for _ in range(10):
        packet = peer.packet()
        phone.hear(packet._replace(payload_type=101, payload=bytes.fromhex("070a00a0")))
        phone.run(0.02)
    peer.run(0.5)
    (report,) = phone.obey(StopVoice(1))
    assert isinstance(report, VoiceReport)
    assert (report.lost, report.concealed) == (0, 0.0)


def test_tones_replace_the_voice_but_call_waiting_is_mixed_into_it() -> None:
    phone = Alone()
    phone.start()
    peer = Peer(phone, sine(2000, 8000 * 9, 4000))
    peer.run(1)

    def strength(frequency: int) -> float:
        heard = numbers(bytes(phone.heard)[-8000:])
        return float(np.abs(np.fft.rfft(heard)[frequency // 2]) / len(heard))

    phone.obey(PlayTone(Tone.RINGBACK))
    peer.run(0.6)
    assert strength(440) > 100 > strength(2000)
    phone.obey(StopTone(), StopTone())
    peer.run(0.6)
    assert strength(2000) > 1000
    assert strength(440) < 20
    phone.heard.clear()
    phone.obey(PlayTone(Tone.CALL_WAITING))
    peer.run(0.3)
    heard = numbers(bytes(phone.heard))
    spectrum = np.abs(np.fft.rfft(heard, 8000)) / len(heard)
    assert spectrum[440] > 100
    assert spectrum[2000] > 1000


def test_the_earpiece_can_be_turned_down_and_the_microphone_up() -> None:
    phone = Alone()
    phone.voice = VoicePath(
        plan("GB"), Samples(80), send_gain=Decibels(6), receive_gain=Decibels(-20)
    )
    phone.start()
    peer = Peer(phone, sine(400, 8000, 4000))
    peer.run(0.5)
    assert np.abs(numbers(bytes(phone.heard))).max() == pytest.approx(400, abs=20)
    packets = [Packet.parse(each.data) for each in phone.run(0.1, b"\x00\x10" * 80)]
    assert decode_ulaw(packets[-1].payload[:1]) == struct.pack("<h", 8316)  # 4096 + 6 dB


def test_tones_need_no_stream() -> None:
    phone = Alone()
    phone.obey(StopTone(), PlayTone(Tone.DIAL))
    phone.run(0.5)
    assert np.abs(numbers(bytes(phone.heard)[800:])).mean() > 300
    phone.obey(StopTone())
    phone.run(0.1)
    assert not any(phone.heard[-800:])


def test_no_tone_clicks_when_another_takes_its_place() -> None:
    steps = []
    for change in (False, True):
        phone = Alone()
        phone.obey(PlayTone(Tone.DIAL))
        for each in range(60):
            phone.run(0.01 * (3 + each % 11))
            phone.obey(*([PlayTone(Tone.DIAL)] if change else []))
        phone.obey(StopTone())
        phone.run(0.05)
        assert not any(phone.heard[-160:])
        steps.append(steepest(bytes(phone.heard)))
    assert steps[1] < 1.6 * steps[0]  # two at once while one fades


@pytest.mark.parametrize("command", [StopVoice(1), SetGate(2), PlayTone(Tone.CONFIRM)], ids=str)
def test_a_voice_that_is_cut_off_does_not_click(command: VoiceCommand) -> None:
    for phase in range(8):
        sound = sine(93, 8000)  # periods end anywhere in its wave
        phone = Alone()
        phone.start()
        peer = Peer(phone, sound)
        peer.run(0.3 + 0.01 * phase)
        phone.obey(StartVoice(2, replace(PARAMETERS, port=40002)), command)
        phone.run(0.05)
        assert steepest(bytes(phone.heard)) < 1.6 * max(steepest(sound), steepest(CONFIRM))


def test_the_limiter_is_last() -> None:
    phone = Alone()
    phone.start()
    phone.obey(PlayTone(Tone.CALL_WAITING))
    Peer(phone, sine(1000, 16_000, 32_000)).run(1)
    assert np.abs(numbers(bytes(phone.heard))).max() <= 32_768 * 10 ** (-9 / 20) + 1


def test_ones_own_keys_beep_softly_while_they_are_down() -> None:
    phone = Alone()
    phone.start()
    phone.obey(StartDigit(1, "5"))
    phone.run(0.2)
    loud = np.abs(numbers(bytes(phone.heard))).max()
    assert 300 < loud < 6000
    phone.obey(StopDigit(1))
    phone.run(0.2)
    assert not any(phone.heard[-1600:])
    phone.obey(StartDigit(1, "flash"), StopDigit(1), StartDigit(9, "1"), StopDigit(9))
    phone.run(0.1)
    assert not any(phone.heard[-1600:])


def test_a_call_that_waits_is_not_heard_until_the_gate_turns_to_it() -> None:
    phone = Alone()
    phone.start()
    phone.obey(StartVoice(2, replace(PARAMETERS, ssrc=5)))
    second = Peer(phone, sine(400, 80_000, 4000))
    second.stream = 2
    second.run(1)
    assert not any(phone.heard)
    phone.obey(SetGate(2))
    second.run(0.5)
    assert np.abs(numbers(bytes(phone.heard)[-4000:])).mean() > 1500


def test_early_media_of_two_streams_is_mixed() -> None:
    phone = Alone()
    phone.obey(StartVoice(1, PARAMETERS), StartVoice(2, PARAMETERS))
    for stream, frequency in ((1, 400), (2, 1000)):
        peer = Peer(phone, sine(frequency, 8000, 2000))
        peer.stream = stream
        for _ in range(4):
            phone.hear(peer.packet(), stream=stream)
    phone.run(0.06)
    spectrum = np.abs(np.fft.rfft(numbers(bytes(phone.heard)), 8000))
    assert min(spectrum[400], spectrum[1000]) > 10 * spectrum[2000]


def test_there_are_never_more_than_two_streams() -> None:
    phone = Alone()
    for stream in range(MAX_STREAMS + 1):
        phone.obey(StartVoice(stream, PARAMETERS))
    phone.obey(StartVoice(0, PARAMETERS))
    assert phone.voice.dropped() == {"too many streams": 2}
    assert phone.obey(*(StopVoice(stream) for stream in range(MAX_STREAMS + 1))) != []
    assert phone.obey(StopVoice(0)) == []


def test_a_gate_set_first_opens_to_its_stream_when_it_comes() -> None:
    phone = Alone()
    phone.obey(SetGate(1), StartVoice(1, PARAMETERS))
    assert phone.run(0.1)


# Watchdog and reports


def timeouts(phone: Alone) -> list[MediaTimeout]:
    return [event for event in phone.events if isinstance(event, MediaTimeout)]


def test_c53_a_silent_peer_is_told_once() -> None:
    phone = Alone()
    phone.start(replace(PARAMETERS, timeout=Seconds(3)))
    phone.run(2.9)
    assert timeouts(phone) == []
    phone.run(5)
    (event,) = timeouts(phone)
    assert event.silent_for == pytest.approx(3, abs=0.02)
    Peer(phone, bytes(3200)).run(0.1)
    phone.run(4)
    assert len(timeouts(phone)) == 2


def test_c53_rtcp_counts_as_life() -> None:
    phone = Alone()
    phone.start(replace(PARAMETERS, timeout=Seconds(3)))
    for _ in range(5):
        phone.run(2)
        phone.hear(rtcp.serialize([ReceiverReport(9)]), Endpoint(BOB.host, 6001), rtcp=True)
    assert timeouts(phone) == []


def test_c53_strangers_are_no_life() -> None:
    phone = Alone()
    phone.start(replace(PARAMETERS, timeout=Seconds(3)))
    for _ in range(5):
        phone.run(1)
        phone.hear(Packet(0, 1, 0, 9, bytes(160)), EVIL)
        phone.hear(rtcp.serialize([ReceiverReport(9)]), EVIL, rtcp=True)
    assert len(timeouts(phone)) == 1


def test_c53_the_watchdog_pauses_while_held_and_begins_anew_after() -> None:
    phone = Alone()
    phone.start()
    phone.run(20)
    phone.obey(UpdateVoice(1, replace(PARAMETERS, timeout=Seconds(3))))
    phone.run(2.9)
    assert timeouts(phone) == []
    phone.run(0.2)
    assert len(timeouts(phone)) == 1


def test_c53_a_mere_refresh_does_not_feed_the_watchdog() -> None:
    phone = Alone()
    watched = replace(PARAMETERS, timeout=Seconds(3))
    phone.start(watched)
    phone.run(2)
    phone.obey(UpdateVoice(1, watched))
    phone.run(1.1)
    assert len(timeouts(phone)) == 1


def test_the_source_is_named_only_when_it_is_certain() -> None:
    phone = Alone()
    assert phone.voice.source(1) is None
    phone.start()
    for sequence in range(4):
        phone.hear(Packet(0, sequence, 160 * sequence, 9, bytes(160)), NATTED)
    assert phone.voice.source(1) is None
    phone.hear(Packet(0, 4, 640, 9, bytes(160)))
    assert phone.voice.source(1) == BOB
    phone.obey(UpdateVoice(1, replace(PARAMETERS, remote=NATTED)))
    assert phone.voice.source(1) is None


def test_reports_come_every_five_seconds_and_at_the_end() -> None:
    phone = Alone()
    phone.start()
    peer = Peer(phone, chirp(8000 * 12))
    peer.run(10.5)
    peer.first += 5
    peer.run(0.5)
    on_the_way = [event for event in phone.events if isinstance(event, VoiceReport)]
    assert [event.final for event in on_the_way] == [False, False]
    (report,) = phone.obey(StopVoice(1))
    assert isinstance(report, VoiceReport)
    assert (report.final, report.codec, report.lost) == (True, "PCMU", 5)
    assert report.late <= 1
    assert report.sent == pytest.approx(550, abs=1)
    assert report.received == peer.count
    assert report.jitter < 0.002
    assert 0 < report.playout_delay < 0.03
    assert (report.round_trip, report.remote_lost) == (None, None)


def test_the_round_trip_and_the_peers_losses_are_read_from_its_reports() -> None:
    phone = Alone()
    phone.start()
    Peer(phone, chirp(8000)).run(0.5)
    out = [each for each in phone.run(10) if each.rtcp]
    sent = rtcp.parse(out[-1].data)[0]
    assert isinstance(sent, SenderReport)
    phone.now += 0.1
    block = ReportBlock(PARAMETERS.ssrc, 0, 4, 0, 0, sent.ntp >> 16 & 0xFFFFFFFF, 0)
    others = ReportBlock(1, 0, 99, 0, 0, 0, 0)
    report = SenderReport(9, 5 << 32, 0, 0, 0, (others, block))
    stranger = SenderReport(10, 7 << 32, 0, 0, 0)
    for part in (report, stranger):
        phone.hear(rtcp.serialize([part]), Endpoint(BOB.host, 6001), rtcp=True)
    ours = next(rtcp.parse(each.data)[0] for each in phone.run(10) if each.rtcp)
    assert isinstance(ours, SenderReport)
    assert ours.reports[0].last_report == 5 << 16
    (final,) = phone.obey(StopVoice(1))
    assert isinstance(final, VoiceReport)
    assert final.remote_lost == 4
    assert final.round_trip is not None
    assert final.round_trip > 0.1


def test_after_a_goodbye_another_ssrc_begins_at_once() -> None:
    phone = Alone()
    phone.start()
    phone.hear(Packet(0, 1, 0, 9, bytes(160)))
    name = rtcp.Description(9, b"x")
    phone.hear(rtcp.serialize([ReceiverReport(9), name, Goodbye((9,))]))
    phone.hear(Packet(0, 1, 0, 10, bytes(160)))
    assert phone.voice.dropped() == {}


# Trouble


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.binary(max_size=60),
                st.builds(
                    lambda kind, *numbers: bytes(Packet(kind, *numbers)),
                    st.sampled_from([0, 101]),
                    st.integers(0, 2**16 - 1),
                    st.integers(0, 2**32 - 1),
                    st.sampled_from([9, 10]),
                    st.binary(max_size=200),
                ),
            ),
            st.sampled_from([BOB, NATTED, EVIL]),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_no_datagram_raises_and_sound_goes_on(
    datagrams: list[tuple[bytes, Endpoint, bool]],
) -> None:
    phone = Alone()
    phone.start(replace(PARAMETERS, rtcp_mux=True))
    for data, source, is_rtcp in datagrams:
        phone.hear(data, source, rtcp=is_rtcp)
        phone.step()
    assert len(phone.heard) == 160 * len(datagrams)


def test_a_flood_of_good_looking_packets_leaves_memory_where_it_was() -> None:
    import tracemalloc  # noqa: PLC0415 - slows everything else down

    phone = Alone()
    phone.start()
    dice = random.Random(5)

    def flood(count: int) -> None:
        for each in range(count):
            kind = dice.choice([0, 0, 0, 101])
            stamp = dice.choice([160 * each, dice.randrange(2**32)]) % 2**32
            ssrc = dice.choice([9, 9, 9, dice.randrange(2**32)])
            packet = Packet(kind, each % 2**16, stamp, ssrc, dice.randbytes(160))
            phone.hear(packet, dice.choice([BOB, NATTED]))
            if each % 50 == 0:
                phone.step()
        phone.heard.clear()
        phone.events.clear()

    flood(3000)
    tracemalloc.start()
    flood(2000)
    before = tracemalloc.get_traced_memory()[0]
    flood(20_000)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 100_000  # what a buffer holds goes up and down; all of it would be 5 MB


def test_a_click_is_never_louder_than_the_sound() -> None:
    """Packets lost and late: no step larger than twice what the voice itself makes."""
    phone = Alone()
    phone.start()
    sound = chirp(8000 * 5)
    peer = Peer(phone, sound)
    dice = random.Random(8)
    for _ in range(200):
        if dice.random() < 0.1:
            peer.packet()
        peer.run(0.02)
    assert steepest(bytes(phone.heard)) < 2 * steepest(sound)
