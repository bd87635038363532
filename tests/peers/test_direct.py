"""Calls without a server: the peer is our domain, refuses our REGISTER and is called yet."""

from pathlib import Path

import pytest

from offhook.audio.codec import available
from peers.audio import assert_peer_heard, assert_we_heard, talk
from peers.baresip import baresip
from peers.linphone import linphone
from support.handset import Handset, Registrar, handset
from support.speech import Signal

pytestmark = pytest.mark.peers

BARESIP = "<sip:ear@127.0.0.1:{{port}}>;regint=0;audio_codecs={codec}"


def at(uri: str) -> Registrar:
    """The peer with this URI as the domain of our account."""
    return Registrar(int(uri.rpartition(":")[2]), "1001", "nobody-asks")


def refused(phone: Handset) -> str:
    """Wait until the peer said that it is no registrar; the URI that reaches the phone."""
    status = phone.wait_until(lambda status: status["registration"] != "")
    assert status["registered"] is False
    return str(status["contact"])


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_baresip_is_called(tmp_path: Path, speech: Signal, speech_file: Path, codec: str) -> None:
    with (
        baresip(tmp_path, BARESIP.format(codec=codec), speech_file) as theirs,
        handset(tmp_path, at(theirs.uri)) as ours,
    ):
        refused(ours)
        ours.do("dial", number="ear")
        theirs.wait_for("CALL_INCOMING")
        theirs.command("accept")
        status = ours.wait_until("talking")
        assert f"'codec': '{codec}'" in str(status["calls"])
        start = talk(ours, speech)
        assert_we_heard(ours, start, speech, alike=0.9)
        ours.do("hangup")
        theirs.wait_for("CALL_CLOSED")
        assert_peer_heard(theirs.heard(), speech, alike=0.9)


def test_baresip_calls(tmp_path: Path, speech: Signal, speech_file: Path) -> None:
    with (
        baresip(tmp_path, BARESIP.format(codec="PCMU"), speech_file) as theirs,
        handset(tmp_path, at(theirs.uri)) as ours,
    ):
        theirs.command("dial", refused(ours))
        ours.wait_until("ringing")
        ours.do("answer")
        theirs.wait_for("CALL_ESTABLISHED")
        start = talk(ours, speech)
        assert_we_heard(ours, start, speech, alike=0.9)
        theirs.command("hangup")
        ours.wait_until("remote ended")
        assert_peer_heard(theirs.heard(), speech, alike=0.9)


@pytest.mark.parametrize(("codec", "alike"), [("PCMU", 0.9), ("G729", 0.7)])
def test_linphone_is_called(
    tmp_path: Path, speech: Signal, speech_file: Path, codec: str, alike: float
) -> None:
    assert codec in available()
    with (
        linphone(tmp_path, speech_file, (codec,)) as theirs,
        handset(tmp_path, at(theirs.uri)) as ours,
    ):
        refused(ours)
        ours.do("dial", number="lin")
        theirs.answer()
        status = ours.wait_until("talking")
        assert f"'codec': '{codec}'" in str(status["calls"])
        start = talk(ours, speech)
        assert_we_heard(ours, start, speech, alike)
        ours.do("hangup")
        theirs.ended()
        assert_peer_heard(theirs.heard, speech, alike)


def test_linphone_calls(tmp_path: Path, speech: Signal, speech_file: Path) -> None:
    with (
        linphone(tmp_path, speech_file, ("PCMA",)) as theirs,
        handset(tmp_path, at(theirs.uri)) as ours,
    ):
        theirs.program.say("ipv6 disable")  # else its SDP says IN IP6 to an IPv4 phone
        theirs.program.say(f"call {refused(ours)}")
        ours.wait_until("ringing")
        ours.do("answer")
        ours.wait_until("talking")
        start = talk(ours, speech)
        assert_we_heard(ours, start, speech, alike=0.9)
        theirs.hang_up()
        ours.wait_until("remote ended")
        assert_peer_heard(theirs.heard, speech, alike=0.9)
