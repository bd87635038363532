"""The lab exchange, in virtual time, with a telephone moved by hand."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.audio.codec import open_codec
from offhook.audio.pcm import level_dbm0
from offhook.lab.repetition import PATIENCE
from offhook.rtp.packet import Packet
from offhook.sdp.negotiate import G729, Local, answer
from offhook.sdp.session import parse
from offhook.sip.message import Request, Response
from offhook.units import Endpoint
from support.scripted_phone import PORTS, Lab, ScriptedPhone


@pytest.fixture
def lab() -> Lab:
    return Lab()


@pytest.fixture
def phone(lab: Lab) -> ScriptedPhone:
    return ScriptedPhone(lab, "1001", 6001)


@pytest.fixture
def other(lab: Lab) -> ScriptedPhone:
    return ScriptedPhone(lab, "1002", 6002)


def _final(responses: list[Response]) -> Response:
    (final,) = (response for response in responses if response.status >= 200)
    return final


def _up(phone: ScriptedPhone, number: str, body: bytes | None = None) -> tuple[Request, Response]:
    """A call that was answered and acknowledged."""
    invite = phone.invite(number, body)
    phone.lab.run(6)
    ok = next(response for response in phone.responses() if response.status >= 200)
    assert ok.status == 200
    phone.acknowledge(invite, ok)
    return invite, ok


class TestRegistrar:
    def test_a_right_proof_binds_for_the_time_asked(self, lab: Lab, phone: ScriptedPhone) -> None:
        response = phone.register(120)
        assert response.status == 200
        assert [str(contact) for contact in response.contacts] == [f"<{phone.contact}>;expires=120"]
        assert not lab.exchange.complaints
        lab.run(119)
        assert lab.exchange.registrar.reachable("1001", lab.now) is not None
        lab.run(2)
        assert lab.exchange.registrar.reachable("1001", lab.now) is None

    def test_a_wrong_password_is_challenged_again_and_noted(self, lab: Lab) -> None:
        phone = ScriptedPhone(lab, "1001", 6001, password="guess")  # noqa: S106
        assert phone.register().status == 401
        assert list(lab.exchange.complaints) == ["wrong digest for user '1001'"]

    def test_expires_zero_unbinds(self, lab: Lab, phone: ScriptedPhone) -> None:
        phone.register()
        assert phone.register(0).contacts == []
        assert lab.exchange.registrar.reachable("1001", lab.now) is None

    def test_too_short_a_time_is_refused_with_the_least(self, phone: ScriptedPhone) -> None:
        response = phone.register(5)
        assert (response.status, response.headers.first("Min-Expires")) == (423, "10")

    def test_a_proof_used_twice_is_stale(self, lab: Lab, phone: ScriptedPhone) -> None:
        phone.register()
        request = phone.make(phone.frame("1001", call_id="r"), "REGISTER", "sip:127.0.0.1")
        phone.send(request)
        proven = phone.prove(request, phone.responses()[0])
        phone.send(proven)
        assert phone.statuses() == [200]
        via = f"SIP/2.0/UDP {phone.endpoint};branch=z9hG4bKreplay;rport"
        again = proven.headers.with_("Via", via).with_("CSeq", "999 REGISTER")
        phone.send(Request("REGISTER", proven.uri, again))
        (response,) = phone.responses()
        assert response.status == 401
        assert "stale=true" in (response.headers.first("WWW-Authenticate") or "")
        assert any("nonce count" in complaint for complaint in lab.exchange.complaints)

    def test_nobody_registers_for_another(self, lab: Lab, phone: ScriptedPhone) -> None:
        request = phone.make(phone.frame("1002"), "REGISTER", "sip:127.0.0.1")
        phone.send(request)
        phone.send(phone.prove(request, phone.responses()[0]))
        assert phone.statuses() == [401]
        assert lab.exchange.registrar.reachable("1002", lab.now) is None


class TestNumbers:
    """Issue 2 §9: echo, milliwatt, ring-me-back, busy, decline, early media, G.729, read-back."""

    def test_600_rings_answers_and_returns_what_it_hears(
        self, lab: Lab, phone: ScriptedPhone
    ) -> None:
        invite = phone.invite("600")
        assert phone.statuses() == [100, 180]
        lab.run(1)
        ok = _final(phone.responses())
        phone.acknowledge(invite, ok)
        port = parse(ok.body).media[0].port
        said = Packet(0, 7, 1600, 42, b"\x55" * 160, marker=True)
        (heard,) = phone.speak(port, said)
        assert (heard.payload, heard.payload_type) == (said.payload, 0)
        assert heard.ssrc != said.ssrc
        (next_one,) = phone.speak(port, Packet(0, 8, 1760, 42, b"\x66" * 160))
        assert (next_one.timestamp - heard.timestamp) % 2**32 == 160
        assert (next_one.sequence - heard.sequence) % 2**16 == 1
        assert not lab.exchange.complaints

    def test_601_sends_1004_hz_at_0_dbm0_every_20_ms(self, lab: Lab, phone: ScriptedPhone) -> None:
        _up(phone, "601")
        lab.rtp.clear()
        lab.run(1)
        times = [at for at, _ in lab.rtp]
        assert len(times) == 50
        assert all(b - a == pytest.approx(0.02) for a, b in pairwise(times))
        packets = [Packet.parse(sent.data) for _, sent in lab.rtp]
        pcm = b"".join(open_codec("PCMU").decode(packet.payload) for packet in packets)
        samples = memoryview(pcm).cast("h")
        rises = sum(a < 0 <= b for a, b in pairwise(samples))
        assert rises in {1003, 1004, 1005}
        assert level_dbm0(pcm) == pytest.approx(0, abs=0.1)
        assert lab.exchange.levels.heard == pytest.approx(0, abs=0.2)

    def test_602_hangs_up_and_calls_back_after_three_seconds(
        self, lab: Lab, phone: ScriptedPhone
    ) -> None:
        phone.register()
        invite = phone.invite("602")
        ok = _final(phone.responses())
        phone.acknowledge(invite, ok)
        lab.run(1.3)
        bye = phone.request()
        assert bye.method == "BYE"
        phone.reply(bye, 200)
        lab.run(2.9)
        assert phone.read() == []
        lab.run(0.2)
        call = phone.request()
        assert (call.method, call.from_.uri.user) == ("INVITE", "602")
        phone.reply(call, 180)
        body = phone.offer()
        phone.reply(call, 200, body)
        assert phone.request().method == "ACK"
        assert not lab.exchange.complaints

    def test_602_tries_again_while_the_telephone_is_busy(
        self, lab: Lab, phone: ScriptedPhone
    ) -> None:
        phone.register()
        invite = phone.invite("602")
        phone.acknowledge(invite, _final(phone.responses()))
        lab.run(1.3)
        phone.reply(phone.request(), 200)
        tries = set()
        for _ in range(8):
            lab.run(3.5)
            for message in phone.read():
                if isinstance(message, Request) and message.method == "INVITE":
                    tries.add(message.call_id)
                    phone.reply(message, 486)
        assert len(tries) == 6

    def test_602_gives_up_a_telephone_that_nobody_answers(
        self, lab: Lab, phone: ScriptedPhone
    ) -> None:
        phone.register()
        invite = phone.invite("602")
        phone.acknowledge(invite, _final(phone.responses()))
        lab.run(1.3)
        phone.reply(phone.request(), 200)
        lab.run(3.1)
        call = phone.request()
        phone.reply(call, 180)
        lab.run(29)
        assert phone.read() == []
        lab.run(1)
        cancel = phone.request()
        assert cancel.method == "CANCEL"
        phone.reply(cancel, 200)
        phone.reply(call, 487)
        lab.run(40)
        assert lab.exchange.calls == []

    def test_603_is_busy(self, lab: Lab, phone: ScriptedPhone) -> None:
        invite = phone.invite("603")
        final = _final(phone.responses())
        assert (final.status, final.headers.first("Reason")) == (486, "Q.850;cause=17")
        phone.acknowledge_failure(invite, final)
        lab.run(40)
        assert not lab.exchange.complaints
        assert lab.exchange.calls == []

    def test_604_declines_after_early_media(self, lab: Lab, phone: ScriptedPhone) -> None:
        phone.invite("604")
        early = phone.responses()[-1]
        assert (early.status, early.content_type) == (183, "application/sdp")
        lab.run(1)
        assert len(lab.rtp) == pytest.approx(50, abs=2)
        lab.run(2.5)
        assert 603 in phone.statuses()

    def test_605_sends_the_same_description_early_and_with_the_answer(
        self, lab: Lab, phone: ScriptedPhone
    ) -> None:
        """Row 35 of the seed's table: same `o=`, nothing changed."""
        invite = phone.invite("605")
        early = phone.responses()[-1]
        lab.run(5)
        ok = _final(phone.responses())
        assert ok.body == early.body
        assert ok.to.tag == early.to.tag
        phone.acknowledge(invite, ok)
        (heard,) = phone.speak(parse(ok.body).media[0].port, Packet(0, 1, 1, 1, b"\x55" * 160))
        assert heard.payload == b"\x55" * 160

    def test_606_calls_back_offering_g729_alone(self, lab: Lab, phone: ScriptedPhone) -> None:
        phone.register()
        invite = phone.invite("606")
        phone.acknowledge(invite, _final(phone.responses()))
        lab.run(1.3)
        phone.reply(phone.request(), 200)
        lab.run(3.1)
        call = phone.request()
        ours, agreed = answer(Local("127.0.0.1", 7001, (G729,), 1, 1), parse(call.body))
        assert agreed.codec == "G729"
        phone.reply(call, 200, bytes(ours))
        assert phone.request().method == "ACK"
        port = parse(call.body).media[0].port
        (heard,) = phone.speak(port, Packet(agreed.send_payload_type, 1, 1, 1, bytes(20)))
        assert heard.payload == bytes(20)

    def test_607_reads_digits_back_as_tones_and_as_events(
        self, lab: Lab, phone: ScriptedPhone
    ) -> None:
        _, ok = _up(phone, "607")
        port = parse(ok.body).media[0].port
        for digit in (1, 11):  # 1 and #
            for _ in range(3):  # each told three times
                event = Packet(101, digit, digit * 1000, 1, bytes((digit, 0x8A, 3, 32)))
                phone.speak(port, event)
        lab.run(3)
        packets = [Packet.parse(sent.data) for _, sent in lab.rtp]
        voice = [packet for packet in packets if packet.payload_type == 0]
        events = [packet for packet in packets if packet.payload_type == 101]
        assert max(level_dbm0(open_codec("PCMU").decode(one.payload)) for one in voice) > -10
        assert [packet.payload[0] for packet in events if packet.marker] == [1, 11]
        ends = [packet for packet in events if packet.payload[1] & 0x80]
        assert len(ends) == 6
        assert len({packet.timestamp for packet in events}) == 2
        assert lab.exchange.media[0].digits == "1#"

    def test_an_unknown_number_is_not_found(self, phone: ScriptedPhone) -> None:
        phone.invite("699")
        assert phone.statuses()[-1] == 404

    def test_nobody_calls_without_proof(self, lab: Lab) -> None:
        stranger = ScriptedPhone(lab, "1001", 6009, password="guess")  # noqa: S106
        stranger.invite("600")
        assert stranger.statuses()[-1] == 407
        assert lab.exchange.calls == []

    def test_a_call_without_an_offer_gets_ours_and_takes_the_answer_from_the_ack(
        self, lab: Lab, phone: ScriptedPhone
    ) -> None:
        invite = phone.invite("601", b"")
        ok = _final(phone.responses())
        phone.acknowledge(invite, ok, phone.offer())
        lab.run(0.1)
        assert lab.exchange.media[0].remote == Endpoint("127.0.0.1", 7001)


