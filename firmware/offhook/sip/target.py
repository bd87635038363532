"""From what was dialled to whom we call."""

from typing import Final
from urllib.parse import quote

from offhook.sip.account import Account
from offhook.sip.errors import SipError
from offhook.sip.grammar import wire_text
from offhook.sip.uri import Uri

UNESCAPED: Final = "-_.!~*'()&=+$,;?/"
"""RFC 3261 §25.1: what may stand in the user part as it is; "#" may not."""
MAX_TARGET: Final = 256


def request_uri(target: str, account: Account) -> Uri:
    """A ``sip:`` URI as given, a number or name at the account's domain.  Raises SipError."""
    if not target or len(target) > MAX_TARGET:
        raise SipError("no address")
    if target.lower().startswith("sip:"):
        uri = Uri.parse(wire_text(target))
        return uri.without("method")
    user, _, host = target.partition("@")
    if host:
        return request_uri(f"sip:{target}", account)
    return Uri("sip", quote(user, safe=UNESCAPED), account.domain)
