"""Names to addresses without waiting: getaddrinfo in a thread, the last good answer kept.

    Resolve(host) -- literal address --> Resolved at once
                  -- thread --> answer in time --> Resolved, kept in memory and on disk
                            --> none, or too late --> Resolved with the last good one

The system's resolver does not tell how long an answer holds; every `Resolve` asks it again.
"""

import ipaddress
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from offhook.notes import Note, Severity
from offhook.service.files import write_atomically
from offhook.units import Seconds

LIMIT: Final = Seconds(3.0)
"""How long a name may take."""
MAX_LOOKUPS: Final = 4  # threads at once
MAX_ADDRESSES: Final = 16  # of one name
MAX_NAMES: Final = 32  # kept
MAX_CACHE: Final = 65536  # bytes of the file

Addresses = tuple[str, ...]


def look_up(host: str) -> Addresses:
    """Ask the system (hosts file, DNS): may take long.  Empty when there is no answer."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))[:MAX_ADDRESSES]


@dataclass(slots=True)
class NameCache:
    """The last good answer for each name, on disk when it can be."""

    path: Path
    answers: dict[str, Addresses] = field(default_factory=dict)

    def read(self) -> list[Note]:
        """Take what an earlier run kept; a broken file is as good as none."""
        try:
            with self.path.open("rb") as file:
                self.answers = _checked(json.loads(file.read(MAX_CACHE)))
        except FileNotFoundError:
            return []
        except (OSError, ValueError, RecursionError) as error:
            fields = {"file": str(self.path), "error": str(error)}
            return [Note("name cache unreadable", fields, Severity.WARNING)]
        return []

    def put(self, host: str, addresses: Addresses) -> bool:
        """Keep an answer; True if it is news that should be saved."""
        if self.answers.get(host) == addresses:
            return False
        self.answers.pop(host, None)
        while len(self.answers) >= MAX_NAMES:
            del self.answers[next(iter(self.answers))]
        self.answers[host] = addresses
        return True

    def save(self) -> None:
        """Write it to disk.  Raises `OSError`."""
        content = json.dumps(
            {host: list(addresses) for host, addresses in tuple(self.answers.items())}
        )
        write_atomically(self.path, content.encode())


def _checked(document: object) -> dict[str, Addresses]:
    """What of a file's content is a table of addresses."""
    if not isinstance(document, dict):
        raise ValueError("not a table")  # noqa: TRY004  # of a file's content, not of an argument
    return {
        str(host): tuple(str(ipaddress.ip_address(address)) for address in addresses)[
            :MAX_ADDRESSES
        ]
        for host, addresses in list(document.items())[:MAX_NAMES]
        if isinstance(addresses, list)
    }


@dataclass(slots=True)
class Resolver:
    """The lookups under way.  `answer` is called on the loop, `post` brings results there."""

    cache: NameCache
    answer: Callable[[str, Addresses], None]
    post: Callable[[Callable[[], None]], None]
    save: Callable[[], None]
    """Have the cache written, off the loop."""
    look_up: Callable[[str], Addresses] = look_up
    _waiting: dict[str, Seconds] = field(default_factory=dict)
    _threads: int = 0

    def resolve(self, host: str, now: Seconds) -> None:
        """Begin; `answer` follows within `LIMIT`, or at once."""
        if is_address(host):
            self.answer(host, (host,))
        elif host not in self._waiting:
            self._waiting[host] = Seconds(now + LIMIT)
            if self._threads < MAX_LOOKUPS:
                self._threads += 1
                # Daemon: a resolver that hangs must not keep the phone from stopping.
                threading.Thread(
                    target=self._run, args=(host,), name="resolver", daemon=True
                ).start()

    def deadline(self) -> Seconds | None:
        """When the next lookup has taken too long."""
        return min(self._waiting.values(), default=None)

    def tick(self, now: Seconds) -> None:
        """Answer for those that took too long."""
        for host, limit in list(self._waiting.items()):
            if limit <= now:
                self._finish(host, ())

    def _run(self, host: str) -> None:
        addresses = self.look_up(host)
        self.post(lambda: self._found(host, addresses))

    def _found(self, host: str, addresses: Addresses) -> None:
        self._threads -= 1
        if addresses and self.cache.put(host, addresses):
            self.save()
        self._finish(host, addresses)

    def _finish(self, host: str, addresses: Addresses) -> None:
        if self._waiting.pop(host, None) is not None:
            self.answer(host, addresses or self.cache.answers.get(host, ()))


def is_address(host: str) -> bool:
    """Whether `host` is an IP address already."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
