"""A sound card that is taken, and one that is pulled out in the middle of a call."""

from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from time import sleep

import alsaaudio

from hil.guest.card import LEAD, Conversation, phone_mouth
from hil.guest.desk import Desk
from hil.guest.found import FOUND, speech
from hil.guest.patience import wait_for

DRIVER = Path("/sys/bus/platform/drivers/snd_aloop")
CARD = "snd_aloop.0"


def sound_card() -> Mapping[str, object]:
    """Taken by another program when the phone starts, then free; then unplugged in a call."""
    desk = Desk.set_up(start=False)
    thief = alsaaudio.PCM(
        type=alsaaudio.PCM_CAPTURE, mode=alsaaudio.PCM_NORMAL, device=phone_mouth(0), rate=8000,
        channels=1, format=alsaaudio.PCM_FORMAT_S16_LE, periodsize=80, periods=4,
    )  # fmt: skip
    desk.phone.start()
    wait_for("a word about the card", lambda: _trouble(desk))
    found = {"taken": _glance(desk)}
    thief.close()
    return {
        **found,
        "free": _dial_tone(desk),
        "unplugged": _unplug(desk),
        "back": _back(desk),
        "stall": desk.wires.tell("stall"),
        "exchange": desk.exchange.log.splitlines(),
        "log": desk.phone.log.splitlines(),
    }


def _glance(desk: Desk) -> Mapping[str, object]:
    status = desk.phone.status()
    return {key: status[key] for key in ("state", "registered", "sound_trouble")}


def _trouble(desk: Desk) -> str:
    return str(desk.phone.status()["sound_trouble"])


def _dial_tone(desk: Desk) -> object:
    line = Conversation.start(desk.phone.number, 2.0, FOUND / "freed.raw").running()
    lifted = desk.lift()
    sleep(1.5)
    return {"lifted": lifted, **_glance(desk), **line.result()}


def _unplug(desk: Desk) -> object:
    """The driver lets go of the card, as for a USB card that is pulled out."""
    desk.press("600")
    desk.phone.wait("talking")
    sleep(0.3)
    gone = Thread(target=lambda: (DRIVER / "unbind").write_text(CARD))
    gone.start()  # it waits until every program has let go of it
    wait_for("a word about the card", lambda: _trouble(desk))
    gone.join(10)
    sleep(1)
    return {**_glance(desk), "gone": not gone.is_alive()}


def _back(desk: Desk) -> object:
    (DRIVER / "bind").write_text(CARD)
    healed = wait_for("the card", lambda: not _trouble(desk))
    line = Conversation.start(
        desk.phone.number, LEAD + 4.0, FOUND / "back.raw", speech(0)
    ).running()
    found = {"healed": healed, **line.result(), **_glance(desk)}
    desk.put_down()
    desk.phone.wait("idle")
    wait_for("the end", lambda: desk.exchange.said("over, heard"))
    wait_for("the journal", lambda: "call ended" in desk.phone.log)
    return found
