"""Codes in the earpiece."""

import pytest

from offhook.audio.tones import COUNTRIES, plan
from offhook.phone.trouble import TROUBLES, Trouble


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=lambda each: str(each.beeps))
@pytest.mark.parametrize("country", COUNTRIES)
def test_a_code_has_its_number_of_beeps_and_lasts_one_round_of_its_tone(
    trouble: Trouble, country: str
) -> None:
    spec = plan(country).tones[trouble.tone.name.lower()]
    assert not spec.once
    beeps = [segment for segment in spec.repeated if segment.components]
    assert len(beeps) == trouble.beeps
    assert sum(segment.samples or 0 for segment in spec.repeated) == trouble.lasts * 8000


def test_the_number_written_down_is_the_number_of_beeps() -> None:
    assert all(code == trouble.beeps for code, trouble in TROUBLES.items())
