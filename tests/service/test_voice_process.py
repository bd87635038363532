"""The voice runner as it is: processes, sockets, deaths."""

import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from offhook.drivers.card import SoundCard
from offhook.notes import Note
from offhook.phone.actions import Listen, SetGate, StartVoice, StopVoice, VoiceParameters
from offhook.phone.events import Event, FirstAudio, SoundTrouble, VoiceReport
from offhook.service.entropy import SystemEntropy
from offhook.service.voice import RtpPorts, Voice, VoiceGone
from offhook.units import Endpoint, RtpTicks, Seconds
from support import vloop

pytestmark = pytest.mark.integration
HOST = "127.0.0.1"
PATIENCE = 10.0
ENTROPY = SystemEntropy()


class Call:
    """A peer and a stream to it."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self.peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.peer.bind((HOST, 0))
        self.peer.settimeout(PATIENCE)
        ports = RtpPorts(HOST, 32000, 33000, ENTROPY)
        self.port = ports.choose()
        ports.open(self.port)
        pair = ports.take(self.port)
        assert pair is not None
        remote = Endpoint(*self.peer.getsockname())
        parameters = VoiceParameters(
            port=self.port, codec="PCMU", send_payload_type=0, receive_payload_type=0,
            remote=remote, remote_rtcp=None, rtcp_mux=True, packet_time=Seconds(0.02), send=True,
            receive=True, dtmf_send=101, dtmf_receive=101, silence_frames=False, ssrc=77,
            sequence=1, timestamp=RtpTicks(0), cname="x", timeout=Seconds(0),
        )  # fmt: skip
        voice.obey(StartVoice(1, parameters), pair)
        voice.obey(Listen(on=True))
        voice.obey(SetGate(1))

    def hear(self) -> int:
        """SSRC of the next voice packet."""
        while True:
            data = self.peer.recv(2048)
            if not 192 <= data[1] <= 223:
                ssrc: int = struct.unpack_from("!I", data, 8)[0]
                return ssrc

    def say(self, count: int = 5) -> None:
        for number in range(count):
            head = struct.pack("!BBHII", 0x80, 0, number, number * 160, 42)
            self.peer.sendto(head + bytes(160), (HOST, self.port))

    def rounds(self, count: int) -> None:
        """Return after the runner has sent `count` packets more, and so read what came before."""
        self.peer.setblocking(False)  # MSG_DONTWAIT would not do: Python waits by its own time-out
        with suppress(BlockingIOError):
            while self.peer.recv(2048):
                pass
        self.peer.settimeout(PATIENCE)
        for _ in range(count):
            self.hear()

    def close(self) -> None:
        self.peer.close()


@pytest.fixture
def voice() -> Iterator[Voice]:
    made = Voice.start(None, "us", ENTROPY)
    yield made
    made.close()


@pytest.fixture
def call(voice: Voice) -> Iterator[Call]:
    made = Call(voice)
    yield made
    made.close()


def await_event(voice: Voice, wanted: Callable[[Event | Note], bool]) -> Event | Note:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        select.select([voice], [], [], 0.5)
        for event in voice.events():
            if wanted(event):
                return event
    raise AssertionError("it did not happen")


def replaced(event: Event | Note) -> bool:
    return isinstance(event, Note) and "replaced" in event.what


def runner_of(voice: Voice) -> int:
    children = Path(f"/proc/{voice._keeper}/task/{voice._keeper}/children")
    until = time.monotonic() + PATIENCE
    while not (found := children.read_text().split()):
        assert time.monotonic() < until
    return int(found[0])


def test_a_call_is_heard_both_ways(voice: Voice, call: Call) -> None:
    assert call.hear() == 77
    call.say()
    assert await_event(voice, lambda each: isinstance(each, FirstAudio)) == FirstAudio(1)
    call.rounds(2)
    voice.obey(StopVoice(1))
    report = await_event(voice, lambda each: isinstance(each, VoiceReport) and each.final)
    assert isinstance(report, VoiceReport)
    assert report.received == 5
    assert report.sent >= 1


def test_it_shows_life(voice: Voice) -> None:
    before = voice.heartbeat()
    until = time.monotonic() + PATIENCE
    while voice.heartbeat() == before:
        assert time.monotonic() < until
        time.sleep(0.01)
    now = Seconds(time.monotonic())
    assert voice.alive(now)
    assert not voice.alive(Seconds(now + 60))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_runner_that_dies_or_hangs_is_replaced_and_the_call_goes_on(
    voice: Voice, call: Call, how: signal.Signals
) -> None:
    call.hear()
    dead = runner_of(voice)
    os.kill(dead, how)
    await_event(voice, replaced)
    while (ssrc := call.hear()) == 77:
        pass
    assert runner_of(voice) != dead
    assert ssrc != 77  # a new source: sequence numbers begin anew (RFC 3550 §8)
    voice.obey(StopVoice(1))
    await_event(voice, lambda each: isinstance(each, VoiceReport) and each.final)


def test_signals_to_the_group_do_not_end_it(voice: Voice, call: Call) -> None:
    """Ctrl-C and systemd's SIGTERM are the main process's to handle: it hangs up first."""
    call.hear()
    for pid in (runner_of(voice), voice._keeper):
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
    for _ in range(5):
        assert call.hear() == 77


def test_close_ends_all_processes_soon() -> None:
    made = Voice.start(None, "us", ENTROPY)
    runner, before = runner_of(made), time.monotonic()
    made.close()
    assert time.monotonic() - before < 1
    assert not Path(f"/proc/{made._keeper}").exists()
    assert not Path(f"/proc/{runner}").exists()


def test_it_ends_when_the_main_process_was_killed() -> None:
    reader, writer = os.pipe()
    main = os.fork()
    if main == 0:
        made = Voice.start(None, "us", ENTROPY)
        os.write(writer, f"{runner_of(made)} {made._keeper}".encode())
        signal.pause()
    os.close(writer)
    pids = os.read(reader, 100).split()
    os.close(reader)
    os.kill(main, signal.SIGKILL)
    os.waitpid(main, 0)
    until = time.monotonic() + PATIENCE
    while any(_lives(int(pid)) for pid in pids):
        assert time.monotonic() < until
        time.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_when_every_runner_dies_it_gives_up_loudly(capfd: pytest.CaptureFixture[str]) -> None:
    made = Voice.start(None, "no such country", ENTROPY)
    with pytest.raises(VoiceGone):
        await_event(made, lambda each: False)
    made.close()
    assert "no such country" in capfd.readouterr().err


def test_a_stream_needs_its_sockets(voice: Voice) -> None:
    with pytest.raises(ValueError, match="sockets"):
        voice.obey(StartVoice(1, None))  # type: ignore[arg-type]


@pytest.mark.skipif(vloop.missing() is not None, reason=str(vloop.missing()))
def test_the_card_may_go_and_the_call_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 12 of the reliability list."""
    with vloop.cards(tmp_path, "mic", "ear") as cards:
        for name, value in cards.environment.items():
            monkeypatch.setenv(name, value)
        made = Voice.start(SoundCard("mic", "ear", priority=0), "us", ENTROPY)
        call = Call(made)
        call.hear()
        cards.line("mic").unplug()
        gone = await_event(made, lambda each: isinstance(each, SoundTrouble))
        for _ in range(10):
            call.hear()
        cards.line("mic").unplug(gone=False)
        back = await_event(made, lambda each: isinstance(each, SoundTrouble))
        call.close()
        made.close()
    assert isinstance(gone, SoundTrouble)
    assert "went away" in str(gone.trouble)
    assert back == SoundTrouble(None)
