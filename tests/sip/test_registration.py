"""Keeping a binding at the registrar, row by row."""

import itertools

import pytest

from offhook.sip.actions import (
    Registered,
    RegistrationFailed,
    Resolve,
    Send,
    Unregistered,
)
from offhook.sip.headers import Challenge
from offhook.sip.message import Request, Response
from offhook.sip.registration import TRANSITIONS, Input, Registration, State, refresh_after
from offhook.units import Endpoint, Seconds
from support.entropy import SeededEntropy
from support.sip_peer import PHONE, SERVER, Bench, account

PUBLIC = Endpoint("203.0.113.9", 28555)


def start(**changes: object) -> Bench:
    bench = Bench(account(**changes))
    bench.take(bench.agent.register(bench.now))
    return bench


def contacts(request: Request) -> list[str]:
    return request.headers.raw("Contact")


def failed(bench: Bench) -> RegistrationFailed:
    last = bench.told(RegistrationFailed)[-1]
    assert isinstance(last, RegistrationFailed)
    return last


def granted(bench: Bench) -> Registered:
    last = bench.told(Registered)[-1]
    assert isinstance(last, Registered)
    return last


def test_the_request_uri_is_the_domain_alone_row_1() -> None:
    assert start(port=50620).request("REGISTER").uri == "sip:192.0.2.1"


def test_it_goes_to_the_outbound_proxy_without_a_route_row_23() -> None:
    bench = start(proxy=("192.0.2.99", 50620))
    assert bench.sends[0].to == Endpoint("192.0.2.99", 50620)
    assert bench.request("REGISTER").headers.first("Route") is None
    assert bench.agent.peers == {"192.0.2.99", "192.0.2.1"}


def test_it_goes_to_the_outbound_proxy_with_a_route_if_told_row_23() -> None:
    bench = start(proxy=("192.0.2.99", 50620), route=True)
    assert bench.request("REGISTER").headers.first("Route") == "<sip:192.0.2.99:50620;lr>"
    bench = start(proxy=("2001:db8::99", 50620), route=True)
    assert bench.request("REGISTER").headers.first("Route") == "<sip:[2001:db8::99]:50620;lr>"


def test_call_id_and_tag_stay_cseq_counts_branch_changes_rows_5_6_7() -> None:
    bench = start()
    first = bench.request("REGISTER")
    bench.challenge(first)
    second = bench.request("REGISTER")
    assert first.call_id == second.call_id
    assert first.from_.tag == second.from_.tag
    assert second.cseq.number == first.cseq.number + 1 < 2**31
    assert first.top_via.branch != second.top_via.branch


def test_the_empty_nonce_is_sent_only_if_told_row_8() -> None:
    empty = start(empty_nonce=True).request("REGISTER").headers.first("Authorization") or ""
    assert 'nonce=""' in empty
    assert 'response=""' in empty
    assert start().request("REGISTER").headers.first("Authorization") is None


def test_stale_on_the_first_challenge_is_answered_row_9() -> None:
    bench = start(empty_nonce=True)
    bench.challenge(bench.request("REGISTER"), more=", stale=true")
    assert 'nonce="n1"' in (bench.request("REGISTER").headers.first("Authorization") or "")


def test_stale_for_ever_is_answered_three_times_row_9() -> None:
    bench = start()
    for nonce in range(4):
        bench.challenge(bench.request("REGISTER"), f"n{nonce}", ", stale=true")
    assert bench.requests("REGISTER") == []
    assert failed(bench).reason == "Unauthorized"


