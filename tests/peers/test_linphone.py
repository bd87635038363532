"""Calls with linphone through kamailio: G.711 and G.729."""

from pathlib import Path

import pytest

from offhook.audio.codec import available
from peers.audio import assert_peer_heard, assert_we_heard, talk
from peers.conftest import SPEECH, Proxy
from peers.linphone import Linphone, linphone
from support.handset import handset
from support.speech import Signal, prompt

pytestmark = pytest.mark.peers

LIKENESS = [("PCMU", 0.9), ("PCMA", 0.9), ("G729", 0.7)]  # G.729 keeps the sound, not the wave


def register(theirs: Linphone, proxy: Proxy) -> None:
    secret = proxy.passwords["1002"]
    theirs.register(proxy.uri("1002"), f"sip:127.0.0.1:{proxy.port}", secret)
    proxy.program.wait_for(r"REGISTERED 1002")


@pytest.mark.parametrize(("codec", "alike"), LIKENESS)
def test_a_call_out_is_heard_on_both_sides(
    tmp_path: Path, proxy: Proxy, speech: Signal, codec: str, alike: float
) -> None:
    assert codec in available()
    with (
        handset(tmp_path, proxy.registrar("1001")) as ours,
        linphone(tmp_path, prompt(SPEECH), (codec,), "1002") as theirs,
    ):
        register(theirs, proxy)
        ours.wait_until(lambda status: status["registered"] is True)
        ours.do("dial", number="1002")
        theirs.answer()
        status = ours.wait_until("talking")
        assert f"'codec': '{codec}'" in str(status["calls"])
        start = talk(ours, speech)
        assert_we_heard(ours, start, speech, alike)
        ours.do("hangup")
        theirs.ended()
        assert_peer_heard(theirs.heard, speech, alike)


def test_a_call_in_is_answered_and_ended_there(
    tmp_path: Path, proxy: Proxy, speech: Signal, speech_file: Path
) -> None:
    with (
        handset(tmp_path, proxy.registrar("1001")) as ours,
        linphone(tmp_path, speech_file, ("PCMA",), "1002") as theirs,
    ):
        register(theirs, proxy)
        ours.wait_until(lambda status: status["registered"] is True)
        theirs.program.say(f"call {proxy.uri('1001')}")
        ours.wait_until("ringing")
        ours.do("answer")
        ours.wait_until("talking")
        talk(ours, speech)
        theirs.hang_up()
        ours.wait_until(lambda status: status["calls"] == [])
        assert_peer_heard(theirs.heard, speech, alike=0.9)
