"""A conversation of two telephones through the exchange, heard at both ends."""

from collections.abc import Mapping
from time import sleep
from typing import Final

from hil.guest.card import LEAD, Conversation
from hil.guest.desk import Desk
from hil.guest.found import FOUND, speech
from hil.guest.phone import Telephone

LENGTH: Final = LEAD + 8.5  # of the longer prompt, and what it takes to arrive


def two_phones() -> Mapping[str, object]:
    """1001, dialled on the keys, calls 1002, a telephone without a board."""
    desk = Desk.set_up()
    other = Telephone("1002", 1)
    other.start()
    desk.lift()
    desk.phone.wait("dial tone")
    desk.press("1002")
    other.wait("ringing")
    other.ask("answer")
    desk.phone.wait("talking")
    sleep(0.3)
    ours = Conversation.start(desk.phone.number, LENGTH, FOUND / "1001.raw", speech(1))
    theirs = Conversation.start(other.number, LENGTH, FOUND / "1002.raw", speech(2))
    ours.running()
    theirs.running()
    found = {
        "1001": ours.result(),
        "1002": theirs.result(),
        "stall": desk.wires.tell("stall"),
        "calls": desk.phone.status()["calls"],
    }
    desk.put_down()
    other.wait("remote ended", "reorder", "busy", "idle")
    desk.phone.wait("idle")
    sleep(0.2)
    return {
        **found,
        "log": [*desk.phone.log.splitlines(), *other.log.splitlines()],
        "complaints": desk.exchange.complaints,
        "exits": [desk.phone.stop(), other.stop()],
    }