def test_no_to_tag_is_kept_row_14() -> None:
    bench = start()
    bench.challenge(bench.request("REGISTER"))
    assert bench.request("REGISTER").to.tag is None


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ([("Contact", "{};expires=30"), ("Expires", "99")], 30),
        ([("Contact", "{}"), ("Expires", "99")], 99),
        ([("Contact", "{}")], 300),
        ([("Contact", "<sip:other@192.0.2.50>;expires=7"), ("Contact", "{};expires=30")], 30),
        ([("Contact", "<sip:other@192.0.2.50>;expires=7")], 300),
        ([("Contact", "{};expires=nonsense"), ("Expires", "77")], 77),
    ],
)
def test_the_granted_lifetime_is_our_contacts_row_15_c7_c8(
    extra: list[tuple[str, str]], expected: int
) -> None:
    bench = start()
    request = bench.request("REGISTER")
    ours = contacts(request)[0].partition(";")[0]
    bench.answer(request, 200, [(name, value.format(ours)) for name, value in extra])
    assert float(granted(bench).expires) == expected


def test_a_grant_of_nothing_is_a_failure() -> None:
    bench = start()
    bench.grant(bench.request("REGISTER"), expires=0)
    assert failed(bench).reason == "binding not kept"
    assert not bench.agent.registered


def test_the_configured_lifetime_is_asked_again_at_each_refresh_c8() -> None:
    bench = start()
    bench.grant(bench.request("REGISTER"), expires=60)
    bench.run(40)
    assert ";expires=300" in contacts(bench.request("REGISTER"))[0]


def test_a_refresh_carries_the_nonce_with_the_next_count_row_18_c19() -> None:
    bench = start()
    bench.challenge(bench.request("REGISTER"))
    bench.grant(bench.request("REGISTER"))
    bench.run(280)
    refresh = bench.request("REGISTER")
    credentials = Challenge.parse(refresh.headers.first("Authorization") or "")
    assert (credentials.param("nonce"), credentials.param("nc")) == ("n1", "00000002")
    bench.challenge(refresh, "n2")  # the nonce is too old, and the server does not say "stale"
    again = bench.request("REGISTER").headers.first("Authorization") or ""
    assert 'nonce="n2"' in again
    assert "nc=00000001" in again


def test_401_and_407_in_one_request_are_both_answered_c14() -> None:
    bench = start()
    bench.challenge(bench.request("REGISTER"), status=407)
    bench.challenge(bench.request("REGISTER"), "n2")
    both = bench.request("REGISTER")
    assert 'nonce="n1"' in (both.headers.first("Proxy-Authorization") or "")
    assert 'nonce="n2"' in (both.headers.first("Authorization") or "")


@pytest.mark.parametrize("granted_for", [10, 30, 119, 120, 300, 3600])
def test_the_refresh_comes_before_the_end_row_19(granted_for: int) -> None:
    for seed in range(50):
        gap = refresh_after(Seconds(granted_for), SeededEntropy(seed))
        low = granted_for / 2 if granted_for < 120 else granted_for - max(30, granted_for / 10)
        assert max(5.0, low * 0.95) <= gap <= max(5.0, low * 1.05) < granted_for


def test_our_contact_follows_what_the_server_saw_row_12_13_c1() -> None:
    bench = start()
    request = bench.request("REGISTER")
    bench.answer(request, 401, [("WWW-Authenticate", 'Digest realm="r", nonce="n"')], seen=PUBLIC)
    again = bench.request("REGISTER")
    assert "@203.0.113.9:28555>" in contacts(again)[0]
    assert len(contacts(again)) == 1
    assert bench.agent.contact.endswith("@203.0.113.9:28555")


def test_new_and_old_contact_go_in_one_register_c1() -> None:
    bench = start()
    request = bench.request("REGISTER")
    old = contacts(request)[0].partition(";")[0]
    bench.answer(request, 200, [("Contact", f"{old};expires=300")], seen=PUBLIC)
    again = bench.request("REGISTER")
    assert contacts(again)[1] == f"{old};expires=0"
    bench.answer(again, 200, [("Contact", contacts(again)[0])], seen=PUBLIC)
    assert granted(bench).contact == bench.agent.contact
    assert bench.requests("REGISTER") == []


