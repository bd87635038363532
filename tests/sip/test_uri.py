"""URIs (RFC 3261 §19.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.errors import MessageError
from offhook.sip.uri import Uri


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip:1011@192.0.2.1", Uri("sip", "1011", "192.0.2.1")),
        ("SIPS:a:pw@ex-ample.com:5061", Uri("sips", "a:pw", "ex-ample.com", 5061)),
        ("sip:192.0.2.1", Uri("sip", None, "192.0.2.1")),
        ("sip:[2001:db8::1]:5070;lr", Uri("sip", None, "2001:db8::1", 5070, (("lr", None),))),
        (
            "sip:a@h;transport=udp;x?Subject=y",
            Uri("sip", "a", "h", None, (("transport", "udp"), ("x", None)), "Subject=y"),
        ),
        ("sip:;a=b@h", Uri("sip", ";a=b", "h")),
        ("sip:@h", Uri("sip", "", "h")),
        ("tel:+49-30;phone-context=x", Uri("tel", "+49-30", "", None, (("phone-context", "x"),))),
        ("http://x/y?z#1", Uri("http", "//x/y?z#1", "")),
    ],
)
def test_parts_of_a_uri(text: str, uri: Uri) -> None:
    assert Uri.parse(text) == uri
    assert Uri.parse(str(uri)) == uri


@pytest.mark.parametrize(
    "text",
    [
        "", "sip:", "sip", "1011@h", "sip:a b@h", "sip:a@h:99999", "sip:a@h:5_0", "sip:a@h:",
        "sip:a@[::1", "sip:a@::1", "sip:2001:db8::10", "sip:a@h;", "sip:a@b@c", "sip:<a>@h",
        "tel:", "tel:a@b", ":x", "1x:y", "sip:a@hé", "sip:a@h\n", "sip:h" + ";a" * 65,
    ],
)  # fmt: skip
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(MessageError):
        Uri.parse(text)


def test_parameters_in_any_case() -> None:
    uri = Uri.parse("sip:a@h;LR;Transport=UDP?x=y")
    assert (uri.param("lr"), uri.param("transport"), uri.param("maddr")) == ("", "UDP", None)
    assert str(uri.without("lr")) == "sip:a@h;Transport=UDP"
    assert str(Uri("sip", "a", "h").with_param("ob").with_param("x", "1")) == "sip:a@h;ob;x=1"


def test_host_and_port() -> None:
    assert Uri("sip", None, "::1", 5060).host_port == "[::1]:5060"
    assert Uri("sip", None, "h").host_port == "h"


@given(st.text(max_size=80))
def test_any_text_is_a_uri_or_refused(text: str) -> None:
    try:
        uri = Uri.parse(text)
    except MessageError:
        return
    assert Uri.parse(str(uri)) == uri
