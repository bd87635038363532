"""The words of the control socket: a Unix stream socket, one JSON object per line, each way.

    server, at once   {"offhook": 1, "version": "0.1.0"}
    client            {"id": 7, "do": "dial", "number": "600"}
    server            {"id": 7, "ok": true, "result": {}}
                  or  {"id": 7, "ok": false, "error": "words"}

    do       arguments                      result
    status                                  fields of `phone.station.Status`, and "service"
    dial     number
    answer
    hangup
    key      key: 0-9 * # or a function
    hook     lifted: true or false
    calls    limit: 1 to 500, default 20    {"calls": [...]}, newest first, times in UTC
    trace                                   then lines {"trace": {at, out, local, peer, text}}
    test     output: bell lamp audio keys   for "keys" then lines {"keys": {at, closed or lifted}}
    config                                  {"config": {...}}, the password masked

Version 1.  A client that sees another number of "offhook" must stop.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

VERSION: Final = 1
MAX_LINE: Final = 4096  # bytes a client may send without a line end
MAX_NUMBER: Final = 64  # characters
OUTPUTS: Final = ("bell", "lamp", "audio", "keys")

Json = str | int | float | bool | None | Mapping[str, "Json"] | list["Json"]


class RefusedError(ValueError):
    """A request that cannot be done, in words for whoever sent it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for, checked."""

    id: int
    do: str
    text: str = ""
    """`number`, `key` or `output`."""
    on: bool = False
    """`lifted`."""
    limit: int = 20


def hello(version: str) -> bytes:
    """The first line a client sees."""
    return line({"offhook": VERSION, "version": version})


def line(document: Mapping[str, Json]) -> bytes:
    """One line of the protocol; ASCII, so that nothing in it can harm a terminal or a log."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def done(request_id: int, result: Mapping[str, Json]) -> bytes:
    """The answer to a request that was obeyed."""
    return line({"id": request_id, "ok": True, "result": result})


def refused(request_id: int, error: str) -> bytes:
    """The answer to one that was not."""
    return line({"id": request_id, "ok": False, "error": error})


def parse(data: bytes) -> Request:
    """One line from a client.  Raises `RefusedError`."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise RefusedError("not a JSON object")
    identity = document.pop("id", 0)
    if not isinstance(identity, int) or isinstance(identity, bool):
        raise RefusedError('"id" must be a whole number')
    do = document.pop("do", None)
    if not isinstance(do, str) or do not in _ARGUMENTS:
        raise RefusedError(f'"do" must be one of {", ".join(_ARGUMENTS)}')
    if strange := document.keys() - _ARGUMENTS[do]:
        raise RefusedError(f"{do} takes no {min(strange)!r}")
    return _request(identity, do, document)


_ARGUMENTS: Final[Mapping[str, frozenset[str]]] = {
    "status": frozenset(),
    "dial": frozenset({"number"}),
    "answer": frozenset(),
    "hangup": frozenset(),
    "key": frozenset({"key"}),
    "hook": frozenset({"lifted"}),
    "calls": frozenset({"limit"}),
    "trace": frozenset(),
    "test": frozenset({"output"}),
    "config": frozenset(),
}


def _request(identity: int, do: str, arguments: Mapping[str, object]) -> Request:
    match do:
        case "dial":
            return Request(identity, do, text=_text(arguments, "number", MAX_NUMBER))
        case "key":
            return Request(identity, do, text=_text(arguments, "key", 16))
        case "test":
            output = _text(arguments, "output", 16)
            if output not in OUTPUTS:
                raise RefusedError(f'"output" must be one of {", ".join(OUTPUTS)}')
            return Request(identity, do, text=output)
        case "hook":
            lifted = arguments.get("lifted")
            if not isinstance(lifted, bool):
                raise RefusedError('"lifted" must be true or false')
            return Request(identity, do, on=lifted)
        case "calls":
            return Request(identity, do, limit=_limit(arguments.get("limit", 20)))
        case _:
            return Request(identity, do)


def _text(arguments: Mapping[str, object], name: str, most: int) -> str:
    value = arguments.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise RefusedError(f'"{name}" must be a string of 1 to {most} characters')
    if not value.isprintable() or not value.isascii() or " " in value:
        raise RefusedError(f'"{name}" must be printable ASCII without blanks')
    return value


def _limit(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 500:
        raise RefusedError('"limit" must be a whole number from 1 to 500')
    return value
