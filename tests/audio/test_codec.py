"""G.711 and G.729: exact where exactness is defined."""

import ctypes
import struct
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio import codec
from offhook.audio.codec import g711, g729
from offhook.units import Samples
from support.sound import chirp

EVERY_CODE = bytes(range(256))


def ulaw_by_formula(code: int) -> int:
    """ITU-T G.711 table 2, as sign, segment and step."""
    code = ~code & 0xFF
    value = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return -value if code & 0x80 else value


def alaw_by_formula(code: int) -> int:
    """ITU-T G.711 table 1, as sign, segment and step."""
    code ^= 0x55
    segment, step = (code & 0x70) >> 4, (code & 0x0F) << 4
    value = step + 8 if segment == 0 else step + 0x108 << segment - 1
    return value if code & 0x80 else -value


def test_every_ulaw_code_decodes_as_the_standard_says() -> None:
    decoded = struct.unpack("<256h", g711.decode_ulaw(EVERY_CODE))
    assert list(decoded) == [ulaw_by_formula(code) for code in range(256)]


def test_every_alaw_code_decodes_as_the_standard_says() -> None:
    decoded = struct.unpack("<256h", g711.decode_alaw(EVERY_CODE))
    assert list(decoded) == [alaw_by_formula(code) for code in range(256)]


def test_every_code_survives_a_round_trip() -> None:
    assert g711.encode_alaw(g711.decode_alaw(EVERY_CODE)) == EVERY_CODE
    back = g711.encode_ulaw(g711.decode_ulaw(EVERY_CODE))
    assert back == EVERY_CODE.replace(b"\x7f", b"\xff")  # the two zeros are one


@pytest.mark.parametrize(
    ("law", "code", "value"),
    [
        (g711.decode_ulaw, 0xFF, 0),
        (g711.decode_ulaw, 0x80, 32124),
        (g711.decode_ulaw, 0x00, -32124),
        (g711.decode_alaw, 0xD5, 8),
        (g711.decode_alaw, 0x55, -8),
        (g711.decode_alaw, 0xAA, 32256),
        (g711.decode_alaw, 0x2A, -32256),
    ],
)
def test_known_values_of_g711(law: object, code: int, value: int) -> None:
    assert callable(law)
    assert struct.unpack("<h", law(bytes([code]))) == (value,)


@pytest.mark.parametrize(("name", "size"), [("PCMU", 160), ("PCMA", 160), ("G729", 20)])
def test_twenty_milliseconds_have_the_size_of_rfc_3551(name: str, size: int) -> None:
    coder = codec.open_codec(name)
    payload = coder.encode(bytes(320))
    assert coder.name == name
    assert len(payload) == size
    assert coder.duration(payload) == 160
    assert len(coder.decode(payload)) == 320


@pytest.mark.parametrize("name", ["PCMU", "PCMA", "G729"])
def test_speech_like_sound_keeps_its_level(name: str) -> None:
    coder = codec.open_codec(name)
    sound = chirp(8000)
    heard = b"".join(
        coder.decode(coder.encode(sound[at : at + 320])) for at in range(0, len(sound), 320)
    )
    before, after = (np.frombuffer(s, "<i2").astype(float).std() for s in (sound, heard))
    assert 20 * np.log10(after / before) == pytest.approx(0, abs=1.5)


@pytest.mark.parametrize("name", ["PCMU", "PCMA"])
def test_g711_leaves_concealment_to_others(name: str) -> None:
    assert codec.open_codec(name).conceal(Samples(80)) is None


def test_an_unknown_codec_is_a_lookup_error() -> None:
    with pytest.raises(LookupError, match="G722"):
        codec.open_codec("G722")


# G.729


@given(st.binary(max_size=300))
def test_any_g729_payload_decodes_to_its_duration(payload: bytes) -> None:
    """C-47: 10·n (+ 2) bytes are accepted, and what is left over is ignored."""
    coder = codec.open_codec("G729")
    assert len(coder.decode(payload)) == 2 * coder.duration(payload)


@pytest.mark.parametrize(("size", "samples"), [(0, 0), (1, 0), (2, 80), (10, 80), (22, 240)])
def test_g729_durations(size: int, samples: int) -> None:
    assert codec.open_codec("G729").duration(bytes(size)) == samples