def test_an_address_that_changes_at_every_answer_is_rewritten_once_a_round_c2() -> None:
    bench = start()
    for port in range(3000, 3003):
        requests = bench.requests("REGISTER")
        for request in requests:
            where = Endpoint("203.0.113.9", port)
            bench.answer(request, 200, [("Contact", contacts(request)[0])], seen=where)
    assert len(bench.told(Registered)) == 1
    assert bench.agent.contact.endswith(":3000")


def test_a_public_contact_is_not_changed_to_a_private_one_c1() -> None:
    bench = Bench(local=Endpoint("8.8.4.4", 5060))
    bench.take(bench.agent.register(bench.now))
    bench.answer(bench.request("REGISTER"), 200, seen=Endpoint("192.168.1.5", 5060))
    assert bench.agent.contact.endswith("@8.8.4.4:5060")


def test_our_contact_stays_if_told_so() -> None:
    bench = start(learn_contact="never")
    bench.answer(bench.request("REGISTER"), 200, seen=PUBLIC)
    assert bench.agent.contact.endswith("@198.51.100.7:5060")


def test_the_contact_is_a_token_and_not_the_number() -> None:
    assert "1011" not in start().agent.contact.partition("@")[0]
    tokens = {Bench().agent.contact for _ in range(2)}
    assert len(tokens) == 1  # the counting entropy: the same each time


def test_423_is_obeyed_once_c9() -> None:
    bench = start()
    bench.answer(bench.request("REGISTER"), 423, [("Min-Expires", "900")])
    again = bench.request("REGISTER")
    assert contacts(again)[0].endswith(";expires=900")
    bench.answer(again, 423, [("Min-Expires", "1800")])
    assert bench.requests("REGISTER") == []
    assert failed(bench).status == 423


@pytest.mark.parametrize("least", [[], [("Min-Expires", "10")], [("Min-Expires", "x")]])
def test_423_without_a_longer_time_is_a_failure_c9(least: list[tuple[str, str]]) -> None:
    bench = start()
    bench.answer(bench.request("REGISTER"), 423, least)
    assert failed(bench).status == 423


@pytest.mark.parametrize(
    ("value", "wait"), [("7", 7), ("99999", 600), ("18 (busy)", 18), ("5;duration=3", 5)]
)
def test_retry_after_is_honoured_within_reason_c6(value: str, wait: int) -> None:
    bench = start()
    bench.answer(bench.request("REGISTER"), 503, [("Retry-After", value)])
    assert float(failed(bench).retry_in) == wait
    bench.run(wait - 0.1)
    assert bench.requests("REGISTER") == []
    bench.run(0.2)
    bench.request("REGISTER")


@pytest.mark.parametrize("status", [408, 480, 500, 503, 600])
def test_trouble_is_tried_again_after_2_4_8_to_60_s_for_ever_c4(status: int) -> None:
    bench = start()
    waits = []
    for _ in range(9):
        bench.answer(bench.request("REGISTER"), status)
        waits.append(float(failed(bench).retry_in))
        bench.run(waits[-1])
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_a_silent_registrar_is_tried_for_ever_reliability_c5() -> None:
    bench = start()
    bench.run(3600)
    attempts = {request.cseq.number for request in bench.requests("REGISTER")}
    assert 35 < len(attempts) < 60  # each takes 32 s and then a wait of up to 60 s
    assert failed(bench).status is None
    bench.run(100)
    bench.grant(bench.requests("REGISTER")[-1])


def test_a_wrong_password_does_not_hammer_c5_c14() -> None:
    bench = start()
    waits = []
    for round_ in range(5):
        sent = bench.requests("REGISTER")
        bench.challenge(sent[-1], f"a{round_}")
        answered = bench.request("REGISTER")
        bench.challenge(answered, f"b{round_}")
        assert bench.requests("REGISTER") == []
        assert failed(bench).reason == "wrong password"
        waits.append(float(failed(bench).retry_in))
        bench.run(waits[-1])
    assert waits == [600, 1800, 3600, 7200, 7200]


