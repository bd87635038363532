"""No secret and no control character gets out through the one function that shows messages."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from offhook.service.redact import HIDDEN, MAX_LINES, redact, redact_text

REGISTER = (
    b"REGISTER sip:pbx.example.org SIP/2.0\r\n"
    b"To: <sip:200@pbx.example.org>\r\n"
    b'Authorization: Digest username="200", realm="pbx", nonce="n1",\r\n'
    b' uri="sip:pbx", response="6629fae49393a05397450978507c4ef1", cnonce="0a4f113b"\r\n'
    b"Content-Length: 0\r\n\r\n"
)


def test_the_proof_of_the_password_is_hidden_with_its_folded_lines() -> None:
    shown = redact(REGISTER)
    assert "6629fae4" not in shown
    assert "0a4f113b" not in shown
    assert f"Authorization: Digest {HIDDEN}" in shown
    assert "To: <sip:200@pbx.example.org>" in shown


def test_the_line_after_a_folded_proof_is_shown() -> None:
    assert "Content-Length: 0" in redact(REGISTER)


def test_keys_of_the_media_are_hidden() -> None:
    sdp = (
        b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAw|2^20\r\n"
        b"k=base64:abcd\r\na=ice-pwd:xyzzy\r\n"
    )
    shown = redact(sdp)
    assert not any(secret in shown for secret in ("d0Rmdm", "abcd", "xyzzy"))
    assert f"inline:{HIDDEN}|2^20" in shown


def test_a_password_in_a_uri_is_hidden() -> None:
    assert redact(b"INVITE sip:bob:hunter2@example.org SIP/2.0") == (
        f"INVITE sip:bob:{HIDDEN}@example.org SIP/2.0"
    )


def test_a_port_is_no_password() -> None:
    line = "Contact: <sip:200@192.0.2.1:5060;ob>, <sip:192.0.2.7:5060>"
    assert redact(line.encode()) == line


def test_digits_sent_in_a_body_are_hidden() -> None:
    assert redact(b"Signal= 5\r\nDuration=160") == f"Signal={HIDDEN}\nDuration=160"


def test_a_message_has_no_more_lines_than_the_bound() -> None:
    assert redact(b"\n" * 100_000).count("\n") <= MAX_LINES


def test_row_21_a_name_that_attacks_the_terminal_is_one_harmless_line() -> None:
    name = b'From: "a\x1b[2J\x07\xe2\x80\xae\xe2\x80\xa8b" <sip:1@x>'
    shown = redact(name)
    assert "\n" not in shown
    assert shown.isprintable()


@given(st.binary(max_size=400))
def test_whatever_comes_is_shown_without_control_characters(message: bytes) -> None:
    for line in redact(message).split("\n"):
        assert not any(unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") for char in line)


secrets = st.text("0123456789abcdef", min_size=32, max_size=32)
blanks = st.text(" \t", max_size=3)


names = st.sampled_from(["Authorization", "PROXY-AUTHORIZATION", "proxy-authorization"])


@given(secrets, names, blanks, blanks, st.sampled_from(["\r\n", "\n", "\r"]))
def test_no_spelling_of_the_header_shows_the_response(
    secret: str, name: str, before: str, after: str, end: str
) -> None:
    fold = f"{end} " if end == "\r\n" else ""
    message = f'X: 1{end}{name}{before}:{after}Digest nc=1,{fold}x="{secret}"{end}Y: 2'
    shown = redact(message.encode())
    assert secret not in shown
    assert "Y: 2" in shown


@given(secrets, blanks)
def test_a_response_in_any_text_is_hidden(secret: str, blank: str) -> None:
    assert secret not in redact_text(f"KeyError: response{blank}={blank}{secret}, x")
    assert secret not in redact_text(f'Response="{secret}')
