"""Where a peer may ask us to send media.

A policy against being made an amplifier, or a listener at somebody else's door.
"""

import ipaddress
from typing import Final

from offhook.sdp.session import Media, Session, number
from offhook.units import Endpoint

LOWEST_PORT: Final = 1024  # nobody's RTP lives among the system's services

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def media_address(session: Session, media: Media) -> Address | None:
    """The section's own c=, else the session's; None when missing or not an IP address."""
    return _ip(media.address or session.address or "")


def same_family(ours: str, theirs: Address) -> bool:
    """We own one address per flow: the peer's must be of its family (C-13)."""
    return (":" in ours) == (theirs.version == 6)


def honest(theirs: Address, ours: str) -> bool:
    """Unicast; the loopback only for a peer on this machine.  Old-style hold (0.0.0.0) passes."""
    if theirs.is_unspecified:
        return True
    if isinstance(theirs, ipaddress.IPv4Address):
        odd = theirs.is_reserved or int(theirs) >> 24 == 0  # 240/4 with broadcast; 0/8
    else:
        odd = theirs.ipv4_mapped is not None or theirs.scope_id is not None
    if odd or theirs.is_multicast:
        return False
    mine = _ip(ours)
    return not theirs.is_loopback or (mine is not None and mine.is_loopback)


def rtcp_endpoint(media: Media, rtp: Endpoint, mux: bool, ours: str) -> Endpoint | None:
    """RTCP's place: RTP's own with mux, what ``a=rtcp`` says (RFC 3605), or port + 1."""
    if mux:
        return rtp
    port, _, where = (media.first("rtcp") or "").strip().partition(" ")
    fields = where.split()
    host = _ip(fields[2]) if len(fields) == 3 else _ip(rtp.host)
    told = number(port, 65_535) or rtp.port + 1
    if host is None or host.is_unspecified or not honest(host, ours) or not usable_port(told):
        return None
    return Endpoint(str(host), told)


def usable_port(port: int) -> bool:
    """Whether RTP or RTCP may be sent to this port."""
    return LOWEST_PORT <= port <= 65_535


def _ip(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:  # a host name, a multicast TTL, nonsense
        return None