class TestStrictness:
    def test_a_200_is_repeated_and_an_ack_that_never_comes_is_noted(
        self, lab: Lab, phone: ScriptedPhone
    ) -> None:
        phone.invite("601")
        phone.read()
        lab.run(PATIENCE + 1)
        messages = phone.read()
        copies = [one for one in messages if isinstance(one, Response) and one.status == 200]
        byes = [one for one in messages if isinstance(one, Request) and one.method == "BYE"]
        assert len(copies) == 10  # 0.5 1.5 3.5 7.5 11.5 … 31.5
        assert byes
        assert lab.exchange.complaints[0] == "nobody acknowledges our 200"

    def test_an_ack_with_another_number_is_noted(self, lab: Lab, phone: ScriptedPhone) -> None:
        invite = phone.invite("601")
        ok = _final(phone.responses())
        frame = phone.frame("601", ok.to.tag)
        phone.send(frame.request("ACK", str(ok.contacts[0].uri), invite.cseq.number + 1, "x"))
        assert any("ACK numbered" in complaint for complaint in lab.exchange.complaints)

    def test_a_failure_that_nobody_acknowledges_is_noted(
        self, lab: Lab, phone: ScriptedPhone
    ) -> None:
        phone.invite("603")
        lab.run(33)
        assert "nobody acknowledges our failure of INVITE" in lab.exchange.complaints

    def test_bye_ends_the_call_and_outside_it_is_unknown(
        self, lab: Lab, phone: ScriptedPhone
    ) -> None:
        invite, ok = _up(phone, "600")
        phone.within("BYE", invite, ok)
        assert phone.statuses() == [200]
        assert lab.exchange.calls == []
        phone.within("BYE", invite, ok)
        assert phone.statuses() == [481]
        assert lab.exchange.complaints[-1] == "BYE outside any call"

    def test_an_old_number_inside_a_call_is_refused(self, lab: Lab, phone: ScriptedPhone) -> None:
        invite, ok = _up(phone, "600")
        phone.sequence = 0
        phone.within("BYE", invite, ok)
        assert phone.statuses() == [500]

    def test_cancel_while_ringing_answers_487(self, lab: Lab, phone: ScriptedPhone) -> None:
        invite = phone.invite("608")
        phone.read()
        cancel = invite.headers.with_("CSeq", f"{invite.cseq.number} CANCEL").without(
            "Proxy-Authorization", "Content-Type"
        )
        phone.send(Request("CANCEL", invite.uri, cancel))
        responses = phone.responses()
        assert {(one.cseq.method, one.status) for one in responses} == {
            ("CANCEL", 200),
            ("INVITE", 487),
        }
        assert lab.exchange.calls == []

    def test_a_hold_is_answered_in_kind(self, lab: Lab, phone: ScriptedPhone) -> None:
        invite, ok = _up(phone, "601")
        held = phone.offer().replace(b"a=sendrecv", b"a=sendonly")
        again = phone.within("INVITE", invite, ok, held)
        answered = phone.responses()[-1]
        phone.acknowledge(again, answered)
        assert answered.status == 200
        lab.rtp.clear()
        lab.run(1)
        silent = b"a=recvonly" in answered.body
        assert silent
        assert lab.rtp == []

    def test_a_request_without_manners_is_noted(self, lab: Lab, phone: ScriptedPhone) -> None:
        request = phone.make(phone.frame("600"), "OPTIONS", "sip:127.0.0.1")
        phone.send(Request("OPTIONS", request.uri, request.headers.without("Max-Forwards")))
        assert phone.statuses() == [200]
        assert "no Max-Forwards" in lab.exchange.complaints[0]

    def test_more_calls_than_ports_are_refused(self, lab: Lab, phone: ScriptedPhone) -> None:
        for n in range(len(PORTS)):
            phone.invite("608", call_id=f"many-{n}")
        phone.read()
        phone.invite("608", call_id="too-many")
        assert phone.statuses()[-1] == 503

    @given(st.binary(max_size=300))
    @settings(max_examples=200, deadline=None)
    def test_no_datagram_raises(self, data: bytes) -> None:
        lab = Lab()
        phone = ScriptedPhone(lab, "1001", 6001)
        phone.send_bytes(data)
        _, ok = _up(phone, "607")
        lab.exchange.receive_rtp(parse(ok.body).media[0].port, data, lab.now)
        lab.run(2)

    @given(st.data())
    @settings(max_examples=100, deadline=None)
    def test_no_mutated_invite_raises(self, data: st.DataObject) -> None:
        lab = Lab()
        phone = ScriptedPhone(lab, "1001", 6001)
        invite = bytearray(bytes(phone.invite("600")))
        for _ in range(data.draw(st.integers(1, 6))):
            invite[data.draw(st.integers(0, len(invite) - 1))] = data.draw(st.integers(0, 255))
        phone.send_bytes(bytes(invite))
        lab.run(40)


