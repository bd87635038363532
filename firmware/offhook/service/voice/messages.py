"""What is said on the channel, besides events and notes."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from offhook.notes import Note, Severity
from offhook.phone.actions import VoiceCommand


@dataclass(frozen=True, slots=True)
class Order:
    """A command for the runner of this generation; its successor throws it away."""

    generation: int
    command: VoiceCommand


@dataclass(frozen=True, slots=True)
class Quit:
    """End, for good."""


@dataclass(frozen=True, slots=True)
class Started:
    """A runner is ready.  The first is generation 1."""

    generation: int


@dataclass(frozen=True, slots=True)
class Remark:
    """A `Note` that can be pickled (its read-only mapping cannot)."""

    what: str
    fields: tuple[tuple[str, str | int | float], ...]
    severity: Severity

    @classmethod
    def of(cls, note: Note) -> Self:
        """The same in other words."""
        return cls(note.what, tuple(note.fields.items()), note.severity)

    def note(self) -> Note:
        """And back."""
        return Note(self.what, MappingProxyType(dict(self.fields)), self.severity)
