"""The flows of a call, word for word: sipp behind kamailio, the real `offhookd` before it."""

import hashlib
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from peers.conftest import Proxy
from peers.kamailio import kamailio
from peers.sipp import Sipp, sipp
from support.handset import Handset, handset
from support.ports import free_ports
from support.speech import RATE, Signal

pytestmark = pytest.mark.peers

PASSWORDS = {"1001": "first-secret", "1002": "second-secret"}


@dataclass(frozen=True, slots=True)
class Desk:
    """A phone of ours, 1001, and 1002, who is whatever sipp plays."""

    phone: Handset
    proxy: Proxy
    port: int
    """1002's SIP port, known to the proxy."""
    ear: socket.socket
    """Where the peer's SDP wants the voice."""
    directory: Path

    def play(
        self, name: str, *options: str, port: int = 0, to: int = 0, **more: str
    ) -> AbstractContextManager[Sipp]:
        """A scenario: through the proxy, unless it goes `to` another port."""
        user, phone = "1002", "1001"
        values: dict[str, Any] = {
            "user": user,
            "password": self.proxy.passwords[user],
            "target": f"{phone}@127.0.0.1",
            "rtp": str(self.ear.getsockname()[1]),
            **more,
        }
        return sipp(
            self.directory, name, port or self.port, to or self.proxy.port, *options, **values
        )

    @contextmanager
    def called(self, name: str, *options: str, **more: str) -> Iterator[Sipp]:
        """The phone calls the peer, which plays this."""
        with self.play(name, *options, port=0, to=0, **more) as playing:
            self.phone.do("dial", number="1002")
            yield playing

    def address(self) -> tuple[str, int]:
        """User part and port of the phone's Contact."""
        user, _, host = str(self.phone.status()["contact"]).removeprefix("sip:").partition("@")
        return user, int(host.rpartition(":")[2])

    def packets(self) -> list[bytes]:
        """The RTP that arrived since the last look; RTCP left out (RFC 5761 §4)."""
        found: list[bytes] = []
        while True:
            try:
                data = self.ear.recv(2048)
            except BlockingIOError:
                return [one for one in found if not 72 <= one[1] & 0x7F <= 76]
            found.append(data)


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    directory = tmp_path_factory.mktemp("sipp")
    port, peer = free_ports(2)
    with ExitStack() as stack:
        program = stack.enter_context(kamailio(directory, port, "127.0.0.1", PASSWORDS))
        proxy = Proxy(port, program, PASSWORDS)
        phone = stack.enter_context(handset(directory, proxy.registrar("1001")))
        ear = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        ear.bind(("127.0.0.1", 0))
        ear.setblocking(False)
        desk = Desk(phone, proxy, peer, ear, directory)
        with desk.play("register"):
            pass
        phone.wait_until(lambda status: status["registered"] is True)
        yield desk


@pytest.fixture
def desk(desks: Desk) -> Iterator[Desk]:
    """The desk, quiet before and after."""
    desks.packets()
    yield desks
    desks.phone.do("hangup")
    desks.phone.wait_until(lambda status: status["state"] == "idle" and status["calls"] == [])
    assert "Traceback" not in desks.phone.program.log


# The phone calls


def test_ringing_answered_and_the_phone_hangs_up(desk: Desk) -> None:
    with desk.called("called_phone_ends"):
        desk.phone.wait_until("ringback")
        desk.phone.wait_until("talking")
        desk.phone.do("hangup")


def test_ringing_answered_and_the_peer_hangs_up(desk: Desk) -> None:
    with desk.called("called_peer_ends"):
        desk.phone.wait_until("talking")
        desk.phone.wait_until("remote ended")


def test_early_media_hears_nothing_of_the_person_until_the_answer(
    desk: Desk, speech: Signal
) -> None:
    early: list[bytes] = []
    with desk.called("called_early_media") as peer:
        spoken = desk.phone.speak(speech, delay=0.02)
        peer.sees("SIP/2.0 183")
        desk.phone.cards.wait_until(spoken + RATE // 2)
        status = desk.phone.wait_until(lambda status: status["state"] != "calling")
        assert status["state"] in {"ringback", "early media"}
        assert not loud(collect(early, desk))
        desk.phone.wait_until("talking")
        desk.phone.wait_until(lambda _: loud(desk.packets()))
        desk.phone.do("hangup")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("486 Busy Here", "busy"),
        ("603 Decline", "busy"),
        ("480 Temporarily Unavailable", "reorder"),
        ("404 Not Found", "unobtainable"),
    ],
)
def test_a_refusal_is_acknowledged_and_sounds_so(desk: Desk, status: str, state: str) -> None:
    with desk.called("called_refused", status=status):
        desk.phone.wait_until(state)


