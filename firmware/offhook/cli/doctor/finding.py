"""What a check found, and the phone that is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from offhook.service.control_protocol import Json

SERVICE: Final = "offhookd.service"


class Level(Enum):
    """How bad it is."""

    OK = "ok"
    NONE = "-"
    """Not known, or nothing that this machine has."""
    WARN = "warn"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the page, and what to do about it."""

    check: str
    level: Level
    detail: str
    remedy: str = ""


def ok(check: str, detail: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, detail)


def none(check: str, detail: str, remedy: str = "") -> Finding:
    """Nothing can be said."""
    return Finding(check, Level.NONE, detail, remedy)


def warn(check: str, detail: str, remedy: str) -> Finding:
    """It works, but should be looked at."""
    return Finding(check, Level.WARN, detail, remedy)


def bad(check: str, detail: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(check, Level.BAD, detail, remedy)


@dataclass(frozen=True, slots=True)
class Phone:
    """What offhookd says of itself; empty when it does not answer, and `silent` says why."""

    status: Mapping[str, Json] = field(default_factory=dict)
    config: Mapping[str, Json] = field(default_factory=dict)
    silent: str = ""

    def text(self, key: str) -> str:
        """A word of the status."""
        value = self.status.get(key)
        return value if isinstance(value, str) else ""

    def about(self, key: str) -> Json:
        """A word of the service itself."""
        return table(self.status.get("service")).get(key)

    def setting(self, *keys: str) -> Json:
        """One of the settings in use."""
        value: Json = self.config
        for key in keys:
            value = table(value).get(key)
        return value


def table(value: object) -> Mapping[str, Json]:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def rows(value: object) -> Sequence[Mapping[str, Json]]:
    """The JSON objects in a list."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def strings(value: object) -> Sequence[str]:
    """The strings in a list."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