@pytest.mark.parametrize("more", ["", ", stale=true"])
def test_a_registrar_that_always_asks_is_asked_seldom_reliability_a9(more: str) -> None:
    bench, times = start(), []
    for number in range(2000):
        sent = bench.sent()
        for request in (one for one in sent if isinstance(one, Request)):
            if "Authorization" in request.headers:
                times.append(float(bench.now))
            bench.challenge(request, f"n{number}", more)
        if not sent:
            bench.run(300)
    assert max(sum(0 <= at - since < 600 for at in times) for since in times) <= 4
    day = {at for at in times if 3600 < at <= 3600 + 86_400}
    assert 9 <= len(day) <= 12


@pytest.mark.parametrize("asked", ["Digest realm=x, nonce=y, algorithm=SHA-3", "Basic realm=x"])
def test_a_challenge_we_cannot_answer_is_not_asked_for_again_soon_c5(asked: str) -> None:
    bench = start()
    bench.answer(bench.request("REGISTER"), 401, [("WWW-Authenticate", asked)])
    assert failed(bench).reason == "Unauthorized"
    assert float(failed(bench).retry_in) == 600


def test_retry_after_puts_off_but_never_brings_forward_c6() -> None:
    bench, waits = start(), []
    for _ in range(4):
        bench.answer(bench.request("REGISTER"), 503, [("Retry-After", "5")])
        waits.append(float(failed(bench).retry_in))
        bench.run(waits[-1])
    assert waits == [5, 5, 8, 16]


def test_a_wrong_password_is_tried_at_once_when_settings_or_network_change() -> None:
    bench = start()
    bench.challenge(bench.request("REGISTER"))
    bench.challenge(bench.request("REGISTER"), "n2")
    bench.take(bench.agent.register(bench.now))
    bench.request("REGISTER")
    bench.take(bench.agent.network_changed(Endpoint("198.51.100.8", 5060), bench.now))
    bench.request("REGISTER")


def test_the_same_nonce_again_is_a_wrong_password_even_if_stale_c14() -> None:
    bench = start()
    bench.challenge(bench.request("REGISTER"))
    bench.challenge(bench.request("REGISTER"), more=", stale=true")
    assert failed(bench).reason == "wrong password"


def test_403_is_not_tried_again_soon_c5() -> None:
    bench = start()
    bench.answer(bench.request("REGISTER"), 403)
    assert float(failed(bench).retry_in) == 600


def test_the_first_challenge_we_can_do_is_answered_c18() -> None:
    bench = start()
    two = [
        ("WWW-Authenticate", 'Digest realm="r", nonce="x", algorithm=SHA-3'),
        ("WWW-Authenticate", "Digest broken="),
        ("WWW-Authenticate", 'realm="no scheme"'),
        ("WWW-Authenticate", 'Digest realm="r", nonce="y", algorithm=SHA-256, qop="auth"'),
        ("WWW-Authenticate", 'Digest realm="r", nonce="z", algorithm=MD5'),
    ]
    bench.answer(bench.request("REGISTER"), 401, two)
    assert 'nonce="y"' in (bench.request("REGISTER").headers.first("Authorization") or "")


def test_a_failed_refresh_leaves_a_living_binding_c7() -> None:
    bench = Bench().registered()
    bench.run(280)
    bench.answer(bench.requests("REGISTER")[0], 503)
    assert bench.agent.registered
    bench.run(40)
    assert not bench.agent.registered  # nobody answered until its end


def test_names_are_looked_up_and_the_last_good_address_is_kept_reliability_c6() -> None:
    bench = start(domain="sip.example.org")
    assert bench.told(Resolve) == [Resolve("sip.example.org")]
    bench.take(bench.agent.resolved("sip.example.org", ("192.0.2.1", "192.0.2.2"), bench.now))
    assert bench.sends[-1].to == SERVER
    assert bench.agent.peers == {"192.0.2.1", "192.0.2.2"}
    for _ in range(2):
        bench.answer(bench.request("REGISTER"), 503)
    bench.run(3)
    assert len(bench.told(Resolve)) == 2
    bench.request("REGISTER")  # the old address serves meanwhile
    bench.take(bench.agent.resolved("sip.example.org", (), bench.now))
    assert bench.agent.peers == {"192.0.2.1", "192.0.2.2"}


