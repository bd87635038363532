"""What a person experiences: one state for the whole telephone, one table.

    lift      dial tone      digits       number     18x        2xx
  IDLE ──► DIAL_TONE ──► DIALLING ──► CALLING ──► RINGBACK ──► TALKING ──► … put down ──► IDLE
  IDLE ──► RINGING ── lift ──► TALKING ── second call ──► ANNOUNCED ── flash ──► HOLDING

`TRANSITIONS` says which state follows and what is ordered on the way, `faces` what each state
sounds and looks like.  Nothing else decides either.  At most two calls: `active`, which the
handset is (or is about to be) connected to, and `other`, which waits or is held.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from offhook.notes import Diary, Note, Severity, note
from offhook.phone import dialling
from offhook.phone.actions import FactoryReset
from offhook.phone.dialling import Dialling
from offhook.phone.faces import (
    COLLECTING,
    FACES,
    FAILED,
    IN_CALL,
    PATIENCE,
    WAITING,
    Face,
    State,
)
from offhook.phone.orders import (
    Announce,
    CallIn,
    DigitDown,
    DigitUp,
    End,
    Heard,
    Hold,
    News,
    Order,
    Over,
    Place,
    Refuse,
    RemoteAnswered,
    RemoteRings,
    Take,
)
from offhook.phone.reset_code import ResetCode
from offhook.phone.settings import PhoneSettings
from offhook.phone.trouble import NOT_SET_UP, Trouble
from offhook.sip.actions import CallRef, Cause
from offhook.units import Seconds


class Input(Enum):
    """What may happen to the person or the calls."""

    LIFTED = auto()
    LIFTED_IN_TROUBLE = auto()
    LIFTED_NOT_SET_UP = auto()  # or a new dial tone is asked for
    PUT_DOWN = auto()
    FLASH = auto()
    MUTE = auto()
    KEY_DOWN = auto()
    KEY_UP = auto()
    DIAL = auto()  # a technician's command
    OUTSIDE = auto()
    NUMBER = auto()
    NO_SUCH_NUMBER = auto()
    CALL_IN = auto()
    REMOTE_RINGS = auto()
    HEARD = auto()
    REMOTE_ANSWERED = auto()
    OVER = auto()  # the active call; before an answer by a cause of no other kind
    OVER_BUSY = auto()
    OVER_UNOBTAINABLE = auto()
    OVER_IN_NEED = auto()  # an emergency call that may get through by another attempt
    OTHER_OVER = auto()
    RESET = auto()  # the key sequence
    TIMEOUT = auto()


BUSY: Final = frozenset({486, 600, 603})
UNOBTAINABLE: Final = frozenset({404, 410, 484, 485, 604})
NOT_SERVED: Final = frozenset({408, 500, 502, 503, 504})
"""The server is silent or in trouble: nobody has refused the call."""
EMERGENCY_ATTEMPTS: Final = 3
"""An emergency call that is not served is placed so often (desk-phones A.10)."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What comes with an input."""

    call: CallRef | None = None
    key: str = ""
    number: str = ""
    emergency: bool = False


_NOTHING: Final = _Said()

Told = Order | Note | FactoryReset

Effect = Callable[["Behaviour", _Said, Seconds], Iterator[Told]]


