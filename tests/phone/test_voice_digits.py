"""Keys as tones in the voice."""

import numpy as np

from offhook.phone.voice_digits import GAP, MAX_WAITING, SHORTEST, InbandDigits
from support.sound import numbers

N = 80


def spectrum_peaks(pcm: bytes) -> set[int]:
    power = np.abs(np.fft.rfft(numbers(pcm), 8000))
    found = {int(np.argmax(power[600:1000])) + 600, int(np.argmax(power[1100:1700])) + 1100}
    return {round(each / 10) * 10 for each in found}


def test_without_a_key_the_microphone_has_its_way() -> None:
    digits = InbandDigits()
    assert [digits.frame(N) for _ in range(3)] == [None] * 3


def test_a_tap_is_a_tone_of_60_ms_and_a_gap() -> None:
    digits = InbandDigits()
    digits.press("5")
    digits.release()
    frames = [digits.frame(N) for _ in range(20)]
    sound = b"".join(frame for frame in frames if frame)
    loud = np.flatnonzero(numbers(sound))
    assert SHORTEST <= loud[-1] + 1 <= SHORTEST + 2 * N
    assert len(sound) // 2 >= loud[-1] + GAP - N
    assert frames[-1] is None
    assert spectrum_peaks(sound[: 2 * SHORTEST]) == {770, 1340}


def test_a_key_held_sounds_until_it_is_released() -> None:
    digits = InbandDigits()
    digits.press("1")
    held = [digits.frame(N) for _ in range(100)]
    assert all(frame and any(frame) for frame in held)
    digits.release()
    assert [digits.frame(N) for _ in range(12)][-1] is None


def test_keys_queue_and_the_flash_has_no_sound() -> None:
    digits = InbandDigits()
    digits.press("flash")
    for _ in range(MAX_WAITING + 9):
        digits.press("9")
    digits.release()
    frames = [digits.frame(N) for _ in range(2000)]
    tones = sum(
        bool(a and any(a)) and not (b and any(b))
        for a, b in zip(frames, [None, *frames], strict=False)
    )
    assert tones == MAX_WAITING
    digits.press("1")
    digits.frame(N)
    digits.clear()
    assert digits.frame(N) is None
