"""Rows 1 to 22: registration (the rest: tests/sip/test_registration.py, test_digest.py)."""

import re

import pytest

from offhook.sip.actions import ServerDate
from offhook.sip.headers import NameAddr
from offhook.sip.message import Request
from offhook.sip.parser import parse
from offhook.units import Endpoint, Seconds
from support.seed_desk import Desk, swap
from support.seed_peer import MESSAGES


def seed(name: str) -> Request:
    message = parse((MESSAGES / f"{name}.sip").read_bytes())
    assert isinstance(message, Request)
    return message


def test_an_address_of_record_may_have_a_port() -> None:
    """Row 2."""
    address = NameAddr.parse("<sip:1011@47.98.109.96:50620>;tag=529397402")
    assert (address.uri.host, address.uri.port, address.tag) == ("47.98.109.96", 50620, "529397402")
    assert seed("01_send_REGISTER").to.tag is None


def test_a_dialog_is_found_by_call_id_and_tags_whatever_the_uris() -> None:
    """Row 2: the AOR has a port here and none there."""
    desk = Desk(2)
    desk.talk_in()
    elsewhere = re.compile("(From|To): .*?>")
    desk.seed("18_recv_BYE", lambda text: elsewhere.sub(r"\1: <sip:any@elsewhere:50620>", text))
    assert desk.response(200).cseq.method == "BYE"
    assert desk.station.status(desk.now).calls == ()


def test_the_lifetime_is_asked_and_read_in_the_contact() -> None:
    """Row 4: 300 s are asked; the seed's 200 grants 30 in its Contact, without Expires."""
    desk = Desk(registered=False, expires=Seconds(300), learn_contact="never")
    desk.take(desk.station.start(desk.now))
    request = desk.request("REGISTER")
    assert request.contacts[0].param("expires") == "300"
    desk.seed("04_recv_200")
    assert desk.station.agent.registered
    desk.run(14.9)
    assert desk.sent() == []
    desk.run(0.2)
    assert desk.request("REGISTER").cseq.number == request.cseq.number + 1


def test_the_date_of_a_registrar_is_told_and_changes_nothing() -> None:
    """Row 16: nobody sets the clock by unauthenticated SIP; with or without it is the same."""
    done = []
    for edit in (None, swap("Date: Tue, 28 Aug 2018 10:14:19 GMT\r\n", "")):
        desk = Desk(registered=False, learn_contact="never")
        desk.take(desk.station.start(desk.now))
        done.append(desk.seed("04_recv_200", edit))
        assert desk.station.agent.registered
    assert done[0] == [ServerDate(1535451259), *done[1]]


def test_a_date_that_is_none_is_not_told() -> None:
    """Row 16."""
    desk = Desk(registered=False, learn_contact="never")
    desk.take(desk.station.start(desk.now))
    told = desk.seed("04_recv_200", swap("28 Aug 2018", "99 Aug 2018"))
    assert desk.station.agent.registered
    assert not any(isinstance(each, ServerDate) for each in told)


def test_reliable_provisional_answers_are_never_demanded() -> None:
    """Row 17: FreeSWITCH has no PRACK."""
    desk = Desk()
    invite = desk.call()
    assert invite.headers.first("Require") is None
    assert "100rel" not in invite.tokens("Supported")
    desk = Desk(2)
    desk.ring()
    for response in desk.responses():
        assert response.headers.first("Require") is None
        assert response.headers.first("RSeq") is None


def test_the_registrar_may_ask_for_a_digest_or_not() -> None:
    """Row 18: the refresh of S6 was granted without one."""
    desk = Desk(3, registered=False)
    desk.take(desk.station.start(desk.now))
    assert desk.request("REGISTER").headers.first("Authorization") is None
    desk.seed("38_recv_200")
    assert desk.station.agent.registered


@pytest.mark.parametrize("name", ["P-Access-Network-Info", "Privacy", "User-Agent", "Supported"])
def test_headers_of_mobile_networks_are_read_and_kept(name: str) -> None:
    """Row 22."""
    message = seed("03_send_REGISTER")
    assert message.headers.first(name)
    again = parse(bytes(message))
    assert again.headers.first(name) == message.headers.first(name)


def test_we_do_not_claim_an_access_network() -> None:
    """Row 22: nor any identity that nobody configured (row 20)."""
    desk = Desk(registered=False)
    desk.take(desk.station.start(desk.now))
    register = desk.request("REGISTER")
    invite = Desk().call()
    for message in (register, invite):
        for name in ("P-Access-Network-Info", "P-Preferred-Identity", "P-Preferred-Service"):
            assert message.headers.first(name) is None


def test_doubangos_contact_is_not_copied_row_13() -> None:
    """Row 13: the seed's telephone kept on registering an address nobody can reach."""
    desk = Desk(registered=False)
    desk.take(desk.station.start(desk.now))
    desk.seed("02_recv_401")
    seen = desk.sent()[-1].contacts[0].uri
    assert Endpoint(seen.host, seen.port or 0) == desk.switch.network.seen