class Behaviour:
    """The telephone as a person knows it.  Methods return what the line must do, in order."""

    def __init__(self, settings: PhoneSettings, diary: Diary | None = None) -> None:
        self.settings = settings
        self._diary = diary or Diary()
        self.state = State.IDLE
        self.dialling = Dialling(settings.dialling)
        self.active: CallRef | None = None
        self.other: CallRef | None = None
        self.muted = False
        """The person does not want to be heard; it ends with the talk."""
        self.last_number = ""
        """What redial calls."""
        self.trouble: Trouble | None = None
        """What is to be told before dial tone."""
        self.set_up = True
        """There is an account: calls can be made."""
        self.reset_code = ResetCode()
        self._emergency = False
        self._attempts = 0
        """Of the emergency call."""
        self._timeout: Seconds | None = None

    @property
    def face(self) -> Face:
        """How it sounds and looks now."""
        face, trouble = FACES[self.state], self.told
        if trouble is not None and self.state in (State.TROUBLE, State.NOT_SET_UP):
            return replace(face, tone=trouble.tone)
        return face

    @property
    def told(self) -> Trouble | None:
        """What the earpiece has to tell, if anything."""
        return self.trouble or (None if self.set_up else NOT_SET_UP)

    def lifted(self, now: Seconds) -> list[Told]:
        """The handset was lifted, or a technician answered."""
        return self._step(self._if_usable(Input.LIFTED), _NOTHING, now)

    def put_down(self, now: Seconds) -> list[Told]:
        """The handset was put down, or a technician hung up."""
        return self._step(Input.PUT_DOWN, _NOTHING, now)

    def flash(self, now: Seconds) -> list[Told]:
        """The hook flashed, or the key for it was pressed."""
        return self._step(self._if_usable(Input.FLASH), _NOTHING, now)

    def mute(self, now: Seconds) -> list[Told]:
        """The mute key was pressed: not to be heard, or to be heard again."""
        return self._step(Input.MUTE, _NOTHING, now)

    def key_down(self, digit: str, now: Seconds) -> list[Told]:
        """A digit's key was pressed."""
        return self._step(Input.KEY_DOWN, _Said(key=digit), now)

    def key_up(self, digit: str, now: Seconds) -> list[Told]:
        """It was released."""
        return self._step(Input.KEY_UP, _Said(key=digit), now)

    def redial(self, now: Seconds) -> list[Told]:
        """The redial key was pressed."""
        return self._dialled(dialling.Redial(), now)

    def dial(self, number: str, now: Seconds) -> list[Told]:
        """A technician dials, past the dial plan; the caller has lifted the hook as it were."""
        return self._step(Input.DIAL, self._number(number), now)

    def can(self, what: Input) -> bool:
        """Whether `what` means anything now."""
        return (self.state, what) in TRANSITIONS

    def placed(self, call: CallRef) -> None:
        """The line's answer to `Place`."""
        self.active = call

    def hear(self, news: News, now: Seconds) -> list[Told]:
        """The line tells something."""
        match news:
            case CallIn(call):
                return self._call_in(call, now)
            case Over(call, cause):
                return self._over(call, cause, now)
            case _ if news.call == self.active:
                return self._step(NEWS[type(news)], _Said(news.call), now)
            case _:
                return []

    def deadline(self) -> Seconds | None:
        """When `tick` must next be called, if ever."""
        times = (self._timeout, self.dialling.deadline())
        return min((at for at in times if at is not None), default=None)

    def tick(self, now: Seconds) -> list[Told]:
        """Patience or the dial plan's wait has run out."""
        if self._timeout is not None and self._timeout <= now:
            self._timeout = None
            return self._step(Input.TIMEOUT, _NOTHING, now)
        outcome = self.dialling.tick(now)
        return [] if outcome is None else self._dialled(outcome, now)

    def _if_usable(self, what: Input) -> Input:
        """Who lifts, or asks for a new dial tone, hears first what is wrong."""
        if not self.set_up and self.can(Input.LIFTED_NOT_SET_UP):
            return Input.LIFTED_NOT_SET_UP
        if self.trouble is not None and self.can(Input.LIFTED_IN_TROUBLE):
            return Input.LIFTED_IN_TROUBLE
        return what

    def _call_in(self, call: CallRef, now: Seconds) -> list[Told]:
        undisturbed = self._emergency or not self.settings.call_waiting
        if not self.can(Input.CALL_IN) or (self.state is State.TALKING and undisturbed):
            return [Refuse(call)]
        return self._step(Input.CALL_IN, _Said(call), now)

    def _over(self, call: CallRef, cause: Cause, now: Seconds) -> list[Told]:
        if call == self.other:
            return self._step(Input.OTHER_OVER, _Said(call), now)
        if call != self.active:
            return []
        again = self._emergency and self._attempts < EMERGENCY_ATTEMPTS
        what = {
            again and cause.status in NOT_SERVED: Input.OVER_IN_NEED,
            cause.status in BUSY: Input.OVER_BUSY,
            cause.status in UNOBTAINABLE: Input.OVER_UNOBTAINABLE,
        }.get(True, Input.OVER)
        return self._step(what if self.can(what) else Input.OVER, _Said(call), now)

    def _dialled(self, outcome: dialling.Outcome, now: Seconds) -> list[Told]:
        match outcome:
            case dialling.More(outside):
                return self._step(Input.OUTSIDE, _NOTHING, now) if outside else []
            case dialling.Redial() if self.last_number:
                said = self._number(self.last_number)
            case dialling.Number(number):
                said = self._number(number)
            case _:  # no such number, or none to redial
                return self._step(Input.NO_SUCH_NUMBER, _NOTHING, now)
        return self._step(Input.NUMBER, said, now)

    def _number(self, number: str) -> _Said:
        """However it came about: dialled, redialled, or what the plan made of the digits."""
        return _Said(number=number, emergency=self.dialling.emergency(number))

    def _step(self, what: Input, said: _Said, now: Seconds) -> list[Told]:
        step = TRANSITIONS.get((self.state, what))
        if step is None:
            return []  # means nothing here
        state, effect = step
        self._diary.moved("phone", self.state, what, state)
        if state is not self.state:
            self._enter(state, said, now)
        return list(effect(self, said, now))

    def _enter(self, state: State, said: _Said, now: Seconds) -> None:
        self.state = state
        lasts = state in (*WAITING, State.AGAIN, State.TALKING)
        self._emergency = said.emergency or (self._emergency and lasts)
        lasts_for = self._patience(state)
        self._timeout = None if lasts_for is None else Seconds(now + lasts_for)
        if state not in COLLECTING:
            self.dialling.stop()
        if state not in IN_CALL:
            self.muted = False

    def _patience(self, state: State) -> Seconds | None:
        if state is State.TROUBLE and self.trouble is not None:
            return self.trouble.lasts
        patience = PATIENCE.get(state)
        if patience is None or (self._emergency and state in WAITING):
            return None
        return patience(self.settings.patience)

    def _nothing(self, _said: _Said, _now: Seconds) -> Iterator[Told]:
        yield from ()

    def _begin(self, _said: _Said, now: Seconds) -> Iterator[Told]:
        self.reset_code.begin()
        yield from self._dialled(self.dialling.begin(now), now)

    def _wait(self, _said: _Said, now: Seconds) -> Iterator[Told]:
        """Digits may come, but nothing is dialled for want of them."""
        self.dialling.begin(now)
        self.dialling.stop()
        self.reset_code.begin()
        yield from ()

    def _collect(self, said: _Said, now: Seconds) -> Iterator[Told]:
        keys, complete = self.reset_code.press(said.key, now)
        if complete:
            yield from self._step(Input.RESET, said, now)
        elif not keys:
            self.dialling.stop()  # no digit is missing that a wait could end
        for key in keys:
            if self.state in COLLECTING:
                yield from self._dialled(self.dialling.press(key, now), now)

    def _ask(self, _said: _Said, _now: Seconds) -> Iterator[Told]:
        yield note("factory reset dialled", Severity.WARNING)

    def _reset(self, _said: _Said, _now: Seconds) -> Iterator[Told]:
        yield note("factory reset", Severity.WARNING)
        yield FactoryReset()

    def _place(self, said: _Said, _now: Seconds) -> Iterator[Told]:
        self.last_number, self._attempts = said.number, 1
        yield Place(said.number, said.emergency)

    def _place_again(self, _said: _Said, _now: Seconds) -> Iterator[Told]:
        self._attempts += 1
        yield note("emergency call again", Severity.WARNING, attempt=self._attempts)
        yield Place(self.last_number, True)

    def _ring(self, said: _Said, _now: Seconds) -> Iterator[Told]:
        self.active = _known(said.call)
        yield Announce(self.active)

    def _announce(self, said: _Said, _now: Seconds) -> Iterator[Told]:
        self.other = _known(said.call)
        yield Announce(self.other)

    def _take(self, _said: _Said, _now: Seconds) -> Iterator[Told]:
        yield Take(_known(self.active))

    def _swap(self, _said: _Said, _now: Seconds) -> Iterator[Told]:
        self.active, self.other = self.other, self.active
        yield Hold(_known(self.other))
        yield Take(_known(self.active))

    def _take_other(self, said: _Said, now: Seconds) -> Iterator[Told]:
        self.active, self.other = self.other, None
        yield from self._take(said, now)

    def _end(self, _said: _Said, _now: Seconds) -> Iterator[Told]:
        ended, self.active = _known(self.active), None
        yield End(ended)

    def _end_to_other(self, _said: _Said, _now: Seconds) -> Iterator[Told]:
        ended, self.active, self.other = self.active, self.other, None
        if ended is not None:  # None: it was the peer who went
            yield End(ended)

    def _forget(self, _said: _Said, _now: Seconds) -> Iterator[Told]:
        self.active = None
        yield from ()

    def _forget_other(self, _said: _Said, _now: Seconds) -> Iterator[Told]:
        self.other = None
        yield from ()

    def _give_up(self, _said: _Said, _now: Seconds) -> Iterator[Told]:
        yield note("nobody answered our call")
        ended, self.active = _known(self.active), None
        yield End(ended, unanswered=True)

    def _forgotten(self, _said: _Said, _now: Seconds) -> Iterator[Told]:
        yield note("the handset was left off the hook", Severity.NOTICE)

    def _toggle_mute(self, _said: _Said, _now: Seconds) -> Iterator[Told]:
        self.muted = not self.muted
        yield from ()

    def _digit(self, said: _Said, _now: Seconds) -> Iterator[Told]:
        yield DigitDown(_known(self.active), said.key)

    def _digit_up(self, said: _Said, _now: Seconds) -> Iterator[Told]:
        yield DigitUp(_known(self.active), said.key)