def test_declined_after_early_media(desk: Desk) -> None:
    with desk.called("called_declined_after_183"):
        desk.phone.wait_until("busy")


@pytest.mark.parametrize("status", ["100 Trying", "180 Ringing"])
def test_the_phone_gives_up_before_and_while_it_rings_there(desk: Desk, status: str) -> None:
    with desk.called("called_cancelled", status=status) as peer:
        peer.sees(status)
        desk.phone.do("hangup")
        desk.phone.wait_until("idle")


def test_each_of_four_200s_is_acknowledged(desk: Desk) -> None:
    with desk.called("called_200_again", "-nr") as peer:
        desk.phone.wait_until("talking")
        peer.sees("ACK sip", times=4)
        desk.phone.do("hangup")
    assert desk.phone.do("calls", limit=1)["calls"]


def test_the_second_of_two_phones_that_ring_answers(desk: Desk) -> None:
    with desk.called("called_forks"):
        desk.phone.wait_until("talking")
        desk.phone.do("hangup")


def test_a_bye_is_sent_again_with_the_password(desk: Desk) -> None:
    with desk.called("called_challenges_bye") as peer:
        desk.phone.wait_until("talking")
        desk.phone.do("hangup")
        peer.succeeded()
    found = re.findall(r"Proxy-Authorization: Digest (.*nonce=\"a5c1\".*)", peer.story())
    assert len(found) == 1
    fields = dict(re.findall(r'(\w+)="?([^",\s]*)"?', found[0]))
    assert fields["response"] == digest("BYE", fields, PASSWORDS["1001"])


def digest(method: str, fields: dict[str, str], password: str) -> str:
    """RFC 7616 §3.4.1, without the code under test (sipp checks Authorization alone)."""
    secret = md5(f"{fields['username']}:{fields['realm']}:{password}")
    about = md5(f"{method}:{fields['uri']}")
    middle = ":".join(fields[name] for name in ("nonce", "nc", "cnonce", "qop"))
    return md5(f"{secret}:{middle}:{about}")


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def test_the_called_peer_refreshes_the_session(desk: Desk) -> None:
    with desk.called("called_refreshes") as peer:
        desk.phone.wait_until("talking")
        peer.sees("UPDATE", times=2)
        peer.sees("CSeq: 2 UPDATE", times=2)
        desk.phone.do("hangup")


# The peer calls


def test_a_call_in_is_answered_refreshed_by_the_caller_and_ended_here(desk: Desk) -> None:
    with desk.play("calls_phone_ends") as peer:
        desk.phone.wait_until("ringing")
        desk.phone.do("answer")
        peer.sees("CSeq: 3 UPDATE", times=2)
        desk.phone.do("hangup")


def test_a_call_in_is_answered_and_ended_there(desk: Desk) -> None:
    with desk.play("calls_peer_ends"):
        desk.phone.wait_until("ringing")
        desk.phone.do("answer")
        desk.phone.wait_until("remote ended")


def test_the_caller_leaves_the_refreshing_to_us(desk: Desk) -> None:
    with desk.play("calls_timer_is_phones"):
        desk.phone.wait_until("ringing")
        desk.phone.do("answer")
        desk.phone.wait_until("remote ended")


def test_the_caller_gives_up(desk: Desk) -> None:
    with desk.play("calls_cancelled"):
        desk.phone.wait_until("ringing")
        desk.phone.wait_until("idle")


def test_a_call_in_is_rejected(desk: Desk) -> None:
    with desk.play("calls_refused"):
        desk.phone.wait_until("ringing")
        desk.phone.do("hangup")


def test_a_call_without_an_offer_gets_one(desk: Desk) -> None:
    with desk.play("calls_without_offer"):
        desk.phone.wait_until("ringing")
        desk.phone.do("answer")
        desk.phone.wait_until(lambda status: "'codec': 'PCMU'" in str(status["calls"]))
        desk.phone.do("hangup")


def test_our_200_is_repeated_until_the_ack_and_no_longer(desk: Desk) -> None:
    with desk.play("calls_ack_lost", "-nr"):
        desk.phone.wait_until("ringing")
        desk.phone.do("answer")
        desk.phone.wait_until("remote ended")


def test_hold_and_resume_by_reinvite_and_update(desk: Desk) -> None:
    with desk.play("calls_and_holds", held="600") as peer:
        desk.phone.wait_until("ringing")
        desk.phone.do("answer")
        peer.sees("CSeq: 3 ACK")
        desk.packets()
        peer.sees("CSeq: 4 INVITE")
        assert len(desk.packets()) < 10, "voice goes out to a peer that holds us"
        peer.sees("CSeq: 6 UPDATE", times=2)
        desk.packets()
        desk.phone.wait_until(lambda _: desk.packets() != [])
        desk.phone.do("hangup")


