"""Debian's linphonec as a second phone, driven by what one types: files instead of a sound card."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from support.ports import free_ports
from support.process import Program

CONFIG: Final = """
[sip]
sip_port={sip}
sip_tcp_port=0
sip_tls_port=0
guess_hostname=0
contact="{name}" <sip:{name}@127.0.0.1:{sip}>
bind_address=127.0.0.1
media_encryption=none

[rtp]
audio_rtp_port={rtp}

[net]
firewall_policy=0
mtu=1300

[sound]
echocancellation=0

[misc]
log_level=0
"""


@dataclass(slots=True)
class Linphone:
    """A running linphonec."""

    program: Program
    uri: str
    heard: Path
    """WAV file of what it heard."""

    def register(self, identity: str, proxy: str, password: str) -> None:
        """Register at a proxy; it does not say when that is done."""
        self.program.say(f"register {identity} {proxy} {password}")

    def call(self, uri: str) -> None:
        """Call, and return when the other side answered."""
        self.program.say(f"call {uri}")
        self.program.wait_for(r"[Cc]all.*(connected|answered)")

    def answer(self) -> None:
        """Take the call that rings."""
        self.program.wait_for(r"Receiving new incoming call")
        self.program.say("answer")
        self.program.wait_for(r"[Cc]all.*connected")

    def hang_up(self) -> None:
        """End the call."""
        self.program.say("terminate")
        self.program.wait_for(r"[Cc]all.*(ended|terminated)")

    def ended(self) -> None:
        """Wait until the other side hung up."""
        self.program.wait_for(r"[Cc]all.*(ended|terminated)")


@contextmanager
def linphone(
    directory: Path, speech: Path, codecs: tuple[str, ...] = ("PCMU",), name: str = "lin"
) -> Iterator[Linphone]:
    """A phone that says `speech`; only `codecs` (as ``codec list`` spells them) are enabled."""
    home = directory / f"linphone-{name}"
    (home / ".local/share/linphone").mkdir(parents=True)
    (home / ".config/linphone").mkdir(parents=True)
    sip, rtp = free_ports(2, span=2)
    config = home / "linphonerc"
    config.write_text(CONFIG.format(sip=sip, rtp=rtp, name=name))
    heard = home / "heard.wav"
    with Program(
        ["linphonec", "-c", str(config)], env={**os.environ, "HOME": str(home)}
    ) as program:
        program.say("soundcard use files")
        program.say(f"play {speech}")
        program.say(f"record {heard}")
        choose_codecs(program, codecs)
        yield Linphone(program, f"sip:{name}@127.0.0.1:{sip}", heard)


def choose_codecs(program: Program, wanted: tuple[str, ...]) -> None:
    """Enable the `wanted` at 8 kHz and nothing else."""
    program.say("codec list")
    name = ""
    while name != "L16":  # the last of its list
        index, name, rate = program.wait_for(r"(\d+): (\S+) \((\d+)\) (?:en|dis)abled").groups()
        program.say(f"codec {'enable' if name in wanted and rate == '8000' else 'disable'} {index}")
