"""Dialogs as values (RFC 3261 §12)."""

import pytest

from offhook.sip.call_table import TRANSITIONS, step
from offhook.sip.dialog import Dialog
from offhook.sip.errors import SipError
from offhook.sip.message import Request
from offhook.sip.parser import parse
from support.sip_peer import Bench


def request(extra: str = "", **changes: object) -> Request:
    message = parse(Bench().invite(extra, **changes))  # type: ignore[arg-type]
    assert isinstance(message, Request)
    return message


def test_the_callees_dialog_mirrors_the_request() -> None:
    dialog = Dialog.from_request(request("Record-Route: <sip:a;lr>, <sip:b;lr>"), "mine", 7)
    assert dialog.key == ("c1", "mine", "caller")
    assert [str(route) for route in dialog.routes] == ["<sip:a;lr>", "<sip:b;lr>"]
    assert dialog.next_cseq() == 8
    assert not dialog.caller
    assert dialog.next_hop() == ("a", 5060)


@pytest.mark.parametrize(("number", "fresh"), [(99, False), (100, False), (101, True)])
def test_requests_come_in_order(number: int, fresh: bool) -> None:
    dialog = Dialog.from_request(request(), "mine", 7)
    assert dialog.in_order(request(cseq=number)) is fresh
    assert dialog.in_order(request(cseq=102))


def test_maddr_leads_the_way() -> None:
    dialog = Dialog.from_request(request("Contact: <sip:x@h:5070;maddr=192.0.2.77>"), "m", 7)
    assert dialog.next_hop() == ("192.0.2.77", 5070)


@pytest.mark.parametrize("extra", ["Contact: <tel:1>", "Record-Route: " + "<sip:a;lr>, " * 20])
def test_what_no_dialog_can_be_made_of(extra: str) -> None:
    with pytest.raises(SipError):
        Dialog.from_request(request(extra), "mine", 7)


def test_the_table_of_calls_names_only_what_exists() -> None:
    for (state, what), (after, effect) in TRANSITIONS.items():
        assert callable(effect), (state, what)
        assert effect.__doc__ or effect.__name__ == "invite", (state, what, after)
    assert callable(step)
