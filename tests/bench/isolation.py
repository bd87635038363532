"""Does a flood at the SIP or RTP port disturb a call's audio?  Voice as a thread, and as a process.

    python tests/bench/isolation.py [--seconds 10] [--modes thread process]

Each case is a call on two cards without hardware (tests/support/vloop.py) with voice both ways,
while another process floods.  Told are: samples the earpiece lacked, underruns, and how far the
intervals between the packets sent (kernel time stamps at the receiver) are from 20 ms.
"""

import argparse
import asyncio
import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "firmware"), str(ROOT / "tests")]

from bench.rtp import HOST, PACKET, RtpPeer, deviations  # noqa: E402
from bench.table import Kind, Table, Verdict, quantile  # noqa: E402
from offhook.drivers.card import SoundCard  # noqa: E402
from offhook.notes import Note  # noqa: E402
from offhook.phone.actions import (  # noqa: E402
    Listen,
    SetGate,
    StartVoice,
    VoiceCommand,
    VoiceParameters,
)
from offhook.service.entropy import SystemEntropy  # noqa: E402
from offhook.service.voice import RtpPair, RtpPorts, Voice, runner  # noqa: E402
from offhook.service.voice.channel import Channel  # noqa: E402
from offhook.service.voice.messages import Order, Quit  # noqa: E402
from offhook.service.voice.page import SharedPage  # noqa: E402
from offhook.sip.errors import SipError  # noqa: E402
from offhook.sip.parser import parse  # noqa: E402
from offhook.units import Decibels, Endpoint, RtpTicks, Seconds  # noqa: E402
from support import vloop  # noqa: E402

WARM_UP = 1.0
SECONDS = 8.0
FLOODS: Mapping[str, tuple[tuple[str, str, int], ...]] = {
    "quiet": (),
    "sip garbage 2000/s": (("sip", "garbage", 2000),),
    "sip INVITEs 2000/s": (("sip", "invite", 2000),),
    "rtp garbage 5000/s": (("rtp", "garbage", 5000),),
    "rtp packets 5000/s": (("rtp", "rtp", 5000),),
    "sip INVITEs 2000/s + rtp 5000/s": (("sip", "invite", 2000), ("rtp", "rtp", 5000)),
}
INVITE = (ROOT / "tests/vectors/seed/13_recv_INVITE.sip").read_bytes()
RTP = struct.pack("!BBHII", 0x80, 0, 7, 1120, 99) + bytes(160)
DATA = {"garbage": os.urandom(200), "invite": INVITE, "rtp": RTP}


class VoiceThread:
    """The alternative: the very same loop, in a thread of the main process."""

    def __init__(self, card: SoundCard) -> None:
        self._ours, theirs = Channel.pair()
        page = SharedPage(runner.monotonic())
        made = runner.Equipment(card, "us", Decibels(0), Decibels(0))
        self._thread = threading.Thread(target=runner.run, args=(made, theirs, page, 1))
        self._thread.start()

    def fileno(self) -> int:
        return self._ours.fileno()

    def events(self) -> list[object]:
        found = []
        while (received := self._ours.receive()) is not None:
            found.append(received[0])
        return found

    def obey(self, command: VoiceCommand, pair: RtpPair | None = None) -> None:
        # the loop closes what it is given, as it would its own copies
        given = [os.dup(sock.fileno()) for sock in (pair.rtp, pair.rtcp)] if pair else []
        self._ours.send(Order(1, command), given)
        for descriptor in given:
            os.close(descriptor)

    def close(self) -> None:
        self._ours.send(Quit())
        self._thread.join()


class Sip(asyncio.DatagramProtocol):
    """The main loop's work: every datagram is parsed."""

    parsed = refused = 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            parse(data)
        except SipError:
            self.refused += 1
        else:
            self.parsed += 1


