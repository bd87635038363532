"""The telephone at a glance: what the display and `offhook status` say."""

from dataclasses import dataclass

from offhook.phone.behaviour import Behaviour
from offhook.phone.call import Call
from offhook.phone.call import State as CallState
from offhook.phone.faces import COLLECTING
from offhook.phone.line import Line
from offhook.sip.actions import CallRef
from offhook.text import printable
from offhook.units import Endpoint, Seconds


@dataclass(frozen=True, slots=True)
class CallStatus:
    """One call."""

    incoming: bool
    party: str
    """Number, printable."""
    name: str
    state: str
    """"offered", "calling", "up", "held" or "over"."""
    codec: str
    talked: Seconds
    call_id: str
    packets_sent: int = 0
    packets_received: int = 0
    packets_lost: int = 0
    packets_late: int = 0
    jitter: Seconds = Seconds(0)
    playout_delay: Seconds = Seconds(0)
    round_trip: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The whole telephone."""

    state: str
    """Name of the behaviour's state in lower case: "idle", "dial tone", "talking" …"""
    lifted: bool
    registered: bool
    registration: str
    """"registered at 192.0.2.1:5060", "403 Forbidden", "no network" …; printable."""
    local: Endpoint | None
    display: str
    lamp: bool
    missed: int
    tone: str
    """Lower-case name of the tone played, or empty."""
    microphone: bool
    """Whether the gate is open."""
    sound_trouble: str
    dial_plan_trouble: str
    codecs: tuple[str, ...]
    calls: tuple[CallStatus, ...]
    contact: str = ""
    """The URI that reaches us without a server; new at each start."""
    muted: bool = False
    """The person pressed the mute key."""
    set_up: bool = True
    """There is an account."""
    trouble: str = ""
    """What is wrong with the telephone itself, in words; the earpiece beeps it."""


def call_status(call: Call, now: Seconds) -> CallStatus:
    """One call, with the newest report of its voice."""
    record, report = call.record, call.record.report
    facts = CallStatus(
        incoming=record.incoming,
        party=printable(record.party.number),
        name=printable(record.party.name),
        state=call.state.name.lower(),
        codec=record.codec,
        talked=record.talked(now),
        call_id=printable(record.call_id, 128),
    )
    if report is None:
        return facts
    return CallStatus(
        facts.incoming, facts.party, facts.name, facts.state, facts.codec, facts.talked,
        facts.call_id, report.sent, report.received, report.lost, report.late,
        report.jitter, report.playout_delay, report.round_trip,
    )  # fmt: skip


def calls(line: Line, now: Seconds) -> tuple[CallStatus, ...]:
    """All calls that are not over."""
    live = (call for call in line.calls.values() if call.state is not CallState.OVER)
    return tuple(call_status(call, now) for call in live)


def words(state: Behaviour, line: Line) -> str:
    """The display's line while the handset is up or the bell rings."""
    first = _party(line, state.active)
    if state.state in COLLECTING:
        first = state.dialling.digits
    muted = "Muted. " if state.muted else ""
    trouble = "" if state.told is None else state.told.words
    return muted + state.face.words.format(first, _party(line, state.other), trouble).rstrip()


def _party(line: Line, ref: CallRef | None) -> str:
    call = None if ref is None else line.calls.get(ref)
    if call is None:
        return ""
    party = call.record.party
    return printable(f"{party.name} {party.number}".strip()) or "somebody"
