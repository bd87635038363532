"""The same conversation as `two_phones`, of two baresips: what ours is measured against."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Final

from hil.guest import card
from hil.guest.card import Conversation
from hil.guest.desk import Desk
from hil.guest.exchange import PASSWORDS
from hil.guest.found import FOUND, speech
from hil.guest.patience import wait_for
from hil.guest.two_phones import LENGTH
from offhook.lab.server import PORT
from peers.baresip import ALSA_CONFIG, MODULES, Baresip
from support.process import PATIENCE, Program

HOST: Final = "127.0.0.1"
QUIET: Final = (
    "audio_path /run\n"  # no ringback tone: it would still hold the card when it is answered
)


def two_baresips() -> Mapping[str, object]:
    """1001 calls 1002."""
    desk = Desk.set_up(start=False)
    with _baresip("1001", 0) as one, _baresip("1002", 1) as other:
        wait_for("both registered", lambda: desk.exchange.said("registers: 200") >= 2)
        one.command("dial", f"sip:1002@{HOST}:{PORT}")
        other.wait_for("CALL_INCOMING")
        other.command("accept")
        one.wait_for("CALL_ESTABLISHED")
        sleep(0.3)
        ours = Conversation.start(0, LENGTH, FOUND / "1001.raw", speech(1))
        theirs = Conversation.start(1, LENGTH, FOUND / "1002.raw", speech(2))
        ours.running()
        theirs.running()
        found = {"1001": ours.result(), "1002": theirs.result(), "stall": desk.wires.tell("stall")}
        one.command("hangup")
        one.wait_for("CALL_CLOSED")
    return {**found, "log": desk.exchange.log.splitlines()}


@contextmanager
def _baresip(user: str, number: int) -> Iterator[Baresip]:
    """One on this pair of substreams of the card."""
    home = Path("/run") / f"baresip-{user}"
    home.mkdir()
    sip, control, low = 5200 + 10 * number, 4450 + number, 31000 + 100 * number
    (home / "config").write_text(
        ALSA_CONFIG.format(
            sip=sip, control=control, low=low, high=low + 99, modules=MODULES,
            mic=card.phone_mouth(number), ear=card.phone_ear(number),
        )
        + QUIET
    )  # fmt: skip
    account = f"<sip:{user}@{HOST}:{PORT};transport=udp>;auth_pass={PASSWORDS[user]};regint=60"
    (home / "accounts").write_text(f"{account};audio_codecs=PCMA\n")
    with Program(["baresip", "-f", str(home)]) as program:
        program.wait_for(r"baresip is ready")
        with socket.create_connection((HOST, control), timeout=PATIENCE) as connection:
            yield Baresip(program, connection, home, f"sip:{user}@{HOST}:{sip}")
