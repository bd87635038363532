"""What a telephone must not do, as far as one request shows it (RFC 3261 §8.1.1, §18.1.1)."""

from collections.abc import Iterator
from typing import Final

from offhook.sip.message import Request

LONGEST: Final = 1300  # bytes by UDP; more needs TCP
_COOKIE: Final = "z9hG4bK"


def faults(request: Request, length: int) -> list[str]:
    """Every fault of `request`, which came in a datagram of `length` bytes."""
    return [f"{request.method}: {fault}" for fault in _faults(request, length)]


def _faults(request: Request, length: int) -> Iterator[str]:
    via = request.top_via
    checks = (
        (length <= LONGEST, f"{length} bytes by UDP"),
        (via.branch.startswith(_COOKIE), "branch without the cookie of RFC 3261"),
        (via.param("rport") is not None, "Via without rport (RFC 3581)"),
        (request.max_forwards is not None, "no Max-Forwards"),
        (request.from_.tag, "no From tag"),
        (request.method != "INVITE" or len(request.contacts) == 1, "not exactly one Contact"),
        (not request.body or request.content_type, "a body without Content-Type"),
        (request.cseq.method == request.method, "CSeq of another method"),
    )
    yield from (fault for right, fault in checks if not right)
