"""Addresses we trust."""

from hypothesis import example, given
from hypothesis import strategies as st

from offhook.sip.actions import Resolve
from offhook.sip.peers import MAX_ADDRESSES, MAX_HOSTS, Peers, is_private
from offhook.units import Endpoint
from support.sip_peer import PHONE, SERVER, Bench, account


def test_proxy_and_domain_are_both_obeyed_once_known() -> None:
    bench = Bench(account(domain="sip.example.org", proxy=("edge.example.org", 5070)))
    told = bench.take(bench.agent.register(bench.now))
    assert told == [Resolve("sip.example.org"), Resolve("edge.example.org")]
    bench.take(bench.agent.resolved("edge.example.org", ("192.0.2.8",), bench.now))
    bench.take(bench.agent.resolved("sip.example.org", ("192.0.2.9",), bench.now))
    assert bench.agent.peers == {"192.0.2.8", "192.0.2.9"}
    assert [send.to for send in bench.sends] == [Endpoint("192.0.2.8", 5070)]


def test_one_address_has_one_spelling() -> None:
    peers = Peers([("2001:DB8:0::1", 5060), ("192.0.2.1", 5060)])
    assert peers.trusts(Endpoint("2001:db8::1", 1))
    assert peers.trusts(Endpoint("::ffff:192.0.2.1", 1))
    assert not peers.trusts(Endpoint("2001:db8::2", 1))
    assert not peers.trusts(Endpoint("not an address", 1))
    assert peers.names == peers.unknown == []


def test_a_name_of_the_other_family_is_still_reached() -> None:
    peers = Peers([("sip.example.org", 5060)])
    assert peers.endpoint("sip.example.org", 5060, PHONE) is None
    peers.learn("sip.example.org", ("2001:db8::1",))
    assert peers.endpoint("sip.example.org", 5060, PHONE) == Endpoint("2001:db8::1", 5060)
    assert peers.endpoint(SERVER.host, 5061, None) == Endpoint(SERVER.host, 5061)


def test_an_address_that_did_not_serve_comes_last_wherever_it_stands() -> None:
    peers = Peers([("sip.example.org", 5060)])
    peers.learn("sip.example.org", ("192.0.2.1", "192.0.2.2", "192.0.2.3"))
    peers.learn("far.example.org", ("192.0.2.9",))
    peers.demote("192.0.2.1")
    found = peers.endpoints("sip.example.org", 5060, PHONE)
    assert [each.host for each in found] == ["192.0.2.2", "192.0.2.3", "192.0.2.1"]
    assert peers.endpoint("far.example.org", 1, PHONE) == Endpoint("192.0.2.9", 1)


@given(st.lists(st.integers(0, 500), max_size=100))
@example(list(range(100)))
def test_the_cache_of_names_is_bounded_and_keeps_our_own(numbers: list[int]) -> None:
    peers = Peers([("sip.example.org", 5060)])
    peers.learn("sip.example.org", tuple(f"192.0.2.{n}" for n in range(200)))
    for number in numbers:
        peers.learn(f"h{number}.example.org", ("192.0.2.250",))
    known = [n for n in set(numbers) if peers.endpoint(f"h{n}.example.org", 1, None)]
    assert len(known) <= MAX_HOSTS
    assert len(peers.addresses) == MAX_ADDRESSES


def test_private_addresses_are_known_as_such() -> None:
    assert is_private("192.168.1.5")
    assert not is_private("8.8.8.8")
    assert not is_private("name.example.org")
