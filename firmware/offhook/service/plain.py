"""Records as JSON, for `offhook --json`: secrets stay behind."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum

from offhook.service.control_protocol import Json
from offhook.service.redact import HIDDEN
from offhook.units import Endpoint


def plain(value: object) -> Json:
    """`value` as JSON.  A field that its class keeps out of `repr` is a secret."""
    match value:
        case None | bool() | str():
            return value
        case Enum():
            return value.name.lower()
        case int() | float():
            return value
        case Mapping():
            return {_key(key): plain(each) for key, each in value.items()}
        case _:
            return _many(value)


def _many(value: object) -> Json:
    match value:
        case tuple() | list() | set() | frozenset() if not isinstance(value, Endpoint):
            return [plain(each) for each in value]
        case _ if is_dataclass(value):
            return {
                field.name: plain(getattr(value, field.name)) if field.repr else HIDDEN
                for field in fields(value)
            }
        case datetime():
            return value.isoformat(timespec="seconds")
        case _:
            return str(value)


def _key(key: object) -> str:
    return ",".join(map(str, key)) if isinstance(key, tuple) else str(key)
