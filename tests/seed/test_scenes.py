"""The six scenes of the seed, replayed: every file in scenarios/seed/, compared whole (T-A2)."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from offhook.sip.message import Request
from offhook.sip.parser import parse
from support.replay import lines_of
from support.seed_peer import MESSAGES, FreeSwitch
from support.seed_scenes import replay

SCENES: Final = sorted((Path(__file__).parents[1] / "scenarios" / "seed").glob("*.log"))


@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.stem)
def test_scene(path: Path) -> None:
    text = path.read_text()
    assert list(replay(text)) == lines_of(text)


def felt(lines: Iterable[str]) -> list[str]:
    """A log without what only the wire sees."""
    return [line for line in lines if not re.match(r" *[0-9.]+ << ([A-Z]+|[0-9]{3}) ", line)]


@pytest.mark.parametrize("copies", [2, 5])
@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.stem)
def test_a_message_that_comes_more_than_once_is_felt_once(path: Path, copies: int) -> None:
    text = path.read_text()
    assert felt(replay(text, copies)) == felt(lines_of(text))


def test_every_message_of_freeswitch_is_said_in_some_scene() -> None:
    said = {
        line.split()[3]
        for path in SCENES
        for line in lines_of(path.read_text())
        if ">> seed" in line
    }
    assert said == {path.stem for path in MESSAGES.glob("*_recv_*.sip")}


FITTED: Final = {"Via", "From", "To", "Call-ID", "CSeq"}  # in a response: copied from our request


@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.stem)
def test_the_words_are_freeswitchs_own(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a peer fills in differs from the seed: no header more or less, no other body."""
    said: dict[str, bytes] = {}
    say = FreeSwitch.say

    def record(switch: FreeSwitch, name: str) -> bytes:
        said[name] = say(switch, name)
        return said[name]

    monkeypatch.setattr(FreeSwitch, "say", record)
    list(replay(path.read_text()))
    assert said
    for name, data in said.items():
        ours, theirs = parse(data), parse((MESSAGES / f"{name}.sip").read_bytes())
        assert ours.body == theirs.body
        assert [each for each, _ in ours.headers] == [each for each, _ in theirs.headers]
        differ = {
            mine[0]
            for mine, seeds in zip(ours.headers, theirs.headers, strict=True)
            if mine != seeds
        }
        if isinstance(theirs, Request):
            assert differ <= {"To", "Route"}
        elif theirs.cseq.method == "REGISTER":
            assert differ <= FITTED | {"Contact"}
        else:
            assert differ <= FITTED


def count(scene: str, words: str) -> int:
    (path,) = (path for path in SCENES if path.stem == scene)
    return sum(f"<< {words}" in line for line in lines_of(path.read_text()))


def test_three_200s_make_three_acks_one_voice_and_one_open_gate_t_a5() -> None:
    """Rows 31 and 32."""
    scene = "s2_three_answers"
    assert count(scene, "ACK") == 3
    assert count(scene, "voice 1 start") == count(scene, "gate open") == 1
    assert count(scene, "show Talking") == 1


@pytest.mark.parametrize("mode", ["", "_empty_nonce"])
def test_the_digest_is_that_of_the_seed_t_a3(mode: str) -> None:
    """Row 11: user and password 1011."""
    words = (MESSAGES / "03_send_REGISTER.sip").read_text()
    response = words.partition('response="')[2].partition('"')[0]
    text = (SCENES[0].parent / f"s1_registration{mode}.log").read_text()
    assert f"digest {response} proven" in text
