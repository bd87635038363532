"""Calls that come in: the bell on its line, the handset that answers, and what death leaves."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep

from hil.guest.desk import BELL, Desk
from hil.guest.patience import wait_for
from hil.guest.phone import Telephone


def buzzer() -> Mapping[str, object]:
    """An on/off buzzer rings in cadence, stops at the lift; the call is taken, and ended."""
    desk, caller = Desk.set_up(), _caller()
    desk.wires.tell("watch", BELL)
    found = {"answered": _answer(desk, caller), "given up": _give_up(desk, caller)}
    found |= {"voice killed": _kill_voice(desk, caller), "killed": _kill(desk, caller)}
    return {**found, "complaints": desk.exchange.complaints, "log": desk.phone.log.splitlines()}


def tonal() -> Mapping[str, object]:
    """A sounder is driven with a square wave; it ends with the process."""
    desk, caller = Desk.set_up(bell="tonal"), _caller()
    desk.wires.tell("watch", BELL)
    _ring(desk, caller)
    sleep(3.2)
    edges = desk.wires.edges(BELL)
    return {"edges": edges, "killed": _kill(desk, caller, ring=False)}


def _caller() -> Telephone:
    caller = Telephone("1002", 1)
    caller.start()
    return caller


def _ring(desk: Desk, caller: Telephone) -> float:
    caller.ask("dial", number="1001")
    return desk.phone.wait("ringing")


def _answer(desk: Desk, caller: Telephone) -> object:
    ringing = _ring(desk, caller)
    sleep(4.2)  # a round of the cadence is 3 s
    wait_for("the bell", lambda: desk.chip.value(BELL))
    lifted = desk.lift()
    talking = desk.phone.wait("talking")
    sleep(0.5)
    edges = desk.wires.edges(BELL)
    theirs = caller.state()
    desk.put_down()
    ended = caller.wait("remote ended", "reorder", "busy", "idle")
    found = {
        "ringing": ringing, "lifted": lifted, "talking": talking, "edges": edges, "caller": theirs,
        "ended": ended, "byes": desk.exchange.said("1001 says BYE"),
        "bell": desk.chip.value(BELL),
    }  # fmt: skip
    caller.ask("hangup")
    caller.wait("idle")
    return found


def _give_up(desk: Desk, caller: Telephone) -> object:
    _ring(desk, caller)
    wait_for("the bell", lambda: desk.chip.value(BELL))
    at = monotonic()
    caller.ask("hangup")
    silent = wait_for("silence", lambda: not desk.chip.value(BELL))
    desk.phone.wait("idle")
    sleep(0.7)
    return {"after": silent - at, "bell": desk.chip.value(BELL)}


def _kill_voice(desk: Desk, caller: Telephone) -> object:
    """The bell goes on, and the call can be taken: a new runner has come."""
    before = desk.phone.processes()
    _ring(desk, caller)
    os.kill(before[-1], signal.SIGKILL)
    wait_for("another runner", lambda: desk.phone.processes()[-1] not in before)
    state = desk.phone.state()
    desk.lift()
    desk.phone.wait("talking")
    caller.wait("talking")
    desk.put_down()
    caller.wait("remote ended", "reorder", "busy", "idle")
    caller.ask("hangup")
    caller.wait("idle")
    desk.wires.edges(BELL)
    return {"state": state, "bell": desk.chip.value(BELL)}


def _kill(desk: Desk, caller: Telephone, *, ring: bool = True) -> object:
    """In the middle of a sound."""
    if ring:
        _ring(desk, caller)
    processes = desk.phone.processes()
    wait_for("the bell", lambda: desk.chip.value(BELL))
    desk.wires.edges(BELL)
    desk.phone.kill()
    at = monotonic()
    silent = wait_for("silence", lambda: not desk.chip.value(BELL))
    sleep(1.0)
    edges = [edge for edge in desk.wires.edges(BELL) if edge[0] > silent + 0.05]
    left = [pid for pid in processes if Path(f"/proc/{pid}").exists()]
    return {"after": silent - at, "edges": edges, "bell": desk.chip.value(BELL), "left": left}
