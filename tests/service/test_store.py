"""The call log: kept, bounded, mended."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from offhook.phone.actions import CallEnded, Outcome
from offhook.service.store import MAX_PENDING, Store
from offhook.units import Seconds

NOON = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)


def call(party: str = "600", **changes: object) -> CallEnded:
    facts: dict[str, object] = {
        "incoming": True, "party": party, "name": "Echo", "outcome": Outcome.ANSWERED,
        "cause": "hung up here", "call_id": "abc@x", "talked": Seconds(3.5), "codec": "PCMA",
        "packets_lost": 3, "jitter": Seconds(0.001), "playout_delay": Seconds(0.03),
        "round_trip": None,
    }  # fmt: skip
    return CallEnded(**{**facts, **changes})  # type: ignore[arg-type]  # a table of its fields


Make = Callable[..., Store]


@pytest.fixture
def make() -> Iterator[Make]:
    """Stores that are closed in the end (Python 3.13 complains of those that are not)."""
    with ExitStack() as made:

        def new(path: Path, keep: int = 5) -> Store:
            store = Store(path, keep)
            made.callback(store.close)
            return store

        yield new


@pytest.fixture
def store(make: Make, tmp_path: Path) -> Store:
    store = make(tmp_path / "calls.db")
    assert store.open() == []
    return store


def parties(store: Store, limit: int = 100) -> list[str]:
    return [logged.call.party for logged in store.newest(limit)]


def test_a_call_comes_back_as_it_was(store: Store) -> None:
    ended = call(round_trip=Seconds(0.02))
    store.add(ended, NOON)
    [logged] = store.newest(10)
    assert logged.call == ended
    assert logged.ended == NOON


def test_the_newest_comes_first_and_no_more_than_asked(store: Store) -> None:
    for number in range(4):
        store.add(call(str(number)), NOON)
    assert parties(store, 3) == ["3", "2", "1"]


def test_only_so_many_are_kept(store: Store) -> None:
    for number in range(12):
        store.add(call(str(number)), NOON)
    assert parties(store) == ["11", "10", "9", "8", "7"]


def test_row_c8_times_are_utc_so_that_summer_time_moves_nothing(store: Store) -> None:
    summer, winter = timezone(timedelta(hours=2)), timezone(timedelta(hours=1))
    store.add(call("a"), datetime(2026, 10, 25, 2, 30, tzinfo=summer))
    store.add(call("b"), datetime(2026, 10, 25, 2, 30, tzinfo=winter))
    b, a = store.newest(2)
    assert b.ended - a.ended == timedelta(hours=1)


def test_a_strangers_name_is_stored_printable(store: Store) -> None:
    store.add(call(name="a\nb\x1b[31m", party="'); DROP TABLE calls;--"), NOON)
    [logged] = store.newest(1)
    assert logged.call.name.isprintable()
    assert logged.call.party == "'); DROP TABLE calls;--"


def test_the_log_outlives_the_process(store: Store, make: Make, tmp_path: Path) -> None:
    store.add(call("1"), NOON)
    store.close()
    again = make(tmp_path / "calls.db")
    again.open()
    assert parties(again) == ["1"]


def test_row_c11_a_corrupt_file_is_moved_aside_and_a_new_one_begun(
    make: Make, tmp_path: Path
) -> None:
    path = tmp_path / "calls.db"
    path.write_bytes(b"this is no database, and long enough to be looked at" * 100)
    store = make(path)
    [told] = store.open()
    assert told.what == "call log corrupt, begun anew"
    assert (tmp_path / "calls.db.broken").read_bytes().startswith(b"this is no")
    assert store.add(call("1"), NOON) == []
    assert parties(store) == ["1"]


def test_a_log_of_a_newer_version_is_kept_aside(store: Store, make: Make, tmp_path: Path) -> None:
    assert store._database is not None
    store._database.execute("PRAGMA user_version=99")
    store.close()
    [told] = make(tmp_path / "calls.db").open()
    assert "newer version" in str(told.fields["error"])


def test_row_c10_without_a_directory_calls_stay_in_memory_and_are_written_later(
    make: Make,
    tmp_path: Path,
) -> None:
    store = make(tmp_path / "later" / "calls.db")
    assert [note.what for note in store.open()] == ["call log not writable"]
    store.add(call("1"), NOON)
    assert parties(store) == ["1"]
    (tmp_path / "later").mkdir()
    assert store.add(call("2"), NOON) == []
    assert parties(store) == ["2", "1"]
    assert not store._pending


def test_what_waits_in_memory_is_bounded(make: Make, tmp_path: Path) -> None:
    store = make(tmp_path / "no" / "calls.db", keep=1000)
    for number in range(3 * MAX_PENDING):
        store.add(call(str(number)), NOON)
    assert len(store.newest(500)) == MAX_PENDING


def test_row_c9_a_full_disk_keeps_the_call_in_memory_and_the_file_whole(
    store: Store,
) -> None:
    store.add(call("1"), NOON)
    assert store._database is not None
    [(pages,)] = store._database.execute("PRAGMA page_count")
    store._database.execute(f"PRAGMA max_page_count={pages}")
    store.keep = 10_000
    told = []
    for number in range(300):
        told += store.add(call(f"x{number}", cause="c" * 60), NOON)
        if told:
            break
    assert told[0].what == "call log not writable"
    assert "full" in str(told[0].fields["error"])
    assert parties(store, 1) == [f"x{number}"]
    assert store.add(call("after"), NOON) == []  # the disk has room again
    assert parties(store, 2) == ["after", f"x{number}"]


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from offhook.phone.actions import CallEnded, Outcome
from offhook.service.store import Store
def call(party):
    return CallEnded(True, party, "", Outcome.MISSED, "", "", 0.0, "", 0, 0.0, 0.0, None)
store = Store(Path(sys.argv[1]), 100000)
store.open()
for number in range(100000):
    store.add(call(str(number)), datetime.now(UTC))
    print(number, flush=True)
"""


