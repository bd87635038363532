"""Progress: one line per stage with its time, and what failed with its last words."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LAST_WORDS: Final = 25  # lines of a failed command


class BuildError(Exception):
    """The build cannot go on; the text names the reason and the remedy."""


def say(text: str) -> None:
    """A line for whoever waits."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def stage(name: str, what: str) -> Iterator[None]:
    """Say that a stage begins, and how long it took."""
    say(f"  {name:<10} {what} …")
    began = time.monotonic()
    yield
    say(f"  {name:<10} done in {time.monotonic() - began:.0f} s")


def run(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    text: str | None = None,
) -> str:
    """Run `command`, its output appended to `log`; returns what it printed.

    Raises `BuildError` with the end of the output when it fails.
    """
    words = [str(word) for word in command]
    done = subprocess.run(
        words, input=text, stdin=None if text is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, text=True, errors="replace",
        check=False,
    )  # fmt: skip
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(words)}\n{done.stdout}")
    if done.returncode:
        end = "\n".join(done.stdout.splitlines()[-LAST_WORDS:])
        raise BuildError(f"{words[0]} failed ({done.returncode}):\n{end}\nThe whole log: {log}")
    return done.stdout
