"""Digest (RFC 7616, RFC 3261 §22): known answers, choice of a challenge, both sides."""

from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.digest import (
    MAX_NONCES,
    Credentials,
    NonceCounter,
    answer,
    empty_nonce,
    is_stale,
    supported,
    verify,
)
from offhook.sip.errors import SipError
from offhook.sip.grammar import wire_text
from offhook.sip.header_map import Headers
from offhook.sip.headers import Challenge
from offhook.sip.message import Request
from offhook.sip.parser import parse

SEED: Final = Path(__file__).parents[1] / "vectors" / "seed"
MUFASA: Final = Credentials("Mufasa", "Circle Of Life")
NONCE_2617: Final = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
NONCE_7616: Final = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE_7616: Final = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def digest(**params: str) -> Challenge:
    return Challenge("Digest", tuple((name.replace("_", "-"), v) for name, v in params.items()))


def ask(
    *challenges: Challenge,
    credentials: Credentials = MUFASA,
    method: str = "GET",
    uri: str = "/dir/index.html",
    nonces: NonceCounter | None = None,
    cnonce: str = "0a4f113b",
) -> Challenge | None:
    counter = NonceCounter() if nonces is None else nonces
    challenge = next(filter(supported, challenges), None)
    if challenge is None:
        return None
    value = answer(challenge, credentials, method, uri, nonces=counter, cnonce=cnonce)
    return Challenge.parse(value)


def sure(given_: Challenge | None) -> Challenge:
    assert given_ is not None
    return given_


class TestKnownAnswers:
    def test_the_seeds_register_row_11(self) -> None:
        register = parse((SEED / "03_send_REGISTER.sip").read_bytes())
        assert isinstance(register, Request)
        theirs = Challenge.parse(register.headers.first("Authorization") or "")
        ours = sure(
            ask(
                digest(
                    realm=theirs.param("realm") or "",
                    nonce=theirs.param("nonce") or "",
                    stale="true",
                    algorithm="MD5",
                    qop="auth",
                ),
                credentials=Credentials("1011", "1011"),
                method="REGISTER",
                uri=register.uri,
                cnonce=theirs.param("cnonce") or "",
            )
        )
        assert ours.param("response") == "e55ca998d27ee109798c60b2ef646ff3"
        assert dict(ours.params) == dict(theirs.params)
        assert verify(theirs, "1011", "REGISTER", lambda _: True)

    def test_rfc_2617_section_3_5(self) -> None:
        challenge = digest(realm="testrealm@host.com", qop="auth,auth-int", nonce=NONCE_2617)
        ours = sure(ask(challenge))
        assert ours.param("response") == "6629fae49393a05397450978507c4ef1"

    @pytest.mark.parametrize(
        ("algorithm", "response"),
        [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ],
    )
    def test_rfc_7616_section_3_9_1(self, algorithm: str, response: str) -> None:
        challenge = digest(
            realm="http-auth@example.org", qop="auth", algorithm=algorithm, nonce=NONCE_7616
        )
        credentials = Credentials("Mufasa", "Circle of Life")
        ours = sure(ask(challenge, credentials=credentials, cnonce=CNONCE_7616))
        assert ours.param("response") == response

    def test_without_qop_as_rfc_2069_has_it(self) -> None:
        ours = sure(ask(digest(realm="testrealm@host.com", nonce=NONCE_2617)))
        assert ours.param("response") == "670fd8c2df070c60b045671b8b24ff02"
        assert {name for name, _ in ours.params} == {
            "username", "realm", "nonce", "uri", "response",
        }  # fmt: skip


class TestForm:
    def test_quoting_is_that_of_row_10(self) -> None:
        challenge = digest(realm="r", nonce="n", algorithm="MD5", qop="auth", opaque="o")
        value = answer(challenge, MUFASA, "BYE", "sip:x", nonces=NonceCounter(), cnonce="c")
        for piece in ('uri="sip:x"', 'opaque="o"', 'cnonce="c"', "algorithm=MD5", "qop=auth"):
            assert piece in value
        assert value.endswith('nc=00000001, opaque="o"')

    def test_quotes_in_the_user_name_cannot_break_out(self) -> None:
        ours = sure(ask(digest(realm="r", nonce="n"), credentials=Credentials('a", b="c', "p")))
        assert len(ours.params) == 5
        assert verify(ours, "p", "GET", lambda _: True)

    def test_quotes_of_the_server_cannot_break_out(self) -> None:
        for name in ("realm", "nonce", "opaque"):
            assert not supported(digest(**({"realm": "r", "nonce": "n"} | {name: "x\\"})))
        ours = sure(ask(digest(realm='a\\"b', nonce="n")))
        assert ours.param("realm") == 'a\\"b'

    def test_names_beyond_ascii_go_out_as_utf_8(self) -> None:
        ours = sure(
            ask(
                digest(realm="r", nonce="n"),
                credentials=Credentials(wire_text("Zoë"), wire_text("п")),
            )
        )
        assert (ours.param("username") or "").encode("latin-1") == "Zoë".encode()

    def test_control_characters_in_a_name_cannot_reach_the_wire(self) -> None:
        value = empty_nonce("a\r\nX: y", "r", "sip:h")
        with pytest.raises(SipError):
            Headers([("Authorization", value)])

    def test_empty_nonce_mode_row_8(self) -> None:
        header = Challenge.parse(empty_nonce("1011", "47.98.109.96", "sip:47.98.109.96"))
        assert header.params == (
            ("username", "1011"),
            ("realm", "47.98.109.96"),
            ("nonce", ""),
            ("uri", "sip:47.98.109.96"),
            ("response", ""),
        )
        assert not verify(header, "1011", "REGISTER", lambda _: True)

    def test_password_is_not_shown(self) -> None:
        assert "Circle" not in repr(MUFASA)


