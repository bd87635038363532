"""What each country's exchange sounds like: data only.

The notation: `f1+f2/ms,0/ms,…` repeats for ever; a step that begins with `!` is played once; no
`/ms` means without end; `f*m` is f modulated in amplitude at m Hz; `@level` after a frequency is
its level in dBm0 where it is not -19.  The values are those of ITU-T E.180 Supplement 2 and of
national practice, as exchanges and adapters have them.
"""

from collections.abc import Mapping
from typing import Final

_SIT: Final = "950/330,1400/330,1800/330,0/1000"
"""Special information tone (ITU-T E.180 §7), then a pause."""
_WARBLE: Final = (
    "!1200@-25/250,!1600@-25/250,!1200@-25/250,!1600@-25/250,"
    "!1200@-20/250,!1600@-20/250,!1200@-20/250,!1600@-20/250,"
    "!1200@-15/250,!1600@-15/250,!1200@-15/250,!1600@-15/250,"
    "1200@-10/250,1600@-10/250"
)
"""Two tones that grow louder: nothing is standardised outside North America; capped at -10 dBm0."""
_ROH: Final = "1400@-15+2060@-15+2450@-15+2600@-15/100,0/100"
"""Receiver off hook (GR-506 §17.2.8), held far below the exchange's level: an ear may be there."""

COMMON: Final[Mapping[str, str]] = {
    "outside": "420@-16",
    "unobtainable": _SIT,
    "howler": _WARBLE,
    "confirm": "!600@-16/250,!0/250,!600@-16/250,!0/250",
    "milliwatt": "1004@0",
    **{
        f"code_{beeps}": ",".join(["800@-16/150,0/150"] * beeps) + ",0/1000"
        for beeps in (2, 3, 4, 5)
    },
    "reset": "523@-16/150,659@-16/150,784@-16/150,1047@-16/300,0/250",
}
"""Where a country's own plan below says nothing."""


def _six_bursts(dial: str) -> str:
    return f"!{dial}/100,!0/100," * 6 + dial


_NORTH_AMERICA: Final[Mapping[str, str]] = {
    "dial": "350+440",
    "busy": "480+620/500,0/500",
    "ringback": "440+480/2000,0/4000",
    "reorder": "480+620/250,0/250",
    "call_waiting": "440@-16/300,0/10000",
    "stutter": _six_bursts("350+440"),
    "howler": _ROH,
}

