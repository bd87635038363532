"""From the bytes of one datagram to a message (RFC 3261 §7, §18.3).

    datagram ─ start line ─ header lines, unfolded ─ what must be readable ─ body by length
                 │ 505          │ 400, 513             │ 400, 483              │ 400, 413

Liberal in spacing, case, compact forms and order; strict where a guess could be wrong.  All that
goes wrong is a MessageError; it carries the part that was read when that is enough for an answer.
"""

import re
from typing import Final

from offhook.sip.errors import BAD_REQUEST, VERSION_NOT_SUPPORTED, MessageError, SipError
from offhook.sip.grammar import is_token, number
from offhook.sip.header_map import Headers
from offhook.sip.message import Message, Request, Response

MAX_DATAGRAM: Final = 65_535
MAX_START_LINE: Final = 2_048
MAX_LINE: Final = 4_096  # a header with its continuation lines
MAX_HEADERS: Final = 128
MAX_VIAS: Final = 70  # as many hops as the usual Max-Forwards allows
MAX_BODY: Final = 16_384

_TOKEN: Final = rb"[A-Za-z0-9.!%*_+`'~-]+"
_REQUEST_LINE: Final = re.compile(rb"(" + _TOKEN + rb") ([^\s]+) SIP/2\.0", re.IGNORECASE)
_STATUS_LINE: Final = re.compile(
    rb"SIP/2\.0 ([1-6][0-9][0-9])(?: (.*))?", re.IGNORECASE | re.DOTALL
)
# Near enough to a request to be told what is wrong with it.
_NEARLY: Final = re.compile(
    rb"\s{0,8}(" + _TOKEN + rb")[ \t]{1,8}(\S.*?)[ \t]{1,8}SIP/([0-9]{1,4}\.[0-9]{1,4})[ \t]*",
    re.IGNORECASE,
)
_NEEDED: Final = ("Via", "From", "To", "Call-ID", "CSeq")
_SINGLE: Final = ("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Type")


def parse(data: bytes) -> Message:
    """Read one datagram.  Raises MessageError and nothing else."""
    if len(data) > MAX_DATAGRAM:
        raise MessageError("datagram too long", 513)
    data = data.lstrip(b"\r\n")  # RFC 3261 §7.5
    end = data.find(b"\r\n", 0, MAX_START_LINE + 2)
    if end < 0:
        raise MessageError("no start line")
    head = data.find(b"\r\n\r\n", end)
    if (start := _REQUEST_LINE.fullmatch(data, 0, end)) is not None:
        return _request(start[1].decode("ascii"), start[2].decode("latin-1"), data, end, head)
    if (start := _STATUS_LINE.fullmatch(data, 0, end)) is not None:
        return _response(start, data, end, head)
    raise _bad_start(data, end, head)


def _bad_start(data: bytes, end: int, head: int) -> MessageError:
    """Neither request nor response: an answer for a sender who meant SIP, none for others."""
    near = _NEARLY.fullmatch(data, 0, end)
    if near is None:
        return MessageError("not SIP")
    status = BAD_REQUEST if near[3] == b"2.0" else VERSION_NOT_SUPPORTED
    method, uri = near[1].decode("ascii"), "".join(near[2].decode("latin-1").split())
    return MessageError("malformed request line", status, _partial(method, uri, data, end, head))


def _partial(method: str, uri: str, data: bytes, end: int, head: int) -> Request | None:
    """What was readable of a request with a bad start line or bad headers."""
    if head < 0:
        return None
    lines = _lines(data[end + 2 : head].decode("latin-1").lstrip())
    kept = [item for line in lines[:MAX_HEADERS] for item in _readable(line)]
    try:
        return _answerable(Request(method, uri, Headers(kept)))
    except SipError:
        return None


def _readable(line: str) -> Headers:
    try:
        return Headers([_header(line)])
    except SipError:
        return Headers()


def _answerable(request: Request) -> Request | None:
    """`request` if an answer would find its way: with a Via, even one that we cannot read."""
    return request if "Via" in request.headers else None


def _request(method: str, uri: str, data: bytes, end: int, head: int) -> Request:
    try:
        request = Request(method, uri, _headers(data, end, head))
    except SipError as error:
        status = error.status if isinstance(error, MessageError) else BAD_REQUEST
        partial = _partial(method, uri, data, end, head)
        raise MessageError(str(error), status, partial) from None
    try:
        _check(request)
        _check_request(request)
        return Request(method, uri, request.headers, _body(request.headers, data, head))
    except MessageError as error:
        raise MessageError(str(error), error.status, _answerable(request)) from None


def _response(start: re.Match[bytes], data: bytes, end: int, head: int) -> Response:
    try:
        headers = _headers(data, end, head)
        reason = (start[2] or b"").decode("latin-1")
        response = Response(int(start[1]), reason, headers, _body(headers, data, head))
        _check(response)
    except SipError as error:
        raise MessageError(str(error)) from None
    return response


def _headers(data: bytes, end: int, head: int) -> Headers:
    if head < 0:
        raise MessageError("no end of headers")
    text = data[end + 2 : head].decode("latin-1")
    if text[:1] in {" ", "\t"}:
        raise MessageError("nothing to continue")
    lines = _lines(text)
    if len(lines) > MAX_HEADERS:
        raise MessageError("too many headers", 513)
    return Headers(map(_header, lines))


def _lines(text: str) -> list[str]:
    """Header lines, continuation lines joined to theirs by one blank.

    Split and joined by hand: a pattern with blanks before the line end is quadratic in them.
    """
    pieces = text.split("\r\n")
    if "\r\n " not in text and "\r\n\t" not in text:
        return pieces
    lines: list[list[str]] = []
    for piece in pieces:
        if piece[:1] in {" ", "\t"} and lines:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return [" ".join([part.strip(" \t") for part in line]) for line in lines]


def _header(line: str) -> tuple[str, str]:
    if len(line) > MAX_LINE:
        raise MessageError("header too long", 513)
    name, colon, value = line.partition(":")
    name = name.rstrip(" \t")
    if not colon or not is_token(name):
        raise MessageError("malformed header")
    return name, value.strip(" \t")


def _check(message: Message) -> None:
    """All that the properties of `message` promise to have readable."""
    headers = message.headers
    for name in _NEEDED:
        if not headers.first(name):
            raise MessageError(f"no {name}")
    for name in _SINGLE:
        if len(headers.raw(name)) > 1:
            raise MessageError(f"more than one {name}")
    if len(message.vias) > MAX_VIAS:
        raise MessageError("too many hops", 483)
    _ = message.top_via  # "Via: ," has a value, and no hop in it
    _ = message.from_, message.to, message.cseq, message.contacts, message.record_route


def _check_request(request: Request) -> None:
    if request.cseq.method != request.method:
        raise MessageError("CSeq of another method")
    if request.target.headers:
        raise MessageError("Request-URI with headers")  # RFC 3261 §19.1.1
    _ = request.routes
    hops = request.headers.first("Max-Forwards")
    if hops is not None:
        number(hops, 255)


def _body(headers: Headers, data: bytes, head: int) -> bytes:
    """What Content-Length says; all that follows if it says nothing (RFC 3261 §18.3)."""
    body = data[head + 4 :]
    lengths = {number(value) for value in headers.raw("Content-Length")}
    if len(lengths) > 1:
        raise MessageError("several Content-Lengths")
    length = lengths.pop() if lengths else len(body)
    if length > len(body):
        raise MessageError("body cut short")
    if length > MAX_BODY:
        raise MessageError("body too long", 413)
    return body[:length]
