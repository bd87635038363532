"""What a person writes on a card for these tests."""

import subprocess
from pathlib import Path

from image.guest.world import PASSWORDS, ROUTER, SIP_PORT

SETTINGS = """\
[account]
user = "1001"
domain = "{domain}"
port = {port}
password = "{password}"
expires_s = 60

[phone]
country = "UK"
[phone.dialling]
dial_plan = "(6xxS0|xx.)"

[board]
profile = "none"
[sound]
capture = "none"
playback = "none"

[ssh]
key = "{key}"
[system]
time_zone = "Europe/London"
"""


def settings(public_key: str) -> str:
    """offhook.toml for the lab exchange of `image.guest.world`, with somebody's SSH key."""
    return SETTINGS.format(domain=ROUTER, port=SIP_PORT, password=PASSWORDS["1001"], key=public_key)


def key_pair(directory: Path, name: str = "key") -> tuple[str, str]:
    """A technician's private and public SSH key."""
    path = directory / name
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", path], check=True
    )
    return path.read_text(), path.with_suffix(".pub").read_text().strip()
