"""`[wifi]`: one network, for wpa_supplicant.  The passphrase is hashed and then forgotten."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from offhook.service.schema import Reader

ROUNDS: Final = 4096  # IEEE 802.11 annex J.4
KEY_SIZE: Final = 32  # bytes

_KEY: Final = re.compile("[0-9A-Fa-f]{64}")
_PASSPHRASE: Final = re.compile(r"[\x20-\x7e]{8,63}")
_SSID_LINE: Final = re.compile(r"^\s*ssid=([0-9a-f]{2,64})$", re.MULTILINE)
_KEY_LINE: Final = re.compile(r"^\s*psk=([0-9a-f]{64})$", re.MULTILINE)

_CONFIGURATION: Final = """\
# Made from offhook.toml on the card; change it there.
ctrl_interface=/run/wpa_supplicant
update_config=0
country={country}
network={{
    ssid={ssid}
    scan_ssid=1
{security}
}}
"""
_OPEN: Final = "    key_mgmt=NONE"
_PSK: Final = "    key_mgmt=WPA-PSK WPA-PSK-SHA256\n    ieee80211w=1\n    psk={key}"


@dataclass(frozen=True, slots=True)
class Network:
    """A network that the phone may join."""

    ssid: bytes
    key: str = field(repr=False)
    """64 hexadecimal digits; empty: an open network."""


def hashed(passphrase: str, ssid: bytes) -> str:
    """The key that stands for a passphrase in this network (what wpa_passphrase prints)."""
    return hashlib.pbkdf2_hmac("sha1", passphrase.encode(), ssid, ROUNDS, KEY_SIZE).hex()


def configuration(network: Network, country: str) -> str:
    """The file for wpa_supplicant.  The name in hexadecimal: any byte may stand in it."""
    security = _PSK.format(key=network.key) if network.key else _OPEN
    return _CONFIGURATION.format(country=country, ssid=network.ssid.hex(), security=security)


def known(text: str) -> Network | None:
    """The network of a file that `configuration` made, if it has a key."""
    ssid, key = _SSID_LINE.search(text), _KEY_LINE.search(text)
    return Network(bytes.fromhex(ssid[1]), key[1]) if ssid and key else None


@dataclass(frozen=True, slots=True)
class Wifi:
    """The table as read."""

    configuration: str
    told: str
    """For the report."""


def read(table: Reader, kept: Network | None, country: str) -> Wifi | None:
    """The table; None where it names no network.  `kept` is what the phone knows."""
    ssid = table.text("ssid", "", most=32)
    passphrase = table.text("password", "", most=64)
    is_open = table.flag("open", default=False)
    country = table.text("country", country, "[A-Z]{2}", 'two capital letters, such as "DE"')
    table.finish()
    if not ssid:
        if passphrase:
            table.fault("ssid", "must be given", "Write the name of the network.")
        return None
    name = ssid.encode()
    if len(name) > 32:
        table.fault("ssid", "is too long", "A network's name has at most 32 bytes.")
    key, told = _key(table, name, passphrase, kept, is_open=is_open)
    return Wifi(configuration(Network(name, key), country), f"{ssid} ({country}), {told}")


def _key(
    table: Reader, name: bytes, passphrase: str, kept: Network | None, *, is_open: bool
) -> tuple[str, str]:
    if is_open:
        if passphrase:
            table.fault("open", "contradicts wifi.password", "Delete one of the two.")
        return "", "open"
    if _KEY.fullmatch(passphrase):
        return passphrase.lower(), "new key"
    if _PASSPHRASE.fullmatch(passphrase):
        return hashed(passphrase, name), "new password"
    if passphrase:
        remedy = "It has 8 to 63 letters, digits and signs of ASCII; see the router."
        table.fault("password", "cannot be the password of a network", remedy)
    elif kept is not None and kept.ssid == name:
        return kept.key, "password kept"
    else:
        remedy = 'Write wifi.password = "…", or wifi.open = true where there is none.'
        table.fault("password", "must be given for this network", remedy)
    return "", ""


def country_of(phone: str) -> str:
    """The regulatory domain where people have telephones of this country."""
    return {"UK": "GB"}.get(phone, phone)
