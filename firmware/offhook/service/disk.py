"""Everything that waits for a disk, on one thread of its own, in order."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeVar

from offhook.notes import Note, Severity

MAX_JOBS: Final = 64  # waiting at once; beyond that the disk hangs and new jobs are refused

_T = TypeVar("_T")


@dataclass(slots=True)
class Disk:
    """Jobs return notes; an OSError becomes one."""

    note: Callable[[Note], None]
    """Called on the disk's thread."""
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="disk")
    )
    _waiting: set["Future[object]"] = field(default_factory=set)

    def do(self, what: str, job: Callable[[], Iterable[Note] | None]) -> None:
        """Have `job` done; what goes wrong is noted."""
        if len(self._waiting) >= MAX_JOBS:
            self.note(Note("disk does not answer", {"dropped": what}, Severity.ERROR))
            return
        self._remember(self._pool.submit(self._run, what, job))

    def ask(self, job: Callable[[], _T]) -> "Future[_T]":
        """Have `job` done for its result.  Raises `OSError` when too much waits already."""
        if len(self._waiting) >= MAX_JOBS:
            raise OSError("the disk does not answer")
        future = self._pool.submit(job)
        self._remember(future)
        return future

    def close(self) -> None:
        """Finish what was begun."""
        self._pool.shutdown(wait=True)

    def _remember(self, future: "Future[_T]") -> None:
        self._waiting.add(future)  # type: ignore[arg-type]  # only counted
        future.add_done_callback(self._waiting.discard)

    def _run(self, what: str, job: Callable[[], Iterable[Note] | None]) -> None:
        try:
            notes = job() or ()
        except OSError as error:
            fields = {"what": what, "error": str(error)}
            self.note(Note("disk not writable", fields, Severity.WARNING))
        else:
            for note in notes:
                self.note(note)
