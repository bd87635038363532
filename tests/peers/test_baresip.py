"""Calls with baresip through kamailio: digest for REGISTER and INVITE, Record-Route, both laws."""

from pathlib import Path

import pytest

from peers.audio import assert_peer_heard, assert_we_heard, talk
from peers.baresip import baresip
from peers.conftest import Proxy
from support.handset import handset
from support.speech import Signal

pytestmark = pytest.mark.peers


def account(proxy: Proxy, codec: str) -> str:
    secret = proxy.passwords["1002"]
    return f"<{proxy.uri('1002')};transport=udp>;auth_pass={secret};regint=60;audio_codecs={codec}"


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_a_call_out_is_heard_on_both_sides_and_ended_here(
    tmp_path: Path, proxy: Proxy, speech: Signal, speech_file: Path, codec: str
) -> None:
    with (
        handset(tmp_path, proxy.registrar("1001")) as ours,
        baresip(tmp_path, account(proxy, codec), speech_file) as theirs,
    ):
        theirs.registered()
        ours.wait_until(lambda status: status["registered"] is True)
        ours.do("dial", number="1002")
        theirs.wait_for("CALL_INCOMING")
        theirs.command("accept")
        ours.wait_until("talking")
        start = talk(ours, speech)
        assert_we_heard(ours, start, speech, alike=0.9)
        ours.do("hangup")
        theirs.wait_for("CALL_CLOSED")
        assert_peer_heard(theirs.heard(), speech, alike=0.9)


def test_a_call_in_rings_is_answered_and_ended_there(
    tmp_path: Path, proxy: Proxy, speech: Signal, speech_file: Path
) -> None:
    with (
        handset(tmp_path, proxy.registrar("1001")) as ours,
        baresip(tmp_path, account(proxy, "PCMU"), speech_file) as theirs,
    ):
        theirs.registered()
        ours.wait_until(lambda status: status["registered"] is True)
        theirs.command("dial", proxy.uri("1001"))
        ours.wait_until("ringing")
        ours.do("answer")
        theirs.wait_for("CALL_ESTABLISHED")
        start = talk(ours, speech)
        theirs.command("hangup")
        theirs.wait_for("CALL_CLOSED")
        ours.wait_until(lambda status: status["calls"] == [])
        assert_we_heard(ours, start, speech, alike=0.9)
        assert_peer_heard(theirs.heard(), speech, alike=0.9)


def test_the_binding_is_given_back_at_the_end(tmp_path: Path, proxy: Proxy) -> None:
    with handset(tmp_path, proxy.registrar("1001")) as ours:
        ours.wait_until(lambda status: status["registered"] is True)
    assert "unregistered" in ours.program.log
    proxy.program.wait_for(r"REGISTERED 1001 .*expires=0")