def test_offers_that_collide_are_refused_and_ours_is_made_again(desk: Desk) -> None:
    [second] = free_ports(1)
    with desk.play("calls_and_collides") as first:
        desk.phone.wait_until("ringing")
        desk.phone.do("answer")
        desk.phone.wait_until("talking")
        with desk.play("calls_peer_ends", port=second):
            desk.phone.wait_until("announced")
            desk.phone.do("answer")
            first.sees("SIP/2.0 491", times=2)
            desk.phone.wait_until("holding")
        first.succeeded()


# Keys


def test_keys_arrive_as_telephone_events(desk: Desk) -> None:
    pressed, heard = "159#", list[bytes]()
    with desk.called("called_phone_ends"):
        desk.phone.wait_until("talking")
        for key in pressed:
            desk.phone.do("key", key=key)
        copies = 3 * len(pressed)  # RFC 4733 §2.5.1.4
        desk.phone.wait_until(lambda _: len(ends(collect(heard, desk))) == copies)
        desk.phone.wait_until(lambda _: voice(collect(heard, desk)) != [])
        desk.phone.do("hangup")
    told = {packet[4:8]: packet[12] for packet in ends(heard)}  # each press has its timestamp
    assert "".join("0123456789*#"[code] for code in told.values()) == pressed
    assert all(struct.unpack("!H", packet[14:16])[0] >= 320 for packet in ends(heard))  # 40 ms
    assert {len(packet) for packet in voice(heard)} == {12 + 160}


def collect(heard: list[bytes], desk: Desk) -> list[bytes]:
    heard += desk.packets()
    return heard


def ends(packets: list[bytes]) -> list[bytes]:
    """The last packets of telephone-events."""
    return [packet for packet in packets if packet[1] & 0x7F == 101 and packet[13] & 0x80]


def loud(packets: list[bytes]) -> bool:
    """Somebody can be heard in them: more than the smallest steps of mu-law."""
    return any(byte & 0x7F < 0x70 for packet in voice(packets) for byte in packet[12:])


def voice(packets: list[bytes]) -> list[bytes]:
    """Those of PCMU."""
    return [packet for packet in packets if packet[1] & 0x7F == 0]


# Straight to the phone


@pytest.mark.parametrize(
    ("method", "status", "expect", "more"),
    [
        ("OPTIONS", "200", "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE", {}),
        ("OPTIONS", "420", "Unsupported: 100rel", {"extra": "Require: 100rel"}),
        ("PUBLISH", "405", "Allow: INVITE, ACK", {}),
        ("OPTIONS", "416", "SIP/2.0 416", {"scheme": "sips"}),
        (
            "UPDATE",
            "415",
            "Accept: application/sdp",
            {"extra": "Content-Type: text/plain", "body": "words"},
        ),
        ("BYE", "481", "SIP/2.0 481", {"to_tag": ";tag=unknown"}),
        ("INFO", "405", "Allow", {"to_tag": ";tag=unknown"}),
        ("UPDATE", "481", "SIP/2.0 481", {"to_tag": ";tag=unknown"}),
    ],
)
def test_requests_without_a_call(
    desk: Desk, method: str, status: str, expect: str, more: dict[str, str]
) -> None:
    user, port = desk.address()
    values = {"scheme": "sip", "to_tag": "", "target": f"{user}@127.0.0.1:{port}", **more}
    [ours] = free_ports(1)
    with desk.play(
        "asks", port=ours, to=port, method=method, status=status, expect=expect, **values
    ):
        pass


@pytest.mark.parametrize("method", ["OPTIONS", "INVITE", "BYE", "PUBLISH"])
def test_strangers_get_no_answer_at_all(desk: Desk, method: str) -> None:
    user, port = desk.address()
    assert answers(method, user, port, source="127.0.0.2") == b""
    assert answers(method, "guessed", port, source="127.0.0.1") == b""
    assert answers("OPTIONS", user, port, source="127.0.0.1").startswith(b"SIP/2.0 200")
    assert desk.phone.status()["state"] == "idle"


def answers(method: str, user: str, port: int, source: str) -> bytes:
    """What the phone answers at once to a request from there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((source, 0))
        stranger.settimeout(0.3)
        here = f"{source}:{stranger.getsockname()[1]}"
        lines = [
            f"{method} sip:{user}@127.0.0.1:{port} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{method}{here}",
            f"From: <sip:who@{here}>;tag=1",
            f"To: <sip:{user}@127.0.0.1>",
            f"Call-ID: {method}-{here}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:who@{here}>",
            "Max-Forwards: 70",
            "Content-Length: 0",
            "",
            "",
        ]
        stranger.sendto("\r\n".join(lines).encode(), ("127.0.0.1", port))
        try:
            return stranger.recv(4096)
        except TimeoutError:
            return b""
