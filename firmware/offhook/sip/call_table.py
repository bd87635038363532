"""The life of a call in one table: which state follows which, and what happens on the way."""

from collections.abc import Callable, Mapping
from typing import Final

from offhook.sip import call_in, call_out, party
from offhook.sip.actions import Cause
from offhook.sip.call import Call, Event, Input, State
from offhook.units import Seconds

Effect = Callable[[Call, Event, Seconds], None]


def step(call: Call, what: Input, event: Event, now: Seconds) -> None:
    """Something happened to the call; what is not in the table means nothing in its state."""
    found = TRANSITIONS.get((call.state, what))
    if found is not None:
        before, (call.state, effect) = call.state, found
        call.moved(before, what)
        effect(call, event, now)


def _bye(call: Call, event: Event, now: Seconds) -> None:
    """BYE: the peer hung up."""
    call_in.acknowledge_bye(call, event, now)
    call.limit = None
    call.end(party.cause(event.asked[1], 200), now)


def _hang_up(call: Call, event: Event, now: Seconds) -> None:
    """HANG_UP: BYE."""
    call.bye(now, event.reason)
    call.ended_here(200, now)


def _gone(call: Call, event: Event, now: Seconds) -> None:
    """GONE: the peer is not there any more; a BYE cleans up what may be left of it."""
    call.bye(now, party.why(event.status, "" if event.response else event.reason))
    call.end(Cause(event.status, event.reason), now)


def _forget(call: Call, event: Event, now: Seconds) -> None:
    """The last message of a call that ended for the phone long ago."""
    del event, now
    call.limit = None


_OUT: Final = call_out
_IN: Final = call_in

TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, Effect]]] = {
    (State.FINDING, Input.FOUND): (State.CALLING, _OUT.invite),
    (State.FINDING, Input.LOST): (State.OVER, _OUT.lost),
    (State.FINDING, Input.HANG_UP): (State.OVER, _OUT.abandon),
    (State.CALLING, Input.PROGRESS): (State.CALLING, _OUT.progress),
    (State.CALLING, Input.SUCCESS): (State.TALKING, _OUT.answered),
    (State.CALLING, Input.OWED): (State.OWING, _OUT.owed),
    (State.CALLING, Input.FAILURE): (State.OVER, _OUT.failed),
    (State.CALLING, Input.HANG_UP): (State.CANCELLING, _OUT.cancel),
    (State.CALLING, Input.LIMIT): (State.CANCELLING, _OUT.give_up),
    (State.OWING, Input.ACCEPT): (State.TALKING, _OUT.settle),
    (State.OWING, Input.SUCCESS): (State.OWING, _OUT.acknowledge_and_end),
    (State.OWING, Input.OWED): (State.OWING, _OUT.acknowledge_and_end),
    (State.OWING, Input.HANG_UP): (State.OVER, _OUT.refuse_owed),
    (State.OWING, Input.LIMIT): (State.OVER, _OUT.refuse_owed),
    (State.OWING, Input.BYE): (State.OVER, _bye),
    (State.CANCELLING, Input.SUCCESS): (State.OVER, _OUT.acknowledge_and_end),
    (State.CANCELLING, Input.OWED): (State.OVER, _OUT.acknowledge_and_end),
    (State.CANCELLING, Input.FAILURE): (State.OVER, _forget),
    (State.CANCELLING, Input.LIMIT): (State.OVER, _forget),
    (State.RINGING, Input.RING): (State.RINGING, _IN.ring),
    (State.RINGING, Input.ANSWER): (State.ANSWERED, _IN.answer),
    (State.RINGING, Input.REJECT): (State.OVER, _IN.reject),
    (State.RINGING, Input.HANG_UP): (State.OVER, _IN.reject),
    (State.RINGING, Input.CANCEL): (State.OVER, _IN.cancelled),
    (State.RINGING, Input.BYE): (State.OVER, _IN.bye_early),
    (State.RINGING, Input.LIMIT): (State.OVER, _IN.expired),
    (State.ANSWERED, Input.ACK): (State.TALKING, _IN.confirmed),
    (State.ANSWERED, Input.NO_ACK): (State.OVER, _IN.unacknowledged),
    (State.ANSWERED, Input.HANG_UP): (State.LEAVING, _IN.leave),
    (State.ANSWERED, Input.BYE): (State.OVER, _bye),
    (State.ANSWERED, Input.GONE): (State.OVER, _gone),
    (State.LEAVING, Input.ACK): (State.OVER, _IN.bye_at_last),
    (State.LEAVING, Input.NO_ACK): (State.OVER, _IN.bye_at_last),
    (State.LEAVING, Input.BYE): (State.OVER, _IN.acknowledge_bye),
    (State.TALKING, Input.SUCCESS): (State.TALKING, _OUT.acknowledge_and_end),
    (State.TALKING, Input.OWED): (State.TALKING, _OUT.acknowledge_and_end),
    (State.TALKING, Input.NO_ACK): (State.OVER, _IN.unacknowledged),
    (State.TALKING, Input.HANG_UP): (State.OVER, _hang_up),
    (State.TALKING, Input.BYE): (State.OVER, _bye),
    (State.TALKING, Input.GONE): (State.OVER, _gone),
    (State.OVER, Input.SUCCESS): (State.OVER, _OUT.acknowledge_and_end),
    (State.OVER, Input.OWED): (State.OVER, _OUT.acknowledge_and_end),
}
