"""Payload types of an ``m=audio`` section: what number means what (RFC 3551, RFC 8866 §6.6)."""

import re
from dataclasses import dataclass
from typing import Final

from offhook.sdp.session import Media, number

TELEPHONE_EVENT: Final = "telephone-event"
_RTPMAP: Final = re.compile(
    r"([0-9]{1,3}) +([!-.0-~]{1,64})/([0-9]{1,6})(?:/([0-9]{1,2}))? *", re.ASCII
)
_STATIC: Final = {0: "PCMU", 3: "GSM", 4: "G723", 8: "PCMA", 9: "G722", 15: "G728", 18: "G729"}
_MUX_COLLISION: Final = range(64, 96)  # RFC 5761 §4: looks like RTCP


@dataclass(frozen=True, slots=True)
class Format:
    """One payload type the peer named."""

    payload_type: int
    name: str
    """Upper case: encoding names are case-blind (RFC 4855 §3)."""
    clock: int
    channels: int
    parameters: dict[str, str]
    """``fmtp`` split at ";", names in lower case, blanks trimmed."""

    @property
    def silence_frames(self) -> bool:
        """G.729 Annex B: absent means yes (RFC 4856 §2.1.9, RFC 7261)."""
        return self.parameters.get("annexb", "yes").lower() != "no"


def formats(media: Media) -> list[Format]:
    """The usable payload types in the order of the m= line; nonsense numbers are passed over."""
    maps = _rtpmaps(media)
    types = (number(text, 127) for text in dict.fromkeys(media.formats))
    return [
        Format(kind, *maps[kind], _parameters(media, kind))
        for kind in types
        if kind is not None and kind in maps and kind not in _MUX_COLLISION
    ]


def _rtpmaps(media: Media) -> dict[int, tuple[str, int, int]]:
    """Encoding, clock and channels by payload type; the static ones need no rtpmap."""
    maps = {kind: (name, 8000, 1) for kind, name in _STATIC.items()}
    for text in media.all("rtpmap"):
        if match := _RTPMAP.fullmatch(text):
            maps[int(match[1])] = (match[2].upper(), int(match[3]), int(match[4] or 1))
    return maps


def _parameters(media: Media, payload_type: int) -> dict[str, str]:
    for text in media.all("fmtp"):
        kind, _, rest = text.partition(" ")
        if number(kind, 127) == payload_type:
            pairs = (part.partition("=") for part in rest.split(";"))
            return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}
    return {}
