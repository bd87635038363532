"""What nobody may bring about, whatever he sends: checks on everything a Station wants done."""

import re
from collections.abc import Iterable
from typing import Final

from offhook.notes import Note
from offhook.phone.actions import Action, CallEnded, Show
from offhook.service.journal import call_line, entry
from offhook.sip.actions import Send
from offhook.sip.errors import MessageError
from offhook.sip.parser import parse

EVIL: Final = "X-Evil"
"""The name of a header that somebody tries to smuggle into what we send."""
_START: Final = re.compile(rb"(?:SIP/2\.0 [1-6]\d\d [^\r\n]*|[A-Z]+ [^\s]+ SIP/2\.0)\Z")
_HEADER: Final = re.compile(rb"[A-Za-z][A-Za-z-]*: ?[^\r\n\0]*\Z")


def judge(actions: Iterable[Action]) -> None:
    """Fail if anything that leaves the core could harm the wire, a terminal or a log."""
    for action in actions:
        match action:
            case Send(data):
                judge_datagram(data)
            case Note():
                _judge_note(action)
            case CallEnded():
                _judge_note(call_line(action))
            case Show(text):
                assert text.isprintable(), ascii(text)
            case _:
                pass


def judge_datagram(data: bytes) -> None:
    """A well-formed message, or an error answer that quotes what was none; no line smuggled in."""
    if not data.strip():
        return  # keep-alive
    head, end, _ = data.partition(b"\r\n\r\n")
    assert end, data
    start, *lines = head.split(b"\r\n")
    assert _START.match(start), start
    for line in lines:
        assert _HEADER.match(line), line
        assert not line.lower().startswith(EVIL.lower().encode()), line
    try:
        parse(data)
    except MessageError:
        assert data.startswith((b"SIP/2.0 4", b"SIP/2.0 5")), data


def _judge_note(note: Note) -> None:
    line = entry(note)
    for text in (line.message, *line.fields.values()):
        assert text.isprintable(), ascii(text)