@pytest.mark.parametrize("answered", [True, False])
def test_no_address_is_a_failure_that_is_tried_again(answered: bool) -> None:
    bench = start(domain="sip.example.org")
    if answered:
        bench.take(bench.agent.resolved("sip.example.org", ("not-an-address",), bench.now))
    else:
        bench.run(10)
    assert failed(bench).reason == "no address for sip.example.org"
    bench.run(2)
    assert len(bench.told(Resolve)) >= 2


def test_our_family_of_addresses_is_preferred_c13() -> None:
    bench = Bench(account(domain="sip.example.org"), local=Endpoint("2001:db8::7", 5060))
    bench.take(bench.agent.register(bench.now))
    bench.take(bench.agent.resolved("sip.example.org", ("192.0.2.1", "2001:db8::1"), bench.now))
    assert bench.sends[-1].to == Endpoint("2001:db8::1", 5060)
    request = bench.request("REGISTER")
    assert "@[2001:db8::7]:5060>" in contacts(request)[0]
    assert request.top_via.host == "2001:db8::7"


def test_without_a_network_nothing_is_sent_and_with_one_at_once_reliability_c1() -> None:
    bench = Bench(local=None)
    bench.take(bench.agent.register(bench.now))
    bench.run(600)
    assert bench.sends == []
    assert bench.agent.contact == ""
    bench.take(bench.agent.network_changed(PHONE, bench.now))
    bench.grant(bench.request("REGISTER"))
    bench.take(bench.agent.network_changed(None, bench.now))
    assert not bench.agent.registered
    bench.run(1000)
    assert bench.sends == []


def test_a_new_address_takes_the_old_contact_back_c3_reliability_c3() -> None:
    bench = Bench().registered()
    old = bench.agent.contact
    bench.take(bench.agent.network_changed(Endpoint("198.51.100.8", 5062), bench.now))
    again = bench.request("REGISTER")
    assert contacts(again)[1:] == [f"<{old}>;expires=0"]
    assert "@198.51.100.8:5062" in contacts(again)[0]


def test_unregistering_says_zero_in_both_places_c8() -> None:
    bench = Bench().registered()
    bench.take(bench.agent.unregister(bench.now))
    bye = bench.request("REGISTER")
    assert contacts(bye)[0].endswith(";expires=0")
    assert bye.headers.first("Expires") == "0"
    bench.challenge(bye)
    bench.answer(bench.request("REGISTER"), 200)
    assert len(bench.told(Unregistered)) == 1
    assert not bench.agent.registered


def test_unregistering_takes_two_seconds_at_most_c12() -> None:
    bench = Bench().registered()
    bench.take(bench.agent.unregister(bench.now))
    bench.run(2)
    assert len(bench.told(Unregistered)) == 1


def test_unregistering_what_was_never_registered_is_done_at_once() -> None:
    bench = start()
    assert bench.take(bench.agent.unregister(bench.now)) == [Unregistered()]
    assert bench.agent.unregister(bench.now) == []


def test_registering_again_while_leaving() -> None:
    bench = Bench().registered()
    bench.take(bench.agent.unregister(bench.now))
    bench.sent()
    bench.take(bench.agent.register(bench.now))
    bench.grant(bench.request("REGISTER"))
    assert bench.agent.registered


def test_the_nat_is_kept_open_while_we_want_to_be_reached_c10() -> None:
    bench = Bench().registered()
    bench.run(65)
    pings = [send for send in bench.sends if not send.data.strip()]
    assert pings == [Send(b"\r\n\r\n", SERVER)] * 3
    bench.take(bench.agent.unregister(bench.now))
    bench.sends.clear()
    bench.run(60)
    assert not [send for send in bench.sends if not send.data.strip()]


