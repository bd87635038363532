"""A machine made of recorded files and answers, for what looks at machines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from offhook.cli.machine import Machine, Ran, Space

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ROOMY = Space(total=24 << 30, free=20 << 30, files=100_000, files_free=90_000)


@dataclass
class Programs:
    """Answers by the beginning of the command, the longest that fits; others are not there."""

    answers: Mapping[str, str | Ran] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)

    def __call__(self, words: Sequence[str], _patience: float) -> Ran | None:
        line = " ".join(words)
        self.ran.append(line)
        fitting = [each for each in self.answers if line.startswith(each)]
        if not fitting:
            return None
        answer = self.answers[max(fitting, key=len)]
        return Ran(0, answer) if isinstance(answer, str) else answer

    def stream(self, words: Sequence[str]) -> Iterator[str]:
        """The same, line by line."""
        ran = self(words, 0)
        if ran is None:
            raise FileNotFoundError(words[0])
        yield from ran.out.splitlines()
        yield f"exit {ran.code}"


def machine(
    root: Path,
    files: Mapping[str, str] | None = None,
    answers: Mapping[str, str | Ran] | None = None,
    *,
    space: Space | None = ROOMY,
    now: datetime = NOON,
    uid: int = 0,
) -> Machine:
    """Files are written below `root`; a text "-> x" makes a link."""
    for name, text in (files or {}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            path.symlink_to(text[3:])
        else:
            path.write_text(text)
    programs = Programs(answers or {})
    return Machine(root, programs, programs.stream, lambda _path: space, lambda: now, uid)


def programs(of: Machine) -> Programs:
    """What was run on it."""
    assert isinstance(of.run, Programs)
    return of.run
