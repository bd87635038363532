"""Board profiles: closed, range-checked, and told with file, key, value and remedy."""

import re
from pathlib import Path

import pytest

from offhook.board import profile
from offhook.board.profile import Profile, ProfileError, load, parse
from offhook.ports import Crosspoint

HARDWARE = Path(__file__).resolve().parents[2] / "hardware" / "boards"
GOOD = """
name = "test"
[hook]
pin = 4
pull = "down"
lifted = "low"
reread = 250
[keypad]
rows = [5, 6]
columns = [7, 8, 9]
keys = ["123", "4 6"]
[bell]
pin = 10
kind = "buzzer"
active = "low"
[lamp]
pin = 11
[sound]
capture = "hw:CARD=Mic"
playback = "plughw:CARD=Ear,DEV=0"
"""


@pytest.mark.parametrize("name", [name for name in profile.names() if name != "none"])
def test_each_profile_that_ships_is_good(name: str) -> None:
    assert load(name).name == name


def test_none_is_a_board_without_anything() -> None:
    assert load("none").pins() == {}


def test_every_key_arrives_where_it_belongs() -> None:
    read = parse(GOOD.encode(), "test.toml")
    assert read.hook is not None
    assert (read.hook.pin, read.hook.pull, read.hook.lifted_high) == (4, "down", False)
    assert read.hook.reread == 0.25
    assert read.keypad is not None
    assert read.keypad.keys[Crosspoint(1, 2)] == "6"
    assert Crosspoint(1, 1) not in read.keypad.keys  # a place without a key
    assert read.bell is not None
    assert (read.bell.kind, read.bell.active_high) == ("buzzer", False)
    assert read.sound is not None
    assert read.sound.playback == "plughw:CARD=Ear,DEV=0"


def test_a_switch_to_ground_that_opens_reads_high_when_lifted() -> None:
    hook = profile.HookPin(4, "up", lifted_high=True)
    assert not hook.closed_when_lifted
    assert profile.HookPin(4, "up", lifted_high=False).closed_when_lifted
    assert profile.HookPin(4, "down", lifted_high=True).closed_when_lifted


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("pin = 4", "pin = 54", "hook.pin"),
        ("pin = 4", "pin = -1", "hook.pin"),
        ("pin = 4", 'pin = "4"', "hook.pin"),
        ("pin = 4", "pin = true", "hook.pin"),
        ("pin = 4\n", "", "hook.pin"),
        ('pull = "down"', 'pull = "left"', "hook.pull"),
        ("reread = 250", "reread = 10", "hook.reread"),
        ("reread = 250", "reread = nan", "hook.reread"),
        ("reread = 250", "reraed = 250", "hook.reraed"),
        ("rows = [5, 6]", "rows = [5, 60]", "keypad.rows"),
        ("rows = [5, 6]", "rows = 5", "keypad.rows"),
        ("rows = [5, 6]", "rows = [5]", "keypad.keys"),
        ("[7, 8, 9]", "[7, 8, 4]", "keypad.columns[2]"),
        ('"4 6"', '"416"', "keypad.keys"),
        ('"4 6"', '"4x6"', "keypad.keys"),
        ('kind = "buzzer"', 'kind = "gong"', "bell.kind"),
        ("pin = 11", "pin = 10", "lamp.pin"),
        ('"hw:CARD=Mic"', '"hw:0; reboot"', "sound.capture"),
        ('"hw:CARD=Mic"', '"hw:0"\nperiod = 5', "sound.period"),
        ('"hw:CARD=Mic"', '"hw:0"\nrate = 48000', "sound.rate"),
        ('"hw:CARD=Mic"', '"hw:0"\nperiods = 3\nreserve = 200', "sound.reserve"),
        ('name = "test"', "name = 1", "name"),
        ('name = "test"', 'name = "test"\nhook = 4\n[x]', "hook"),
        ('name = "test"', 'name = "test"\nbel = 1', "bel"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, key: str) -> None:
    text = GOOD.replace(old, new, 1)
    if new.startswith('name = "test"\nhook'):
        text = 'name = "test"\nhook = 4\n'
    with pytest.raises(ProfileError) as raised:
        parse(text.encode(), "test.toml")
    error = raised.value
    assert (error.file, error.key) == ("test.toml", key)
    assert error.remedy
    assert str(error).startswith(f"test.toml: {key}")


@pytest.mark.parametrize("content", [b"\xff", b"[[[", b"a = ["])
def test_a_file_that_is_not_toml_is_told(content: bytes) -> None:
    with pytest.raises(ProfileError, match="not TOML"):
        parse(content, "test.toml")


def test_an_unknown_name_tells_the_known_ones() -> None:
    with pytest.raises(ProfileError, match=r"handset-v1, simulated"):
        load("handset-v9")


def test_a_profile_may_lie_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    assert load(str(path)).name == "test"


def _table(board: str) -> dict[str, int]:
    """Pins by part, from the wiring table of a board's README."""
    text = (HARDWARE / board / "README.md").read_text()
    rows = re.findall(r"^\| `([a-z.\[\]0-9]+)` \| GPIO(\d+) \|", text, re.MULTILINE)
    return {key: int(pin) for key, pin in rows}


def _header_pins(board: str) -> list[tuple[int, int]]:
    text = (HARDWARE / board / "README.md").read_text()
    found = re.findall(r"^\| `[a-z.\[\]0-9]+` \| GPIO(\d+) \| (\d+) \|", text, re.MULTILINE)
    return [(int(gpio), int(pin)) for gpio, pin in found]


def test_the_wiring_table_says_what_the_profile_says() -> None:
    assert _table("handset-v1") == load("handset-v1").pins()


def test_the_wiring_table_names_the_right_header_pins() -> None:
    header = {4: 7, 17: 11, 18: 12, 27: 13, 22: 15, 5: 29, 6: 31, 12: 32, 13: 33, 19: 35}
    header |= {16: 36, 26: 37, 20: 38, 21: 40}
    pins = _header_pins("handset-v1")
    assert len(pins) == len(load("handset-v1").pins())
    assert all(header[gpio] == pin for gpio, pin in pins)


def test_the_drawing_shows_every_pin() -> None:
    drawing = (HARDWARE.parent / "wiring" / "handset-v1.svg").read_text()
    for pin in load("handset-v1").pins().values():
        assert f">GPIO{pin}<" in drawing


def test_parts_that_the_board_lacks_are_none() -> None:
    assert parse(b'name = "bare"', "bare.toml") == Profile("bare")
