"""Emergency numbers by country (desk-phones A.10)."""

from offhook.audio.tones import COUNTRIES
from offhook.phone.emergency import EMERGENCY, emergency_numbers


def test_every_country_with_tones_has_emergency_numbers() -> None:
    assert set(EMERGENCY) == set(COUNTRIES)


def test_none_is_so_short_that_ordinary_numbers_begin_with_it() -> None:
    assert all(len(number) == 3 for numbers in EMERGENCY.values() for number in numbers)


def test_the_country_may_be_written_in_either_case() -> None:
    assert emergency_numbers("uk") == ("999", "112")
