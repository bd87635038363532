"""What is said on the channel, besides events and notes."""

from dataclasses import dataclass

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