def _known(call: CallRef | None) -> CallRef:
    if call is None:
        raise LookupError("the table is wrong: there is no such call in this state")
    return call


NEWS: Final[Mapping[type[News], Input]] = {
    RemoteRings: Input.REMOTE_RINGS,
    Heard: Input.HEARD,
    RemoteAnswered: Input.REMOTE_ANSWERED,
}
"""News of the active call, as an input."""

TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, Effect]]] = {
    # Nobody there
    (State.IDLE, Input.LIFTED): (State.DIAL_TONE, Behaviour._begin),
    (State.IDLE, Input.LIFTED_IN_TROUBLE): (State.TROUBLE, Behaviour._wait),
    (State.IDLE, Input.LIFTED_NOT_SET_UP): (State.NOT_SET_UP, Behaviour._wait),
    (State.IDLE, Input.DIAL): (State.CALLING, Behaviour._place),
    (State.IDLE, Input.CALL_IN): (State.RINGING, Behaviour._ring),
    (State.RINGING, Input.LIFTED): (State.TALKING, Behaviour._take),
    (State.RINGING, Input.PUT_DOWN): (State.IDLE, Behaviour._end),
    (State.RINGING, Input.OVER): (State.IDLE, Behaviour._forget),
    # Dialling
    (State.TROUBLE, Input.TIMEOUT): (State.DIAL_TONE, Behaviour._begin),
    (State.NOT_SET_UP, Input.TIMEOUT): (State.SILENCE, Behaviour._forgotten),
    (State.DIAL_TONE, Input.TIMEOUT): (State.REORDER, Behaviour._nothing),
    (State.DIALLING, Input.OUTSIDE): (State.SECOND_TONE, Behaviour._nothing),
    **{(state, Input.KEY_DOWN): (State.DIALLING, Behaviour._collect) for state in COLLECTING},
    **{(state, Input.NUMBER): (State.CALLING, Behaviour._place) for state in COLLECTING},
    **{(state, Input.DIAL): (State.CALLING, Behaviour._place) for state in COLLECTING},
    **{
        (state, Input.NO_SUCH_NUMBER): (State.REORDER, Behaviour._nothing)
        for state in (*COLLECTING, *FAILED)
    },
    **{(state, Input.PUT_DOWN): (State.IDLE, Behaviour._nothing) for state in COLLECTING},
    # Calling
    (State.CALLING, Input.REMOTE_RINGS): (State.RINGBACK, Behaviour._nothing),
    (State.CALLING, Input.HEARD): (State.EARLY_MEDIA, Behaviour._nothing),
    (State.RINGBACK, Input.HEARD): (State.EARLY_MEDIA, Behaviour._nothing),
    **{(state, Input.REMOTE_ANSWERED): (State.TALKING, Behaviour._nothing) for state in WAITING},
    **{(state, Input.OVER): (State.REORDER, Behaviour._forget) for state in WAITING},
    **{(state, Input.OVER_BUSY): (State.BUSY, Behaviour._forget) for state in WAITING},
    **{
        (state, Input.OVER_UNOBTAINABLE): (State.UNOBTAINABLE, Behaviour._forget)
        for state in WAITING
    },
    **{(state, Input.OVER_IN_NEED): (State.AGAIN, Behaviour._forget) for state in WAITING},
    (State.AGAIN, Input.TIMEOUT): (State.CALLING, Behaviour._place_again),
    (State.AGAIN, Input.PUT_DOWN): (State.IDLE, Behaviour._nothing),
    **{(state, Input.TIMEOUT): (State.REORDER, Behaviour._give_up) for state in WAITING},
    **{(state, Input.PUT_DOWN): (State.IDLE, Behaviour._end) for state in WAITING},
    # Talking, with one call and with two
    **{
        (state, Input.KEY_DOWN): (state, Behaviour._digit)
        for state in (State.EARLY_MEDIA, *IN_CALL)
    },
    **{
        (state, Input.KEY_UP): (state, Behaviour._digit_up)
        for state in (State.EARLY_MEDIA, *IN_CALL)
    },
    **{(state, Input.MUTE): (state, Behaviour._toggle_mute) for state in IN_CALL},
    (State.TALKING, Input.CALL_IN): (State.ANNOUNCED, Behaviour._announce),
    (State.TALKING, Input.OVER): (State.REMOTE_ENDED, Behaviour._forget),
    (State.TALKING, Input.PUT_DOWN): (State.IDLE, Behaviour._end),
    (State.ANNOUNCED, Input.FLASH): (State.HOLDING, Behaviour._swap),
    (State.ANNOUNCED, Input.OTHER_OVER): (State.TALKING, Behaviour._forget_other),
    (State.ANNOUNCED, Input.OVER): (State.LEFT_WITH_OTHER, Behaviour._forget),
    (State.ANNOUNCED, Input.PUT_DOWN): (State.RINGING, Behaviour._end_to_other),
    (State.HOLDING, Input.FLASH): (State.HOLDING, Behaviour._swap),
    (State.HOLDING, Input.OTHER_OVER): (State.TALKING, Behaviour._forget_other),
    (State.HOLDING, Input.OVER): (State.LEFT_WITH_OTHER, Behaviour._forget),
    (State.HOLDING, Input.PUT_DOWN): (State.RINGING, Behaviour._end_to_other),
    (State.LEFT_WITH_OTHER, Input.FLASH): (State.TALKING, Behaviour._take_other),
    (State.LEFT_WITH_OTHER, Input.OTHER_OVER): (State.REMOTE_ENDED, Behaviour._forget_other),
    (State.LEFT_WITH_OTHER, Input.PUT_DOWN): (State.RINGING, Behaviour._end_to_other),
    # Over, and the handset still up
    **{(state, Input.FLASH): (State.DIAL_TONE, Behaviour._begin) for state in FAILED},
    **{(state, Input.LIFTED_NOT_SET_UP): (State.NOT_SET_UP, Behaviour._wait) for state in FAILED},
    **{(state, Input.NUMBER): (State.CALLING, Behaviour._place) for state in FAILED},
    **{(state, Input.DIAL): (State.CALLING, Behaviour._place) for state in FAILED},
    **{(state, Input.TIMEOUT): (State.HOWLER, Behaviour._nothing) for state in FAILED},
    **{(state, Input.PUT_DOWN): (State.IDLE, Behaviour._nothing) for state in FAILED},
    (State.HOWLER, Input.TIMEOUT): (State.SILENCE, Behaviour._forgotten),
    (State.HOWLER, Input.PUT_DOWN): (State.IDLE, Behaviour._nothing),
    (State.SILENCE, Input.PUT_DOWN): (State.IDLE, Behaviour._nothing),
    # The factory reset
    (State.DIALLING, Input.RESET): (State.RESETTING, Behaviour._ask),
    (State.RESETTING, Input.PUT_DOWN): (State.IDLE, Behaviour._nothing),
    (State.RESETTING, Input.TIMEOUT): (State.SILENCE, Behaviour._reset),
}
"""The telephone."""
