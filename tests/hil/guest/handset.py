"""One telephone, its handset and its keys, and the exchange's services."""

from collections.abc import Mapping
from time import sleep
from typing import Final

from hil.guest.card import LEAD, Conversation
from hil.guest.desk import HOOK, Desk
from hil.guest.found import FOUND, speech

GLANCE: Final = 0.4  # seconds after which a bounce would have ended the call


def handset() -> Mapping[str, object]:
    """Lift, hear the dial tone, put down; dial 600 on the keys, talk, bounce, hang up; dial 607."""
    desk = Desk.set_up()
    return {
        "dial tone": _dial_tone(desk),
        "echo": _echo(desk),
        "bounce": _bounce(desk),
        "ended": _hang_up(desk),
        "keys": _keys(desk),
        "stall": desk.wires.tell("stall"),
        "status": desk.phone.status(),
        "exit": desk.phone.stop(),
        "complaints": desk.exchange.complaints,
        "log": desk.phone.log.splitlines(),
    }


def _dial_tone(desk: Desk) -> object:
    line = Conversation.start(desk.phone.number, 3.0, FOUND / "dial-tone.raw").running()
    sleep(0.5)
    lifted = desk.lift()
    sleep(1.3)
    put_down = desk.put_down()
    return {"lifted": lifted, "put_down": put_down, **line.result()}


def _echo(desk: Desk) -> object:
    desk.lift()
    desk.phone.wait("dial tone")
    desk.press("600")
    desk.phone.wait("talking")
    line = Conversation.start(
        desk.phone.number, LEAD + 4.0, FOUND / "echo.raw", speech(0)
    ).running()
    return {**line.result(), "calls": desk.phone.status()["calls"]}


def _bounce(desk: Desk) -> object:
    """Trains of breaks, each shorter than what ends a call."""
    states = []
    for breaks in ((2, 3, 1), (15, 15, 15), (25,), (20, 10, 5, 20)):
        steps = [step for each in breaks for step in ((0, each), (1, 35))]
        desk.wires.play(HOOK, *steps, (1, 0))
        sleep(GLANCE)
        states.append(desk.phone.state())
    return {"states": states, "byes": desk.exchange.said("says BYE")}


def _hang_up(desk: Desk) -> object:
    put_down = desk.put_down()
    idle = desk.phone.wait("idle")
    sleep(0.2)
    return {"after": idle - put_down, "byes": desk.exchange.said("1001 says BYE")}


def _keys(desk: Desk) -> object:
    """Digits in a call come back as tones."""
    desk.lift()
    desk.phone.wait("dial tone")
    desk.press("607")
    desk.phone.wait("talking")
    desk.press("4")
    line = Conversation.start(desk.phone.number, 3.5, FOUND / "keys.raw").running()
    desk.press("2#")
    result = line.result()
    desk.put_down()
    desk.phone.wait("idle")
    return result