def test_no_silence_frame_is_sent_unless_allowed() -> None:
    """C-47: never a SID under annexb=no."""
    plain = codec.open_codec("G729")
    saving = codec.open_codec("G729", silence_frames=True)
    assert {len(plain.encode(bytes(320))) for _ in range(100)} == {20}
    assert {len(saving.encode(bytes(320))) for _ in range(100)} == {0, 2}


def test_a_sid_is_followed_by_comfort_noise_without_end() -> None:
    coder = codec.open_codec("G729", silence_frames=True)
    rng = np.random.default_rng(1)
    noise = (rng.standard_normal(14000) * 60).astype("<i2").tobytes()
    for at in range(0, len(noise), 320):
        payload = coder.encode(noise[at : at + 320])
        coder.decode(payload) if payload else coder.conceal(Samples(160))
    tail = b"".join(coder.conceal(Samples(80)) or b"" for _ in range(200))
    assert np.frombuffer(tail[-1600:], "<i2").astype(float).std() > 5


@given(st.lists(st.integers(1, 400), max_size=10))
def test_g729_conceals_any_number_of_samples(wanted: list[int]) -> None:
    coder = codec.open_codec("G729")
    coder.decode(coder.encode(chirp(160)))
    assert [len(coder.conceal(Samples(n)) or b"") for n in wanted] == [2 * n for n in wanted]


def test_erased_voice_is_extrapolated() -> None:
    coder = codec.open_codec("G729")
    sound = chirp(1600)
    coder.decode(coder.encode(sound))
    assert np.frombuffer(coder.conceal(Samples(80)) or b"", "<i2").astype(float).std() > 300


V, S = b"v" * 10, b"s" * 2


@pytest.mark.parametrize(
    ("frames", "payload"),
    [
        ([V, V], V + V),
        ([V, S], V + S),
        ([V, b""], V),
        ([S, b""], S),
        ([b"", S], S),
        ([b"", b""], b""),
        ([S, V], V + V),
        ([b"", V], V + V),
    ],
)
def test_a_sid_comes_only_last_in_a_payload(frames: list[bytes], payload: bytes) -> None:
    """RFC 3551 §4.5.6."""
    assert g729.packed(frames) == payload


def test_frames_shorter_than_ten_milliseconds_are_not_sent() -> None:
    assert codec.open_codec("G729").encode(bytes(158)) == b""


# A library that is missing or wrong


@pytest.fixture
def fresh() -> Iterator[None]:
    g729.load.cache_clear()
    yield
    g729.load.cache_clear()


@pytest.mark.usefixtures("fresh")
def test_a_missing_library_takes_g729_out_of_the_offer_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(g729, "LIBRARY", "libnothing.so.0")
    assert codec.available() == ("PCMU", "PCMA")
    assert "libnothing.so.0" in codec.missing()["G729"]
    with pytest.raises(LookupError):
        codec.open_codec("G729")
    with pytest.raises(LookupError):
        g729.G729()


def test_all_three_are_available_with_the_library() -> None:
    assert codec.available() == ("PCMU", "PCMA", "G729")
    assert not codec.missing()


def test_a_library_without_the_functions_is_refused() -> None:
    assert "initBcg729" in g729.examine(ctypes.CDLL("libm.so.6")).trouble


@pytest.mark.parametrize(("part", "wrong"), [("encoder", b"x"), ("decoder", 1)])
def test_a_library_that_answers_wrongly_is_refused(
    monkeypatch: pytest.MonkeyPatch, part: str, wrong: object
) -> None:
    name = "_ANSWER" if part == "encoder" else "_ANSWER_SOUND"
    monkeypatch.setattr(g729, name, wrong)
    library = g729.examine(ctypes.CDLL(g729.LIBRARY))
    assert not library.works
    assert part in library.trouble


def test_a_library_that_gives_no_context_is_an_error_not_a_crash() -> None:
    def init(_silence_frames: int) -> None:
        return None

    class Barren:
        initBcg729EncoderChannel = staticmethod(init)  # noqa: N815
        closeBcg729EncoderChannel = None  # noqa: N815

    with pytest.raises(MemoryError):
        g729.Encoder(Barren())  # type: ignore[arg-type]
