"""A subscription at a SIP provider or exchange: who we are and how we reach it."""

from dataclasses import dataclass, field
from typing import Final, Literal

from offhook.units import Endpoint, Seconds

AGENT_NAME: Final = "Offhook/0.1"
EXPIRES: Final = Seconds(300)
KEEP_ALIVE: Final = Seconds(20)


@dataclass(frozen=True, slots=True)
class Account:
    """Everything the user agent must know that is not learnt from the network."""

    user: str
    """User part of the address of record."""
    domain: str
    """Host part of the address of record, and the registrar's URI (RFC 3261 §10.2)."""
    password: str = field(repr=False)
    display_name: str = ""
    auth_user: str = ""
    """User name in digests; empty: `user`."""
    proxy: tuple[str, int] | None = None
    """Outbound proxy (host, port): where requests outside dialogs go.  None: the domain's host."""
    route: bool = False
    """Send a preloaded ``Route: <sip:proxy;lr>`` to the outbound proxy (row 23)."""
    port: int = 5060
    """Port of the registrar when there is no outbound proxy."""
    expires: Seconds = EXPIRES
    """Lifetime asked for a binding; the granted one counts."""
    learn_contact: Literal["auto", "never"] = "auto"
    """Write the address that the registrar saw (RFC 3581) into our Contact."""
    empty_nonce: bool = False
    """Send an empty digest in the first REGISTER (3GPP TS 24.229 §5.1.1.2; row 8)."""
    session_expires: int = 1800
    """Session timer we offer (RFC 4028), in seconds; 0: none."""
    min_se: int = 90
    """Smallest session timer we accept, in seconds."""
    keep_alive: Seconds = KEEP_ALIVE
    """Gap between empty datagrams that keep the NAT's mapping; 0: none."""
    preferred_identity: str = ""
    """URI for P-Preferred-Identity (RFC 3325 §9.2); empty: none is sent."""
    user_agent: str = AGENT_NAME
    """What User-Agent says; empty: nothing."""

    @property
    def aor(self) -> str:
        """The address of record (RFC 3261 §6)."""
        return f"sip:{self.user}@{self.host_text}"

    @property
    def registrar(self) -> str:
        """Request-URI of a REGISTER: the domain alone (row 1)."""
        return f"sip:{self.host_text}"

    @property
    def host_text(self) -> str:
        """The domain as it stands in a URI: an IPv6 literal in brackets."""
        return f"[{self.domain}]" if ":" in self.domain else self.domain

    @property
    def digest_user(self) -> str:
        """The name in digests."""
        return self.auth_user or self.user

    @property
    def next_hop(self) -> tuple[str, int]:
        """Host (name or address) and port that requests outside dialogs are sent to."""
        return self.proxy or (self.domain, self.port)

    @property
    def preloaded(self) -> tuple[tuple[str, str], ...]:
        """The Route header of requests outside dialogs, if there is to be one (row 23)."""
        return (("Route", f"<sip:{Endpoint(*self.next_hop)};lr>"),) if self.route else ()