PLANS: Final[Mapping[str, Mapping[str, str]]] = {
    "US": _NORTH_AMERICA,
    "CA": _NORTH_AMERICA,
    "UK": {
        "dial": "350+440",
        "busy": "400/375,0/375",
        "ringback": "400+450/400,0/200,400+450/400,0/2000",
        "reorder": "400/400,0/350,400/225,0/525",
        "call_waiting": "400@-16/100,0/4000",
        "stutter": "350+440/750,440/750",
        "unobtainable": "400",
    },
    "DE": {
        "dial": "425",
        "busy": "425/480,0/480",
        "ringback": "425/1000,0/4000",
        "reorder": "425/240,0/240",
        "call_waiting": "425@-16/200,0/200,425@-16/200,0/5000",
        "stutter": "425+400",
    },
    "FR": {
        "dial": "440",
        "busy": "440/500,0/500",
        "ringback": "440/1500,0/3500",
        "reorder": "440/250,0/250",
        "call_waiting": "440@-16/300,0/10000",
        "stutter": _six_bursts("440"),
    },
    "CN": {
        "dial": "450",
        "busy": "450/350,0/350",
        "ringback": "450/1000,0/4000",
        "reorder": "450/700,0/700",
        "call_waiting": "450@-16/400,0/4000",
        "stutter": "450+425",
        "unobtainable": "450/100,0/100,450/100,0/100,450/100,0/100,450/400,0/400",
    },
    "AU": {
        "dial": "413+438",
        "busy": "425/375,0/375",
        "ringback": "413+438/400,0/200,413+438/400,0/2000",
        "reorder": "425/375,0/375,425@-29/375,0/375",
        "call_waiting": "425@-16/200,0/200,425@-16/200,0/4400",
        "stutter": "413+438/100,0/40",
        "unobtainable": "425/2500,0/500",
    },
    "JP": {
        "dial": "400",
        "busy": "400/500,0/500",
        "ringback": "400*15/1000,0/2000",
        "reorder": "400/500,0/500",
        "call_waiting": "400*16@-16/500,0/8000",
        "stutter": _six_bursts("400"),
    },
    "ES": {
        "dial": "425",
        "busy": "425/200,0/200",
        "ringback": "425/1500,0/3000",
        "reorder": "425/200,0/200,425/200,0/200,425/200,0/600",
        "call_waiting": "425@-16/175,0/175,425@-16/175,0/3500",
        "stutter": _six_bursts("425"),
        "unobtainable": "950/330,0/1000",
    },
    "IT": {
        "dial": "425/200,0/200,425/600,0/1000",
        "busy": "425/500,0/500",
        "ringback": "425/1000,0/4000",
        "reorder": "425/200,0/200",
        "call_waiting": "425@-16/400,0/100,425@-16/250,0/100,425@-16/150,0/14000",
        "stutter": "470/400,425/400",
    },
    "NL": {
        "dial": "425",
        "busy": "425/500,0/500",
        "ringback": "425/1000,0/4000",
        "reorder": "425/250,0/250",
        "call_waiting": "425@-16/500,0/9500",
        "stutter": "425/500,0/50",
    },
    "SE": {
        "dial": "425",
        "busy": "425/250,0/250",
        "ringback": "425/1000,0/5000",
        "reorder": "425/250,0/750",
        "call_waiting": "425@-16/200,0/500,425@-16/200,0/9100",
        "stutter": "425/320,0/20",
        "unobtainable": "950/332,0/24,1400/332,0/24,1800/332,0/1000",
    },
    "CH": {
        "dial": "425",
        "busy": "425/500,0/500",
        "ringback": "425/1000,0/4000",
        "reorder": "425/200,0/200",
        "call_waiting": "425@-16/200,0/200,425@-16/200,0/4000",
        "stutter": "425+340/1100,0/1100",
    },
    "AT": {
        "dial": "420",
        "busy": "420/400,0/400",
        "ringback": "420/1000,0/5000",
        "reorder": "420/200,0/200",
        "call_waiting": "420@-16/40,0/1960",
        "stutter": "380+420",
        "unobtainable": "950/330,1450/330,1850/330,0/1000",
    },
    "BR": {
        "dial": "425",
        "busy": "425/250,0/250",
        "ringback": "425/1000,0/4000",
        "reorder": "425/250,0/250,425/750,0/250",
        "call_waiting": "425@-16/50,0/1000",
        "stutter": "350+440",
    },
    "IN": {
        "dial": "400*25",
        "busy": "400/750,0/750",
        "ringback": "400*25/400,0/200,400*25/400,0/2000",
        "reorder": "400/250,0/250",
        "call_waiting": "400@-16/200,0/100,400@-16/200,0/7500",
        "stutter": _six_bursts("400*25"),
    },
    "NZ": {
        "dial": "400",
        "busy": "400/500,0/500",
        "ringback": "400+450/400,0/200,400+450/400,0/2000",
        "reorder": "400/250,0/250",
        "call_waiting": (
            "!400@-16/200,!0/3000,!400@-16/200,!0/3000,!400@-16/200,!0/3000,!400@-16/200"
        ),
        "stutter": _six_bursts("400"),
        "unobtainable": "400/750,0/100,400/750,0/100,400/750,0/100,400/750,0/400",
    },
    "RU": {
        "dial": "425",
        "busy": "425/350,0/350",
        "ringback": "425/1000,0/4000",
        "reorder": "425/175,0/175",
        "call_waiting": "425@-16/200,0/5000",
        "stutter": _six_bursts("425"),
    },
    "PL": {
        "dial": "425",
        "busy": "425/500,0/500",
        "ringback": "425/1000,0/4000",
        "reorder": "425/500,0/500",
        "call_waiting": "425@-16/150,0/150,425@-16/150,0/4000",
        "stutter": _six_bursts("425"),
    },
}

RING_CADENCES: Final[Mapping[str, tuple[int, ...]]] = {
    "US": (2000, 4000),
    "CA": (2000, 4000),
    "UK": (400, 200, 400, 2000),
    "DE": (1000, 4000),
    "FR": (1500, 3500),
    "CN": (1000, 4000),
    "AU": (400, 200, 400, 2000),
    "JP": (1000, 2000),
    "ES": (1500, 3000),
    "IT": (1000, 4000),
    "NL": (1000, 4000),
    "SE": (1000, 5000),
    "CH": (1000, 4000),
    "AT": (1000, 5000),
    "BR": (1000, 4000),
    "IN": (400, 200, 400, 2000),
    "NZ": (400, 200, 400, 2000),
    "RU": (1000, 4000),
    "PL": (1000, 4000),
}
"""The bell: milliseconds on, off, on, off …"""

ALIASES: Final[Mapping[str, str]] = {"GB": "UK"}
"""ISO 3166 calls the United Kingdom GB; telephone people do not."""

DTMF: Final[Mapping[str, tuple[int, int]]] = {
    key: (low, high)
    for low, row in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"), strict=True)
    for high, key in zip((1209, 1336, 1477, 1633), row, strict=True)
}
"""Low and high frequency of each key (ITU-T Q.23)."""
