"""Our Contact: a token nobody can guess at the address the world sees (RFC 3581; C-1, C-2)."""

from typing import Final

from offhook.entropy import Entropy
from offhook.sip.headers import Via
from offhook.sip.peers import is_address, is_private
from offhook.units import Endpoint

TOKEN_BITS: Final = 80
"""The user part is the capability to call us (reliability A.3 #4, #5); new at each boot."""


class OurContact:
    """The URI others reach us by; follows what servers report of our address if that is allowed."""

    def __init__(self, entropy: Entropy, local: Endpoint | None, *, learn: bool) -> None:
        self.token = entropy.token(TOKEN_BITS)
        self._learn = learn
        self._local = local
        self._seen: Endpoint | None = None

    @property
    def uri(self) -> str:
        """``sip:token@host:port``, or "" before there ever was a network."""
        address = self._seen or self._local
        return f"sip:{self.token}@{address}" if address is not None else ""

    def move(self, local: Endpoint) -> None:
        """The socket is bound anew: forget what was learnt."""
        self._local, self._seen = local, None

    def learn(self, via: Via) -> bool:
        """The top Via of a response to a REGISTER came back; whether our Contact changed by it."""
        now = self._seen or self._local
        if not self._learn or now is None:
            return False
        host = via.received or via.host
        if not is_address(host) or (":" in host) != (":" in now.host):
            return False
        if is_private(host) and not is_private(now.host):
            return False  # an ALG rewrote it back (C-1)
        seen = Endpoint(host, via.rport or via.port or now.port)
        if seen == now:
            return False
        self._seen = seen
        return True
