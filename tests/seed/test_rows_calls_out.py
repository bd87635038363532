"""Rows 23 to 43: calls of ours (the others of them: tests/sip/test_calls_out.py)."""

import pytest

from offhook.phone.actions import PlayTone, SetGate, StartVoice, StopVoice, Tone, UpdateVoice
from offhook.phone.events import FirstAudio
from offhook.sip.actions import Send
from offhook.sip.message import Request, Response
from support.scripted_peer import Wire
from support.seed_desk import Desk, swap
from support.seed_peer import Edit

CHALLENGE = (
    'Digest realm="47.98.109.96", nonce="{}", algorithm=MD5, qop="auth"\r\nContent-Length: 0'
)


def early(desk: Desk) -> Request:
    """Out as in S4, to the 183."""
    invite = desk.call("1010")
    desk.seed("21_recv_100")
    desk.seed("22_recv_183")
    return invite


def test_a_from_with_a_port_in_the_answer_is_still_ours() -> None:
    """Row 24: only the tag counts."""
    desk = Desk()
    desk.call()
    desk.seed(
        "07_recv_200", swap("From: <sip:1011@47.98.109.96>", "From: <sip:1011@47.98.109.96:50620>")
    )
    assert desk.request("ACK").to.tag == "payU06rZ173Zr"
    assert desk.station.status(desk.now).state == "talking"


def test_an_invite_fits_into_one_datagram_even_with_credentials() -> None:
    """Rows 26 and 27: doubango's had 1559 bytes and was fragmented (T-A4)."""
    desk = Desk(2)
    first = desk.call("1010")
    desk.seed("21_recv_100", challenge("nonce-1"))
    second = [one for one in desk.sent() if isinstance(one, Request) and one.method == "INVITE"]
    assert "Proxy-Authorization" in dict(second[0].headers)
    for invite in (first, *second):
        assert len(bytes(invite)) < 1300
        assert not [name for name, _ in invite.headers if name.startswith(("P-", "Accept-C"))]


def test_an_answer_without_ringing_is_never_heard_to_ring() -> None:
    """Row 29."""
    desk = Desk()
    desk.talk_out()
    assert PlayTone(Tone.RINGBACK) not in desk.done
    assert desk.station.status(desk.now).state == "talking"


def test_requests_in_the_call_go_to_the_contact_of_the_answer() -> None:
    """Rows 30 and 39: ACK, and BYE with the next CSeq."""
    desk = Desk(2)
    invite = early(desk)
    desk.sent()
    desk.seed("23_recv_200")
    ack = desk.request("ACK")
    desk.lift()
    desk.put_down()
    bye = desk.request("BYE")
    assert ack.uri == bye.uri == "sip:1010@47.97.174.58:50600;transport=udp"
    assert ack.cseq.number == invite.cseq.number
    assert bye.cseq.number == invite.cseq.number + 1
    assert (bye.from_.tag, bye.to.tag) == (invite.from_.tag, "7S1r4FHNtQSmr")


def test_an_ack_says_no_more_than_it_must() -> None:
    """Row 33."""
    desk = Desk()
    desk.talk_out()
    names = {name for name, _ in desk.request("ACK").headers}
    needed = {"Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq"}
    assert needed <= names <= needed | {"User-Agent", "Content-Length"}


def test_the_same_description_again_does_not_touch_the_voice() -> None:
    """Row 35: stream, SSRC, sequence and clock go on from the 183 to the 200."""
    desk = Desk(2)
    early(desk)
    desk.do(FirstAudio(1))
    desk.seed("23_recv_200")
    (start,) = desk.told(StartVoice)
    assert isinstance(start, StartVoice)
    assert desk.told(StopVoice) == []
    for update in desk.told(UpdateVoice):
        assert isinstance(update, UpdateVoice)
        ours, theirs = update.parameters, start.parameters
        assert (ours.ssrc, ours.sequence, ours.timestamp) == (
            theirs.ssrc,
            theirs.sequence,
            theirs.timestamp,
        )
        assert (ours.remote, ours.codec, ours.port) == (theirs.remote, theirs.codec, theirs.port)


def test_the_connected_name_follows_each_answer() -> None:
    """Row 36."""
    desk = Desk(2)
    early(desk)
    shown = [desk.station.status(desk.now).calls[0].name]
    desk.seed("23_recv_200")
    shown.append(desk.station.status(desk.now).calls[0].name)
    assert shown == ["1010", "Outbound Call"]


def test_no_order_of_headers_is_expected() -> None:
    """Row 37: the 200 of S4 with its headers upside down, and without Allow and Accept."""

    def upside_down(text: str) -> str:
        head, gap, body = text.partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        kept = [line for line in reversed(lines) if not line.startswith(("Allow:", "Supported:"))]
        return "\r\n".join([start, *kept]) + gap + body

    desk = Desk(2)
    early(desk)
    desk.sent()
    desk.seed("23_recv_200", upside_down)
    assert desk.request("ACK").to.tag == "7S1r4FHNtQSmr"
    assert desk.station.status(desk.now).state == "talking"


def test_a_server_that_promised_to_refresh_and_does_not_is_left_after_88_s() -> None:
    """Row 38: Session-Expires 120, refresher=uas."""
    desk = Desk()
    desk.talk_out()
    desk.sent()
    desk.run(87.9)
    assert desk.sent() == []
    desk.run(0.2)
    assert desk.request("BYE").uri.startswith("sip:1014@47.98.109.96:50620")