@pytest.mark.integration
def test_row_c11_a_kill_in_the_middle_loses_nothing_that_was_told_written(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    firmware = str(Path(__file__).parents[2] / "firmware")
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), firmware], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        told = [process.stdout.readline().strip() for _ in range(20)]
        process.send_signal(signal.SIGKILL)
        last = (told + process.stdout.read().split())[-1]
        process.wait()
        process.stdout.close()
        store = Store(path, 100_000)
        assert store.open() == []
        assert int(parties(store, 1)[0]) >= int(last)
        store.close()


@pytest.mark.integration
def test_row_c9_on_a_really_full_disk_the_phone_goes_on(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(tmp_path)]
    script = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parents[2] / "firmware")!r})
from pathlib import Path
from datetime import UTC, datetime
from offhook.service.store import Store
from offhook.phone.actions import CallEnded as C, Outcome as O
disk = Path({str(tmp_path)!r})
store = Store(disk / "calls.db", 1000)
store.open()
try:
    (disk / "fill").write_bytes(b"x" * 1_000_000)
except OSError:
    pass
def call(party):
    return C(True, party, "", O.MISSED, "", "", 0.0, "", 0, 0.0, 0.0, None)
notes = []
for n in range(200):
    notes += store.add(call(str(n)), datetime.now(UTC))
print(notes[0].what, len(store.newest(5)))
(disk / "fill").unlink()
print(store.add(call("x"), datetime.now(UTC)))
print(store.newest(1)[0].call.party, len(store._pending))
"""
    result = subprocess.run(
        ["unshare", "--mount", "--map-root-user",
         "sh", "-c", '"$@" && exec "$PY" -c "$SCRIPT"', "sh", *mount],
        capture_output=True, text=True, check=False,
        env={"PY": sys.executable, "SCRIPT": script, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )  # fmt: skip
    if "unshare" in result.stderr or "mount:" in result.stderr:
        pytest.skip(f"no private mounts here: {result.stderr.strip()}")
    assert result.stdout.splitlines() == ["call log not writable 5", "[]", "x 0"], result.stderr
