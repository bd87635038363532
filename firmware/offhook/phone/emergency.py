"""Emergency numbers of each country.

They go out as soon as their last digit is pressed, so a number that other numbers begin with does
more harm than good: none of two digits, and none of another country.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

EUROPE: Final = "112"
EMERGENCY: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "US": ("911",),
        "CA": ("911",),
        "UK": ("999", EUROPE),
        "DE": (EUROPE, "110"),
        "FR": (EUROPE,),
        "CN": ("110", "119", "120", "122"),
        "AU": ("000",),
        "JP": ("110", "119"),
        "ES": (EUROPE,),
        "IT": (EUROPE, "113", "115", "118"),
        "NL": (EUROPE,),
        "SE": (EUROPE,),
        "CH": (EUROPE, "117", "118", "144"),
        "AT": (EUROPE, "122", "133", "144"),
        "BR": ("190", "192", "193"),
        "IN": (EUROPE, "100", "101", "108"),
        "NZ": ("111",),
        "RU": (EUROPE,),
        "PL": (EUROPE, "997", "998", "999"),
    }
)


def emergency_numbers(country: str) -> tuple[str, ...]:
    """Those of `country`, a key of `audio.tones.COUNTRIES` in either case."""
    return EMERGENCY[country.upper()]