def refresh(desk: Desk, invite: Request, body: bytes, count: int) -> bytes:
    """FreeSWITCH refreshes the session of a call that we placed: UPDATE, or re-INVITE with SDP."""
    method = "INVITE" if body else "UPDATE"
    lines = [
        f"{method} {desk.switch.contact} SIP/2.0",
        f"Via: SIP/2.0/UDP 47.98.109.96:50620;rport;branch=z9hG4bKrefresh{count}",
        "Max-Forwards: 70",
        f"From: {invite.headers.first('To')};tag=payU06rZ173Zr",
        f"To: {invite.headers.first('From')}",
        f"Call-ID: {invite.call_id}",
        f"CSeq: {128668000 + count} {method}",
        "Contact: <sip:1014@47.98.109.96:50620;transport=udp>",
        "Supported: timer, path, replaces",
        "Session-Expires: 120;refresher=uac",
        "Min-SE: 90",
        *(["Content-Type: application/sdp"] if body else []),
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    data = "\r\n".join(lines).encode() + body
    wire = Wire.of(data)
    desk.switch.told[f"z9hG4bKrefresh{count}", method] = wire
    return data


@pytest.mark.parametrize("by_invite", [True, False])
def test_a_server_that_refreshes_each_minute_keeps_the_call(by_invite: bool) -> None:
    """Row 38: nothing of the voice changes; when it stops refreshing the call ends, 88 s later."""
    desk = Desk()
    invite = desk.talk_out()
    desk.sent()
    before = len(desk.done)
    answer = desk.switch.say("07_recv_200").partition(b"\r\n\r\n")[2]
    for count in range(1, 6):
        desk.run(60.0)
        desk.hear(refresh(desk, invite, answer if by_invite else b"", count))
        response = desk.responses()[-1]
        assert response.status == 200
        assert bool(response.body) == by_invite
        if by_invite:
            desk.hear(acknowledgement(desk, invite, count))
    assert {type(action) for action in desk.done[before:]} == {Send}
    desk.sent()
    desk.run(87.9)
    assert desk.sent() == []
    desk.run(0.2)
    assert desk.request("BYE").call_id == invite.call_id


def acknowledgement(desk: Desk, invite: Request, count: int) -> bytes:
    """Of our 200 to the re-INVITE, on its own branch."""
    ack = refresh(desk, invite, b"", count).replace(b"UPDATE", b"ACK")
    return ack.replace(b"z9hG4bKrefresh", b"z9hG4bKacknowledge")


def test_declined_after_early_media_is_acknowledged_by_the_transaction() -> None:
    """Rows 41 and 42: on the INVITE's branch, to its Request-URI, for each copy until timer D."""
    desk = Desk(2)
    invite = desk.call("1010")
    desk.seed("28_recv_100")
    desk.seed("29_recv_183")
    for wait in (0.5, 31.0):
        desk.seed("30_recv_603")
        ack = desk.request("ACK")
        assert (ack.uri, ack.top_via.branch) == (invite.uri, invite.top_via.branch)
        assert ack.cseq.number == invite.cseq.number
        assert ack.to.tag == "By6UBvm3eUjZp"
        assert "Contact" not in dict(ack.headers)
        desk.run(wait)
    desk.run(1.0)
    desk.seed("30_recv_603")
    assert desk.sent() == []
    assert desk.told(SetGate) == []


def challenge(nonce: str) -> Edit:
    """Makes a 100 or a 200 a 407 of the seed's realm."""

    def edit(text: str) -> str:
        start, _, rest = text.partition("\r\n")
        del start
        if ";tag=" not in rest.partition("To: ")[2].partition("\r\n")[0]:
            at = rest.index("To: ")
            end = rest.index("\r\n", at)
            rest = f"{rest[:end]};tag=asks{rest[end:]}"
        told = f"Proxy-Authenticate: {CHALLENGE.format(nonce)}"
        return f"SIP/2.0 407 Asked\r\n{rest}".replace("Content-Length: 0", told)

    return edit


def proof(request: Request | Response) -> str:
    return request.headers.first("Proxy-Authorization") or ""


def test_every_request_of_a_call_can_be_challenged() -> None:
    """Row 43 (C-14 to C-16): the seed's server never did; INVITE and BYE here."""
    desk = Desk(2)
    first = desk.call("1010")
    desk.seed("21_recv_100", challenge("n1"))
    ack, second = desk.sent()
    assert isinstance(ack, Request)
    assert isinstance(second, Request)
    assert (ack.method, second.method) == ("ACK", "INVITE")
    assert second.cseq.number == first.cseq.number + 1
    assert (second.call_id, second.from_.tag) == (first.call_id, first.from_.tag)
    assert 'nonce="n1"' in proof(second)
    desk.seed("23_recv_200")
    assert isinstance(desk.request("ACK"), Request)
    desk.lift()
    desk.put_down()
    bye = desk.request("BYE")
    desk.seed("26_recv_200", challenge("n2"))
    again = desk.request("BYE")
    assert again.cseq.number == bye.cseq.number + 1
    assert 'nonce="n2"' in proof(again)
    assert "nc=00000001" in proof(again)


@pytest.mark.parametrize("network", [1, 2])
def test_no_two_calls_have_one_origin(network: int) -> None:
    """Row 69: doubango's o= was the same in all."""
    desk = Desk(network)
    origins = set()
    for _ in range(3):
        invite = desk.call()
        origins.add(invite.body.split(b"\r\n")[1])
        desk.seed("07_recv_200")
        desk.lift()
        desk.put_down()
        desk.seed("26_recv_200")
        desk.sent()
    assert len(origins) == 3