class TestTwoTelephones:
    def _ring(self, phone: ScriptedPhone, other: ScriptedPhone) -> tuple[Request, Request]:
        other.register()
        invite = phone.invite("1002")
        call = other.request()
        assert (call.method, call.uri) == ("INVITE", other.contact)
        return invite, call

    def test_they_call_each_other_and_descriptions_pass_unchanged(
        self, lab: Lab, phone: ScriptedPhone, other: ScriptedPhone
    ) -> None:
        invite, call = self._ring(phone, other)
        assert call.body == invite.body
        assert call.from_.uri.user == "1001"
        other.reply(call, 180)
        other.reply(call, 200, other.offer())
        ok = _final(phone.responses())
        assert ok.body == other.offer()
        assert other.request().method == "ACK"
        phone.acknowledge(invite, ok)
        phone.within("BYE", invite, ok)
        assert phone.statuses() == [200]
        bye = other.request()
        assert bye.method == "BYE"
        other.reply(bye, 200)
        assert lab.exchange.calls == []
        assert not lab.exchange.complaints

    def test_busy_there_is_busy_here(self, phone: ScriptedPhone, other: ScriptedPhone) -> None:
        _, call = self._ring(phone, other)
        other.reply(call, 486)
        assert phone.statuses()[-1] == 486

    def test_giving_up_cancels_there(
        self, lab: Lab, phone: ScriptedPhone, other: ScriptedPhone
    ) -> None:
        invite, call = self._ring(phone, other)
        other.reply(call, 180)
        phone.read()
        cancel = invite.headers.with_("CSeq", f"{invite.cseq.number} CANCEL")
        phone.send(Request("CANCEL", invite.uri, cancel))
        assert 487 in phone.statuses()
        given_up = other.request()
        assert given_up.method == "CANCEL"
        other.reply(given_up, 200)
        other.reply(call, 487)
        assert other.request().method == "ACK"
        assert lab.exchange.calls == []

    def test_an_offer_in_the_200_is_answered_in_the_ack(
        self, phone: ScriptedPhone, other: ScriptedPhone
    ) -> None:
        other.register()
        invite = phone.invite("1002", b"")
        call = other.request()
        assert call.body == b""
        other.reply(call, 200, other.offer())
        assert other.read() == []  # its ACK waits for the answer
        phone.acknowledge(invite, _final(phone.responses()), phone.offer())
        ack = other.request()
        assert (ack.method, ack.body) == ("ACK", phone.offer())

    def test_a_hold_is_passed_on(
        self, lab: Lab, phone: ScriptedPhone, other: ScriptedPhone
    ) -> None:
        invite, call = self._ring(phone, other)
        other.reply(call, 200, other.offer())
        ok = _final(phone.responses())
        phone.acknowledge(invite, ok)
        other.read()
        again = phone.within("INVITE", invite, ok, phone.offer() + b"a=sendonly\r\n")
        held = other.request()
        assert held.body.endswith(b"a=sendonly\r\n")
        other.reply(held, 200, other.offer())
        assert other.request().method == "ACK"
        answered = _final(phone.responses())
        assert answered.status == 200
        phone.acknowledge(again, answered)
        lab.run(35)
        assert not lab.exchange.complaints

    def test_a_telephone_that_is_not_there_is_unavailable(self, phone: ScriptedPhone) -> None:
        phone.invite("1003")
        assert phone.statuses()[-1] == 480
