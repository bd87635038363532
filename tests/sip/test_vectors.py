"""Messages of others: the torture messages of RFC 4475 and RFC 5118, and the seed's forty (T-A1).

The torture messages are written after the RFCs; long and binary parts are shortened.
"""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from offhook.sip.errors import MessageError
from offhook.sip.message import Request, Response
from offhook.sip.parser import parse
from offhook.units import Endpoint

VECTORS: Final = Path(__file__).parents[1] / "vectors"
SOURCE: Final = Endpoint("192.0.2.77", 5062)


def cases(folder: str) -> list[Any]:
    listed = json.loads((VECTORS / folder / "index.json").read_text())
    return [pytest.param(VECTORS / folder / f"{e['name']}.sip", e, id=e["name"]) for e in listed]


TORTURE: Final = cases("rfc4475") + cases("rfc5118")
SEED: Final = sorted((VECTORS / "seed").glob("*.sip"))


@pytest.mark.parametrize(("path", "entry"), TORTURE)
def test_torture_message_is_taken_or_refused_as_its_rfc_says(
    path: Path, entry: dict[str, Any]
) -> None:
    data = path.read_bytes()
    if entry["status"] == 0:
        message = parse(data)
        again = parse(bytes(message))
        assert again.headers.without("l") == message.headers.without("l")
        assert again.body == message.body
        return
    with pytest.raises(MessageError) as refused:
        parse(data)
    assert refused.value.status == entry["status"]
    partial = refused.value.partial
    assert isinstance(partial, Request) == (entry["kind"] == "invalid")
    if isinstance(partial, Request):
        answer = Response.answering(partial, refused.value.status, to_tag="t", source=SOURCE)
        assert bytes(answer).startswith(b"SIP/2.0 %d " % refused.value.status)


def test_counts_of_table_b2_are_reached() -> None:
    kinds = [param.values[1]["kind"] for param in cases("rfc4475")]
    assert (len(kinds), kinds.count("valid")) == (49, 13)
    refused = kinds.count("invalid") + kinds.count("drop")
    assert refused >= 12 + 3  # insuf, multi01 and mcl01 of §3.3 among them
    assert len(cases("rfc5118")) == 12


def load(name: str) -> Request | Response:
    return parse((VECTORS / "rfc4475" / f"{name}.sip").read_bytes())


def test_wsinv_means_what_it_says() -> None:
    message = load("wsinv")
    assert isinstance(message, Request)
    assert message.from_.display == 'J Rosenberg \\"'
    assert message.to.tag == "1918181833n"
    assert [via.branch for via in message.vias] == ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"]
    assert message.cseq.number == 9
    assert message.max_forwards == 68
    assert message.headers.first("Subject") == ""
    folded = message.headers.first("NewFangledHeader")
    assert folded == "newfangled value continued newfangled value"
    assert message.contacts[0].display == 'Quoted string ""'
    assert message.contacts[0].param("newparam") == "newvalue"
    assert message.contacts[0].param("secondparam") == ""
    assert len(message.body) == 150


def test_intmeth_keeps_every_byte() -> None:
    message = load("intmeth")
    assert message.to.display == "BEL:\a NUL:\0 DEL:\x7f"
    assert message.headers.first("To") == '"BEL:\\\a NUL:\\\0 DEL:\\\x7f" ' + (
        "<sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>"
    )
    assert message.call_id == "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"


def test_dblreq_ends_at_its_content_length() -> None:
    message = load("dblreq")
    assert message.body == b""
    assert message.call_id.startswith("dblreq.0ha0isndaksdj99")


def test_esc02_is_no_contact() -> None:
    assert len(load("esc02").contacts) == 2


def test_semiuri_has_a_user_and_no_parameter() -> None:
    message = load("semiuri")
    assert isinstance(message, Request)
    assert message.target.user == "user;par=u%40example.net"
    assert message.target.params == ()


@pytest.mark.parametrize("name", ["unkscm", "novelsc"])
def test_unknown_scheme_is_left_for_a_416(name: str) -> None:
    message = load(name)
    assert isinstance(message, Request)
    assert message.target.scheme in {"nobodyknowsthisscheme", "soap.beep"}


def test_rfc_5118_received_is_read_with_and_without_brackets() -> None:
    for name in ("with", "no"):
        data = (VECTORS / "rfc5118" / f"via-received-param-{name}-delim.sip").read_bytes()
        assert parse(data).top_via.received == "2001:db8::9:255"


def test_rfc_5118_port_is_what_follows_the_bracket() -> None:
    for name, host, port in (
        ("port-ambiguous", "2001:db8::10:5070", None),
        ("port-unambiguous", "2001:db8::10", 5070),
    ):
        message = parse((VECTORS / "rfc5118" / f"{name}.sip").read_bytes())
        assert isinstance(message, Request)
        assert (message.target.host, message.target.port) == (host, port)
        assert str(message.target) == message.uri


@pytest.mark.parametrize("path", SEED, ids=lambda path: path.stem)
def test_seed_message_is_written_as_it_was_read_t_a1(path: Path) -> None:
    data = path.read_bytes()
    message = parse(data)
    assert bytes(message) == data
    assert parse(bytes(message)) == message


def test_all_forty_are_there() -> None:
    assert len(SEED) == 40


def seed(number: int) -> Request | Response:
    (path,) = (VECTORS / "seed").glob(f"{number:02}_*.sip")
    return parse(path.read_bytes())


def test_quoted_comma_and_flags_in_a_contact_row_3() -> None:
    (contact,) = seed(3).contacts
    assert contact.uri.param("transport") == "udp"
    assert contact.param("expires") == "30"
    assert contact.param("language") == "en,fr"
    assert contact.param("+g.oma.sip-im") == ""
    assert contact.param("+g.3gpp.icsi-ref") == "urn%3Aurn-7%3A3gpp-application.ims.iari.gsma-vs"


def test_learnt_address_is_read_from_any_response_row_12() -> None:
    via = seed(2).top_via
    assert (via.received, via.rport) == ("112.25.222.170", 28555)


def test_route_with_a_parameter_outside_the_brackets_is_no_error_row_45() -> None:
    invite = seed(13)
    assert isinstance(invite, Request)
    assert invite.routes[0].param("transport") == "udp"
    assert invite.record_route == []


def test_rport_may_stand_before_the_branch_row_46() -> None:
    via = seed(13).top_via
    assert via.branch == "z9hG4bK013vy9H2Zcr3H"
    assert (via.param("rport"), via.rport) == ("", None)


def test_answer_copies_from_as_it_came_and_fills_rport_rows_47_50() -> None:
    invite = seed(13)
    assert isinstance(invite, Request)
    answer = Response.answering(invite, 180, to_tag="us", source=SOURCE)
    assert answer.headers.first("From") == invite.headers.first("From")
    assert answer.top_via.rport == SOURCE.port
    assert answer.top_via.received == SOURCE.host
    assert answer.top_via.branch == invite.top_via.branch
    assert answer.to.tag == "us"


def test_free_reason_phrase_row_48() -> None:
    trying = seed(14)
    assert isinstance(trying, Response)
    assert (trying.status, trying.reason) == (100, "Trying (sent from the Transaction Layer)")


def test_name_without_a_blank_row_50() -> None:
    assert seed(14).from_.display == "1010"


def test_duplicates_of_list_headers_stay_row_40() -> None:
    bye = seed(25)
    assert len(bye.headers.raw("Accept-Contact")) == 4
    assert len(set(bye.headers.raw("Accept-Contact"))) == 3