async def subject(peer: int, voice: "Voice | VoiceThread") -> None:
    """The phone under test: tells its ports, runs until its standard input ends."""
    loop = asyncio.get_running_loop()
    transport, sip = await loop.create_datagram_endpoint(Sip, local_addr=(HOST, 0))
    ports = RtpPorts(HOST, 20000, 29999, SystemEntropy())
    port = ports.choose()
    ports.open(port)
    warnings: list[str] = []
    loop.add_reader(voice, lambda: warnings.extend(
        str(each.what) for each in voice.events() if isinstance(each, Note)))  # fmt: skip
    voice.obey(StartVoice(1, parameters(port, peer)), ports.take(port))
    voice.obey(Listen(True))
    voice.obey(SetGate(1))
    sip_port = transport.get_extra_info("sockname")[1]
    print(json.dumps({"sip": sip_port, "rtp": port}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps({"parsed": sip.parsed, "refused": sip.refused, "notes": warnings}), flush=True)
    transport.close()


def parameters(port: int, peer: int) -> VoiceParameters:
    remote = Endpoint(HOST, peer)
    return VoiceParameters(
        port=port, codec="PCMU", send_payload_type=0, receive_payload_type=0,
        remote=remote, remote_rtcp=None, rtcp_mux=True, packet_time=Seconds(PACKET),
        send=True, receive=True, dtmf_send=101, dtmf_receive=101, silence_frames=False,
        ssrc=1, sequence=1, timestamp=RtpTicks(0), cname="bench", timeout=Seconds(0),
    )  # fmt: skip


def run_subject(mode: str, peer: int) -> None:
    card = SoundCard("mic", "ear")
    voice: Voice | VoiceThread = (
        Voice.start(card, "us", SystemEntropy()) if mode == "process" else VoiceThread(card)
    )
    try:
        asyncio.run(subject(peer, voice))
    finally:
        voice.close()


def run_flood(port: int, kind: str, rate: int) -> None:
    """Send until killed."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    start, sent = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - start) * rate)
        for _ in range(min(due - sent, 100)):
            with contextlib.suppress(OSError):
                sock.sendto(DATA[kind], (HOST, port))
        sent = due
        time.sleep(0.002)


@contextlib.contextmanager
def child(
    *arguments: object, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, __file__, *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, **(env or {})},
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def measure(mode: str, name: str, seconds: float, directory: Path) -> dict[str, Any]:
    peer = RtpPeer()
    with vloop.cards(directory, "mic", "ear") as cards, contextlib.ExitStack() as stack:
        phone = stack.enter_context(child("--subject", mode, peer.port, env=cards.environment))
        assert phone.stdout
        assert phone.stdin
        ports = json.loads(phone.stdout.readline())
        peer.to = ports["rtp"]
        peer.start()
        time.sleep(WARM_UP)
        for where, kind, rate in FLOODS[name]:
            stack.enter_context(child("--flood", ports[where], kind, rate))
        time.sleep(WARM_UP)
        first, began = len(peer.arrivals), vloop.sample_now()
        time.sleep(seconds)
        arrivals, ended = peer.arrivals[first:], vloop.sample_now() - vloop.RATE // 10
        gaps = cards.line("ear").gaps(began, min(ended - began, vloop.RING))
        phone.stdin.close()
        told: dict[str, Any] = json.loads(phone.stdout.readline())
        phone.wait(10)
        peer.stop()
    return {"mode": mode, "case": name, "ear gap ms": round(gaps / 8, 1)} | spread(arrivals) | told


def spread(arrivals: list[float]) -> dict[str, Any]:
    off = [abs(each) for each in deviations(arrivals)]
    return {
        "packets": len(arrivals),
        "p50 ms": quantile(off, 0.5),
        "p99 ms": quantile(off, 0.99),
        "max ms": max(off),
    }


def run() -> Table:
    with tempfile.TemporaryDirectory() as directory:
        found = [measure("process", name, SECONDS, Path(directory)) for name in FLOODS]
    quiet, *flooded = found
    worst = max(each["p99 ms"] for each in flooded) - quiet["p99 ms"]
    return Table(
        "Isolation",
        f"A call on a card without hardware, {SECONDS:g} s of each flood at its ports; the flood "
        "itself takes most of a core. A voice thread instead of the process: "
        "`python tests/bench/isolation.py`, and decision 0003.",
        ("flood", "earpiece lacked ms", "packets", "p50 ms", "p99 ms", "max ms"),
        [
            (each["case"], f"{each['ear gap ms']:g}", str(each["packets"]),
             f"{each['p50 ms']:.2f}", f"{each['p99 ms']:.2f}", f"{each['max ms']:.1f}")
            for each in found
        ],
        (
            Verdict(Kind.AIM, "send interval p99 under flood, above quiet", worst, 2, "ms"),
            Verdict(
                Kind.AIM,
                "earpiece under flood, lacked above quiet",
                max(each["ear gap ms"] for each in flooded) - quiet["ear gap ms"],
                0,
                "ms",
            ),
        ),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--modes", nargs="*", default=["thread", "process"])
    parser.add_argument("--cases", nargs="*", default=list(FLOODS))
    parser.add_argument("--subject", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--flood", nargs=3, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.subject:
        return run_subject(wanted.subject[0], int(wanted.subject[1]))
    if wanted.flood:
        return run_flood(int(wanted.flood[0]), wanted.flood[1], int(wanted.flood[2]))
    with tempfile.TemporaryDirectory() as directory:
        for name in wanted.cases:
            for mode in wanted.modes:
                print(measure(mode, name, wanted.seconds, Path(directory)), flush=True)
    return None


if __name__ == "__main__":
    main()