def test_no_pings_if_told_so_and_none_are_answered_c10() -> None:
    bench = Bench(account(keep_alive=Seconds(0))).registered()
    bench.run(60)
    assert bench.sends == []
    assert bench.hear(b"\r\n\r\n") == []
    assert bench.hear(b"") == []


def test_icmp_ends_the_attempt_at_once() -> None:
    bench = start()
    bench.take(bench.agent.unreachable(SERVER, bench.now))
    assert failed(bench).status is None


def test_a_server_that_lost_our_binding_is_registered_with_anew_reliability_c4() -> None:
    bench = Bench().registered()
    bench.take(bench.agent.place("1014", b"v=0", bench.now)[1])
    bench.answer(bench.request("INVITE"), 404)
    bench.grant(bench.request("REGISTER"))
    bench.take(bench.agent.place("1014", b"v=0", bench.now)[1])
    bench.answer(bench.request("INVITE"), 404)
    assert bench.requests("REGISTER") == []  # once a minute
    bench.run(61)
    bench.take(bench.agent.place("1014", b"v=0", bench.now)[1])
    bench.answer(bench.request("INVITE"), 403)
    bench.request("REGISTER")


@pytest.mark.parametrize(("state", "what"), list(itertools.product(State, Input)))
def test_every_input_in_every_state_leads_where_the_table_says(state: State, what: Input) -> None:
    class Owner:
        def attempt(self, now: Seconds) -> None: ...

        def leave(self, now: Seconds) -> None: ...

        def left(self, now: Seconds) -> None: ...

    machine = Registration(Owner(), SeededEntropy(1), state)
    machine.step(what, Seconds(0.0))
    expected = TRANSITIONS.get((state, what))
    assert machine.state is (expected[0] if expected else state)
    if machine.state is State.WAITING and expected:
        assert machine.due is not None  # it never gives up


def test_an_attempt_overtaken_while_the_name_is_looked_up_sends_nothing() -> None:
    bench = start(domain="sip.example.org")
    bench.take(bench.agent.unregister(bench.now))
    bench.take(bench.agent.resolved("sip.example.org", ("192.0.2.1",), bench.now))
    assert bench.sends == []


def test_provisional_answers_and_old_attempts_mean_nothing() -> None:
    bench = start()
    first = bench.request("REGISTER")
    bench.answer(first, 100)
    bench.take(bench.agent.register(bench.now))
    bench.grant(first)
    assert not bench.agent.registered
    bench.grant(bench.request("REGISTER"))
    assert bench.agent.registered


@pytest.mark.parametrize("host", ["name.example.org", "2001:db8::5"])
def test_nonsense_about_our_address_is_not_believed_c1(host: str) -> None:
    bench = start()
    response = Response.answering(bench.request("REGISTER"), 200)
    via = f"SIP/2.0/UDP 198.51.100.7:5060;branch={response.top_via.branch};received={host}"
    bench.hear(Response(200, "OK", response.headers.with_("Via", via)))
    assert bench.agent.contact.endswith("@198.51.100.7:5060")


def test_no_user_agent_if_told_so() -> None:
    assert start(user_agent="").request("REGISTER").headers.first("User-Agent") is None


def test_the_states_of_the_binding_are_written_down_row_80() -> None:
    bench = Bench().registered()
    bench.take(bench.agent.unregister(bench.now))
    bench.answer(bench.request("REGISTER"), 200)
    told = [note.fields for note in bench.agent.diary.take()]
    assert [(each["from"], each["event"], each["state"]) for each in told] == [
        ("off", "start", "offline"),
        ("offline", "up", "trying"),
        ("trying", "done", "bound"),
        ("bound", "stop", "leaving"),
        ("leaving", "gone", "off"),
    ]
    assert {each["machine"] for each in told} == {"registration"}