class TestChoice:
    def test_first_supported_of_several_wins_c_18(self) -> None:
        challenges = [
            Challenge("Bearer", (("realm", "r"),)),
            digest(realm="r", nonce="1", algorithm="SHA3-999"),
            digest(realm="r", nonce="2", qop="auth-int"),
            digest(realm="r", nonce="3", algorithm="sha-256", qop="auth"),
            digest(realm="r", nonce="4", algorithm="MD5"),
        ]
        assert [supported(challenge) for challenge in challenges] == [False] * 3 + [True] * 2
        assert sure(ask(*challenges)).param("nonce") == "3"

    def test_none_supported_is_none(self) -> None:
        assert ask() is None
        assert ask(digest(nonce="n")) is None
        assert ask(digest(realm="r")) is None

    def test_missing_algorithm_is_md5_and_is_not_invented(self) -> None:
        ours = sure(ask(digest(realm="r", nonce="n", qop="auth")))
        assert ours.param("algorithm") is None
        assert len(ours.param("response") or "") == 32

    def test_names_are_case_blind(self) -> None:
        challenge = Challenge("dIGEST", (("REALM", "r"), ("Nonce", "n"), ("QOP", "AUTH")))
        assert sure(ask(challenge)).param("qop") == "auth"

    def test_stale_row_9(self) -> None:
        assert is_stale(digest(stale="TRUE"))
        assert not is_stale(digest(stale="false"))
        assert not is_stale(digest())


class TestNonceCount:
    def test_counts_up_for_one_nonce_and_starts_again_for_another_c_19(self) -> None:
        counter = NonceCounter()
        counts = [
            sure(ask(digest(realm="r", nonce=nonce, qop="auth"), nonces=counter)).param("nc")
            for nonce in ("a", "a", "b", "a")
        ]
        assert counts == ["00000001", "00000002", "00000001", "00000003"]

    def test_remembers_only_so_many(self) -> None:
        counter = NonceCounter()
        for i in range(MAX_NONCES + 1):
            counter.next(str(i))
        assert len(counter._used) == MAX_NONCES
        assert counter.next("0") == 1
        assert counter.next(str(MAX_NONCES)) == 2


ALGORITHMS: Final = [
    None, "MD5", "md5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-SESS",
]  # fmt: skip
TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


class TestBothSides:
    @given(st.sampled_from(ALGORITHMS), st.booleans(), TEXT, TEXT)
    def test_what_we_answer_we_verify(
        self, algorithm: str | None, qop: bool, user: str, password: str
    ) -> None:
        params = {"realm": "r", "nonce": "n"} | ({"algorithm": algorithm} if algorithm else {})
        challenge = digest(**params, **({"qop": "auth"} if qop else {}))
        credentials = Credentials(wire_text(user), wire_text(password))
        ours = sure(ask(challenge, credentials=credentials, method="INVITE"))
        assert verify(ours, password, "INVITE", lambda nonce: nonce == "n")
        assert not verify(ours, password + "x", "INVITE", lambda _: True)
        assert not verify(ours, password, "BYE", lambda _: True)
        assert not verify(ours, password, "INVITE", lambda _: False)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("nc", "1_0000_00"),
            ("nc", ""),
            ("nc", "٠٠٠٠٠٠٠١"),
            ("qop", "auth-int"),
            ("algorithm", "none"),
            ("cnonce", ""),
            ("response", "é"),
            ("username", ""),
        ],
    )
    def test_nonsense_is_refused(self, name: str, value: str) -> None:
        ours = sure(ask(digest(realm="r", nonce="n", qop="auth", algorithm="MD5")))
        bad = Challenge("Digest", tuple((k, value if k == name else v) for k, v in ours.params))
        assert bad != ours
        assert not verify(bad, MUFASA.password, "GET", lambda _: True)

    def test_another_scheme_is_refused(self) -> None:
        ours = sure(ask(digest(realm="r", nonce="n")))
        assert not verify(Challenge("Basic", ours.params), MUFASA.password, "GET", lambda _: True)

    def test_sess_and_sha_512_256_are_functions_of_their_own(self) -> None:
        responses = {
            sure(ask(digest(realm="r", nonce="n", qop="auth", algorithm=name))).param("response")
            for name in ("MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256")
        }
        assert len(responses) == 5
